#include <filesystem>

#include "amdefect/losses/losses.hpp"
#include "amdefect/nn/predict.hpp"
#include "amdefect/train/tensor_dataset.hpp"
#include "train/points_run.hpp"

using namespace amdefect;

namespace {

/// Two vectors; the target is the sum of their first two numbers. Noise is drawn at every load.
class Pairs : public MultiInputDataset<float> {
 public:
  Index size() const override { return 96; }
  std::vector<Shape> input_shapes() const override { return {{2}, {3}}; }
  std::vector<Shape> target_shapes() const override { return {{1}}; }
  void load_sample(Index sample, Random& random, std::span<const TensorView<float>> inputs,
                   std::span<const TensorView<float>> targets) const override {
    Random fixed(7, sample);
    double sum = 0;
    for (Index i = 0; i < 2; ++i) {
      const double a = fixed.uniform(-1, 1), b = fixed.uniform(-1, 1);
      inputs[0][i] = static_cast<float>(a + random.normal(0, 0.01));
      inputs[1][i] = static_cast<float>(b);
      sum += a + b;
    }
    inputs[1][2] = static_cast<float>(sample) / 64;  // tells the test which sample it is
    targets[0][0] = static_cast<float>(sum);
  }
};

/// Dense layers of both inputs side by side.
Network<float> two_input_net() {
  Network<float> net;
  const Value left = net.input({2}, "left"), right = net.input({3}, "right");
  const Value a = net.add(Dense<float>(4), left), b = net.add(Dense<float>(4), right, "from_right");
  net.output(net.add(Dense<float>(1), net.add(Concatenate<float>(), {a, b})));
  net.initialize(3);
  return net;
}

const TrainerOptions six_epochs{.epochs = 6, .batch_size = 8, .seed = 2, .workers = 2, .execution = {.threads = 1}};

}  // namespace

TEST_CASE("a loader keeps several inputs together, whatever the number of workers") {
  const Pairs data;
  std::vector<float> expected;
  for (const int workers : {0, 1, 3}) {
    DataLoader<float> loader(data, {.batch_size = 10, .seed = 4, .workers = workers});
    std::vector<float> seen;
    loader.start_epoch(1);
    while (const Batch<float>* batch = loader.next()) {
      REQUIRE(batch->inputs().size() == 2);
      CHECK(batch->input(0).shape() == Shape{batch->size(), 2});
      CHECK(batch->input(1).shape() == Shape{batch->size(), 3});
      CHECK(batch->x().data() == batch->input(0).data());
      for (Index i = 0; i < batch->size(); ++i) {
        Random fixed(7, static_cast<Index>(64 * batch->input(1)(i, 2)));
        CHECK(batch->input(0)(i, 0) == doctest::Approx(fixed.uniform(-1, 1)).epsilon(0.2).scale(1));
        for (const TensorView<const float>& input : batch->inputs())
          for (const float value : input.slice(i, i + 1)) seen.push_back(value);
      }
    }
    if (expected.empty()) expected = seen;
    CHECK(seen.size() == 96 * 5);
    CHECK(seen == expected);
  }
}

TEST_CASE("a network with two inputs trains, and a resumed run is the same bit by bit") {
  const auto run_folder = std::filesystem::temp_directory_path() / "amdefect_several_inputs_test";
  const Pairs data;
  const auto fit = [&](Network<float>& net, const char* resume_from, int interrupt_after) {
    Trainer trainer(net, Adam{1e-2}, mean_squared_error(), six_epochs);
    trainer.add(Checkpoint{run_folder, {.overwrite = resume_from == nullptr}});
    if (interrupt_after > 0) trainer.add(InterruptAfter{interrupt_after});
    if (resume_from) trainer.resume(run_folder / resume_from);
    trainer.fit(data, data);
    std::vector<double> losses;
    for (const EpochLog& log : trainer.history()) losses.push_back(log.at("val_loss"));
    return losses;
  };
  Network<float> whole = two_input_net(), stopped = two_input_net(), resumed = two_input_net();
  const std::vector<double> expected = fit(whole, nullptr, 0);
  CHECK(expected.back() < 0.7 * expected.front());
  fit(stopped, nullptr, 29);
  CHECK(fit(resumed, "last.safetensors", 0) == expected);
  CHECK((resumed.parameters().values().array() == whole.parameters().values().array()).all());
  std::filesystem::remove_all(run_folder);
}

TEST_CASE("tensors as a dataset of several inputs") {
  Tensor<float> left({40, 2}), right({40, 3}), sum({40, 1});
  Random random(1);
  for (float& value : left) value = static_cast<float>(random.uniform(-1, 1));
  for (float& value : right) value = static_cast<float>(random.uniform(-1, 1));
  for (Index i = 0; i < 40; ++i) sum[i] = left(i, 0) + right(i, 2);
  const TensorDataset data(tensor_list(std::move(left), std::move(right)), tensor_list(std::move(sum)));
  CHECK(data.input_shapes() == std::vector<Shape>{{2}, {3}});
  Network<float> net = two_input_net();
  Trainer trainer(net, Adam{3e-2}, mean_squared_error(), {.epochs = 60});
  trainer.fit(data);
  CHECK(trainer.history().back().at("loss") < 1e-2);
  const Tensor<float> a(Shape{2}, std::vector<float>{0.5f, 0}), b(Shape{3}, std::vector<float>{0, 0, 0.25f});
  CHECK(predict_all(net, {a, b})[0][0] == doctest::Approx(0.75).epsilon(0.3));
  CHECK_THROWS_AS(
      TensorDataset(tensor_list(Tensor<float>({4, 1}), Tensor<float>({3, 1})), tensor_list(Tensor<float>({4, 1}))),
      ShapeError);
}
