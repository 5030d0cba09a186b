#include "amdefect/train/nonfinite.hpp"

#include <limits>
#include <vector>

#include "amdefect/optim/sgd.hpp"
#include "contains.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"
#include "train/points_run.hpp"

// No NaN and no infinity reaches the weights; messages name step, picture and layer or weight.
using namespace amdefect;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

/// Points, of which number 5 has a broken input or target.
class BrokenPoints final : public Dataset<float> {
 public:
  BrokenPoints(float x, float target) : x_(x), target_(target) {}
  Index size() const override { return points_.size(); }
  Shape sample_shape() const override { return points_.sample_shape(); }
  std::vector<Shape> target_shapes() const override { return points_.target_shapes(); }
  void load(Index sample, Random& random, TensorView<float> x,
            std::span<const TensorView<float>> targets) const override {
    points_.load(sample, random, x, targets);
    if (sample != 5) return;
    x[1] *= x_;
    targets[0][1] *= target_;
  }
  std::string sample_name(Index sample, Random) const override { return concat("picture", sample, ".png"); }

 private:
  Points points_{16};
  float x_, target_;
};

LossFunction<float> points_loss() {
  return single_loss<float>(
      [](const LossArguments<float>& a) { return softmax_cross_entropy(a.outputs[0], a.targets[0], a.gradients[0]); });
}

/// That of the points, with gradients that are multiplied by what a test says.
LossFunction<float> loss_with_gradient(std::shared_ptr<float> factor) {
  return single_loss<float>([factor](const LossArguments<float>& a) {
    const double loss = softmax_cross_entropy(a.outputs[0], a.targets[0], a.gradients[0]);
    if (!a.gradients[0].empty()) a.gradients[0].array() *= *factor;
    return loss;
  });
}

Sequential<float> normed_net() {
  Sequential<float> net({2});
  net.add(Dense<float>(4)).add(BatchNorm<float>()).add(Relu<float>()).add(Dense<float>(2));
  net.initialize(1);
  return net;
}

bool same(const Network<float>& a, const Network<float>& b) {
  return (a.parameters().values().array() == b.parameters().values().array()).all();
}

struct Skips : Callback<float> {
  std::vector<std::string> lines;
  void on_skip(Trainer<float>&, const std::string& line) override { lines.push_back(line); }
};

}  // namespace

TEST_CASE("a broken input or target ends the training with its place and name, and leaves the last checkpoint") {
  const TemporaryFolder folder;
  struct Fault {
    float x, target;
    const char* what;
  };
  for (const Fault& fault : {Fault{infinity, 1.0F, "input"}, {1.0F, infinity, "target"}}) {
    const char* what = fault.what;
    CAPTURE(what);
    Sequential<float> net = normed_net();
    const auto fit = [&](const Dataset<float>& data, Index epochs, bool resume) {
      Trainer<float> trainer(net, Adam<float>(0.01), points_loss(), {.epochs = epochs, .batch_size = 4, .workers = 0});
      trainer.add(Checkpoint<float>(folder / what));
      if (resume) trainer.resume(folder / what / "last.safetensors");
      trainer.fit(data);
    };
    fit(Points(16), 1, false);
    const std::string good = folder.read(std::string(what) + "/last.safetensors");
    const std::string message = error_of([&] { fit(BrokenPoints(fault.x, fault.target), 2, true); });
    CAPTURE(message);
    CHECK(message.starts_with("training: the loss is not finite any more (epoch 2, batch "));
    CHECK(contains(message, concat("a NaN or an infinity in the ", what, " of picture5.png;")));
    CHECK(folder.read(std::string(what) + "/last.safetensors") == good);
    fit(Points(16), 2, true);
  }
}

TEST_CASE("an infinite gradient behind a finite loss does not reach the weights") {
  for (const float bad : {infinity, 1e30F}) {
    Sequential<float> net = normed_net(), other = normed_net();
    const auto factor = std::make_shared<float>(1.0F);
    Trainer<float> trainer(net, Adam<float>(0.01), loss_with_gradient(factor)),
        undisturbed(other, Adam<float>(0.01), points_loss());
    const Batch<float> batch = two_points(1);
    for (int i = 0; i < 3; ++i) {
      trainer.step(batch);
      undisturbed.step(batch);
      *factor = bad;
      const std::string message = error_of([&] { trainer.step(batch); });
      CAPTURE(message);
      CHECK(message.starts_with("training: the gradient of 'dense.kernel' is not finite (update "));
      CHECK(contains(message, "for a batch of sample 0 of the batch, sample 1 of the batch"));
      *factor = 1;
      CHECK(same(net, other));
    }
  }
}

TEST_CASE("a layer that overflows is named, and so are broken weights") {
  Sequential<float> net = normed_net();
  Trainer<float> trainer(net, Adam<float>(0.01), points_loss(), {.on_nonfinite = OnNonfinite::skip});
  net.parameters().value("dense_1.bias").fill(3e38F);
  net.parameters().value("dense_1.kernel").fill(3e38F);
  CHECK(contains(error_of([&] {
                   Trainer<float> strict(net, Adam<float>(0.01), points_loss());
                   strict.step(two_points(1));
                 }),
                 "the layer 'dense_1' gives a NaN or an infinity for sample "));
  net.parameters().value("dense_1.bias")[0] = infinity;  // nothing is left to skip for
  CHECK(contains(error_of([&] { trainer.step(two_points(1)); }), "a NaN or an infinity in the weights 'dense_1.bias'"));
}

TEST_CASE("weights that overflow in the last update of an epoch end the training before a checkpoint") {
  const TemporaryFolder folder;
  Sequential<float> net = small_net();
  const auto factor = std::make_shared<float>(1e6F);
  Trainer<float> trainer(net, Sgd<float>(1e38), loss_with_gradient(factor), {.epochs = 1, .batch_size = 16});
  trainer.add(Checkpoint<float>(folder / "run"));
  const std::string message = error_of([&] { trainer.fit(Points(16)); });
  CAPTURE(message);
  CHECK(contains(message, "' are not finite any more (epoch 1, update 1), no checkpoint of them is written"));
  CHECK(!std::filesystem::exists(folder / "run" / "last.safetensors"));
}

TEST_CASE("when asked, a batch that is not finite is skipped as if it had not been there") {
  Sequential<float> net = normed_net(), other = normed_net();
  const auto factor = std::make_shared<float>(1.0F);
  Trainer<float> trainer(net, Adam<float>(0.01), loss_with_gradient(factor), {.on_nonfinite = OnNonfinite::skip}),
      undisturbed(other, Adam<float>(0.01), points_loss());
  const auto& skips = trainer.add<Skips>();
  for (int i = 0; i < 3; ++i) {
    trainer.step(two_points(1));
    undisturbed.step(two_points(1));
    trainer.step(two_points(infinity));
    *factor = infinity;
    trainer.step(two_points(1));
    *factor = 1;
    CHECK(same(net, other));
  }
  CHECK(skips.lines.size() == 6);
}

TEST_CASE("a whole training skips what is broken, each time, and ends where nothing is left") {
  const BrokenPoints data(infinity, 1);
  Sequential<float> net = normed_net();
  const auto trainer_with = [&](Index batch_size, Index accumulate) {
    return std::make_unique<Trainer<float>>(
        net, Adam<float>(0.01), points_loss(),
        TrainerOptions{
            .epochs = 3, .batch_size = batch_size, .accumulate = accumulate, .on_nonfinite = OnNonfinite::skip});
  };
  for (const Index accumulate : {1, 3}) {
    const auto trainer = trainer_with(4, accumulate);
    const auto& skips = trainer->add<Skips>();
    trainer->fit(data, data);
    CHECK(skips.lines.size() == 6);  // in training and validation
    CHECK(contains(skips.lines.front(), "picture5.png"));
    CHECK(detail::nonfinite_weight(net.parameters()) == nullptr);
    CHECK(trainer->history().size() == 3);
  }
  CHECK(contains(error_of([&] { trainer_with(16, 1)->fit(data); }), "every batch of epoch 1 was skipped"));
  CHECK(contains(error_of([&] { trainer_with(16, 1)->evaluate(data); }), "no batch of the data has a finite loss"));
  Trainer<float> strict(net, Adam<float>(0.01), points_loss());
  CHECK(contains(error_of([&] { strict.evaluate(data); }), "input of picture5.png"));
  CHECK(contains(
      error_of([&] {
        Trainer<float>(net, Adam<float>(0.01), points_loss(), {.on_nonfinite = OnNonfinite::skip, .shard = {0, 2}});
      }),
      "on_nonfinite is skip"));
}

TEST_CASE("a gradient that is skipped takes the batches of its update along, and the next one begins anew") {
  Sequential<float> net = normed_net();
  const auto factor = std::make_shared<float>(1.0F);
  Trainer<float> trainer(net, Adam<float>(0.01), loss_with_gradient(factor),
                         {.accumulate = 2, .on_nonfinite = OnNonfinite::skip});
  trainer.step(two_points(3));
  *factor = infinity;
  trainer.step(two_points(2));
  *factor = 1;
  CHECK(trainer.optimizer().steps() == 0);
  trainer.step(two_points(1));
  CHECK(trainer.optimizer().steps() == 0);
  trainer.step(two_points(1));
  CHECK(trainer.optimizer().steps() == 1);
  CHECK(detail::nonfinite_weight(net.parameters()) == nullptr);
}

TEST_CASE("a loss function that throws leaves weights and statistics as they were") {
  Sequential<float> net = normed_net(), other = normed_net();
  bool broken = false;
  Trainer<float> trainer(net, Adam<float>(0.01), single_loss<float>([&](const LossArguments<float>&a) {
                           require(!broken, "broken");
                           return softmax_cross_entropy(a.outputs[0], a.targets[0], a.gradients[0]);
                         })),
      undisturbed(other, Adam<float>(0.01), points_loss());
  for (int i = 0; i < 2; ++i) {
    trainer.step(two_points(1));
    undisturbed.step(two_points(1));
    broken = true;
    CHECK(error_of([&] { trainer.step(two_points(2)); }) == "broken");
    broken = false;
    CHECK(same(net, other));
  }
}

TEST_CASE("the cause is looked for with the statistics of before the batch, which stay") {
  Sequential<float> net = normed_net();
  net.parameters().value("dense.kernel").fill(3e38F);  // the variance behind it is infinite
  const Tensor<float> before(net.parameters().values().shape(), net.parameters().values().span());
  Trainer<float> trainer(net, Adam<float>(0.01), points_loss());
  CHECK(contains(error_of([&] { trainer.step(two_points(2)); }), "the layer 'dense' gives a NaN or an infinity"));
  CHECK((net.parameters().values().array() == before.array()).all());
  net.initialize(1);
  const auto infinite = single_loss<float>([](const LossArguments<float>&) { return double{infinity}; });
  Sequential<float> other = normed_net();
  Trainer<float> broken(net, Adam<float>(0.01), infinite);
  CHECK(contains(error_of([&] { broken.step(two_points(2)); }), "in the loss function"));
  CHECK(same(net, other));
}

TEST_CASE("with a learning rate of 0 the weights stay, bit by bit") {
  Sequential<float> net = small_net(), other = small_net();
  Trainer<float>(net, Adam<float>(0.0, {.weight_decay = 0.1}), points_loss(), {.epochs = 2}).fit(Points(16));
  CHECK(same(net, other));
}
