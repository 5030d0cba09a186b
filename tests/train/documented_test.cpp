// The code of docs/training.md, word for word; the last test checks that.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "amdefect/losses/losses.hpp"
#include "amdefect/nn/predict.hpp"
#include "amdefect/train/callbacks/progress.hpp"
#include "amdefect/train/tensor_dataset.hpp"
#include "train/points_run.hpp"

using namespace amdefect;

namespace {

/// Runs a piece of documentation in an empty folder, without its output.
class Documented {
 public:
  Documented() : before_(std::filesystem::current_path()), shown_(std::cout.rdbuf(hidden_.rdbuf())) {
    const auto scratch = std::filesystem::temp_directory_path() / "amdefect_documented_test";
    std::filesystem::remove_all(scratch);
    std::filesystem::create_directories(scratch);
    std::filesystem::current_path(scratch);
  }
  ~Documented() {
    const auto scratch = std::filesystem::current_path();
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(scratch);
    std::cout.rdbuf(shown_);
  }
  std::string output() const { return hidden_.str(); }

 private:
  std::filesystem::path before_;
  std::ostringstream hidden_;
  std::streambuf* shown_;
};

struct LargestGradient : Callback<float> {
  void on_gradients(Trainer<float>&, Parameters<float>& parameters) override {
    largest = std::max(largest, parameters.gradients().array().abs().maxCoeff());
  }
  void measure(Trainer<float>&, EpochLog& log) override { log.values.emplace_back("largest_gradient", largest); }
  // A state that an exact continuation needs goes into the checkpoint and comes back from it.
  void save(TrainingState<float>& state) const override { state.numbers["largest_gradient"] = {largest}; }
  void restore(const TrainingState<float>& state) override {
    largest = static_cast<float>(state.at("largest_gradient").at(0));
  }
  float largest = 0;
};

/// Lines without indentation and trailing blanks, so that code compares whatever its depth.
std::string flattened(const std::string& text) {
  std::istringstream in(text);
  std::string line, result;
  while (std::getline(in, line))
    if (const auto first = line.find_first_not_of(' '); first != std::string::npos) result += line.substr(first) + '\n';
  return result;
}

std::string read_all(const std::string& path) {
  std::ifstream file(path);
  REQUIRE(file.good());
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_CASE("documented: training, validation, checkpoint, continuing") {
  const Documented here;
  Sequential<float> net = small_net();
  const Points training(64), validation(16);
  {
    Trainer trainer(net, Adam{1e-2}, softmax_cross_entropy(), {.epochs = 4, .batch_size = 16});
    trainer.add(Progress{std::cout}).add(Checkpoint{"run"});
    trainer.fit(training, validation);
    CHECK(trainer.history().size() == 4);
  }
  CHECK(here.output().find("epoch 4/4") != std::string::npos);
  Trainer trainer(net, Adam{1e-2}, softmax_cross_entropy(), {.epochs = 6, .batch_size = 16});
  trainer.resume("run/last.safetensors");
  trainer.fit(training, validation);
  CHECK(trainer.history().size() == 6);
}

TEST_CASE("documented: a loss of several outputs") {
  Network<float> net;
  const Value x = net.input({2}), hidden = net.add(Dense<float>(6), x);
  net.output(net.add(Dense<float>(2), hidden), "class");
  net.output(net.add(Dense<float>(1), hidden), "size");
  net.initialize(1);
  const LossFunction<float> loss = weighted_sum({{"class", softmax_cross_entropy()}, {"size", smooth_l1(), 0.5}});
  Trainer trainer(net, Adam{1e-2}, loss);
  Tensor<float> points({16, 2}), classes({16, 1}), sizes({16, 1});
  trainer.fit(TensorDataset(std::move(points), tensor_list(std::move(classes), std::move(sizes))));
  CHECK(trainer.history().back().find("class") != nullptr);
  CHECK(trainer.history().back().find("size") != nullptr);
}

TEST_CASE("documented: tensors as data, one's own callback, loop and batch") {
  const Documented here;
  Tensor<float> left({4, 2}), right({4, 2}), sums({4, 1});
  const TensorDataset pairs(tensor_list(std::move(left), std::move(right)), tensor_list(std::move(sums)));
  CHECK(pairs.size() == 4);

  Sequential<float> net = small_net();
  const Points training(64);
  Trainer trainer(net, Adam{1e-2}, softmax_cross_entropy(), {.epochs = 1, .batch_size = 16});
  const LargestGradient& seen = trainer.add<LargestGradient>();
  DataLoader loader(training, {.batch_size = 16, .seed = 1});
  for (Index epoch = 0; epoch < 2; ++epoch) {
    loader.start_epoch(epoch);
    while (const Batch<float>* batch = loader.next()) std::cout << trainer.step(*batch)[0] << '\n';
  }
  const std::string lines = here.output();
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 8);
  CHECK(seen.largest > 0);
  trainer.fit(training);
  CHECK(trainer.history().back().at("largest_gradient") > 0);
  CHECK(trainer.state().at("largest_gradient").at(0) > 0);

  Tensor<float> x({4, 2}), target({4, 1});
  const Batch batch(std::move(x), std::move(target));
  const std::vector<double> parts = trainer.step(batch);
  CHECK(parts.size() == 1);
}

TEST_CASE("documented: the code of docs/training.md is that of this file") {
  const std::string tests(TRAIN_TEST_DATA "/..");
  const std::string page = read_all(tests + "/../../docs/training.md");
  const std::string source = flattened(read_all(tests + "/documented_test.cpp"));
  int blocks = 0;
  for (std::size_t begin = page.find("```cpp\n"); begin != std::string::npos;
       begin = page.find("```cpp\n", begin + 1)) {
    const std::size_t end = page.find("```", begin + 7);
    const std::string block = flattened(page.substr(begin + 7, end - begin - 7));
    CAPTURE(block);
    CHECK(source.find(block) != std::string::npos);
    ++blocks;
  }
  CHECK(blocks == 7);
}
