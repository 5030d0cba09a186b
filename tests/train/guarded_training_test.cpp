#include <cmath>
#include <limits>

#include "amdefect/optim/sgd.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"
#include "train/points_run.hpp"

using namespace amdefect;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

bool says(const std::string& message, const std::string& part) {
  CAPTURE(message);
  return message.find(part) != std::string::npos;
}

LossFunction<float> points_loss() {
  return single_loss<float>(
      [](const LossArguments<float>& a) { return softmax_cross_entropy(a.outputs[0], a.targets[0], a.gradients[0]); });
}

}  // namespace

TEST_CASE("a batch whose loss is not finite leaves weights and statistics as they were") {
  Sequential<float> net({2}), other({2});
  for (Sequential<float>* each : {&net, &other}) {
    each->add(Dense<float>(4)).add(BatchNorm<float>()).add(Relu<float>()).add(Dense<float>(2));
    each->initialize(1);
  }
  Trainer<float> trainer(net, Adam<float>(0.01), points_loss()), undisturbed(other, Adam<float>(0.01), points_loss());
  const auto same = [&] { return (net.parameters().values().array() == other.parameters().values().array()).all(); };
  const Batch<float> good = two_points(1);
  for (int i = 0; i < 3; ++i) {
    for (const double poison : {not_a_number, infinity})
      CHECK(says(error_of([&] { trainer.step(two_points(static_cast<float>(poison))); }), "not finite"));
    CHECK(same());
    trainer.step(good);
    undisturbed.step(good);
    CHECK(same());
  }
}

TEST_CASE("an optimiser serves one trainer at a time") {
  Sequential<float> net = small_net(), other = small_net();
  Adam<float> adam(0.01);
  {
    const Trainer<float> first(net, adam, points_loss());
    CHECK(says(error_of([&] { Trainer<float>(other, adam, points_loss()); }), "another trainer uses it"));
  }
  CHECK(error_of([&] { Trainer<float>(net, adam, points_loss()); }) == "no error");
  const auto shared = std::make_shared<Sgd<float>>(0.1);
  const Trainer<float> first(net, shared, points_loss());
  CHECK(says(error_of([&] { Trainer<float>(other, shared, points_loss()); }), "another trainer uses it"));
}

TEST_CASE("options of a training without meaning are refused by their names") {
  Sequential<float> net = small_net();
  const auto error_with = [&](const TrainerOptions& options) {
    return error_of([&] { Trainer<float>(net, Adam<float>(0.01), points_loss(), options); });
  };
  for (const double bad : {-1.0, not_a_number, infinity}) CHECK(says(error_with({.clip_norm = bad}), "clip_norm is "));
  CHECK(says(error_with({.workers = -1}), "workers is -1, expected a number of at least 0"));
  CHECK(says(error_with({.execution = {.threads = -2}}), "threads is -2"));
  CHECK(says(error_with({.batch_size = 0}), "batch_size is 0"));
  for (const double bad : {-1.0, not_a_number, infinity}) {
    CHECK(says(error_of([&] { Adam<float>{bad}; }), "learning rate is "));
    CHECK(says(error_of([&] { Adam<float>({.weight_decay = bad}); }), "weight_decay is "));
    CHECK(says(error_of([&] { Adam<float>({.epsilon = bad}); }), "epsilon is "));
    CHECK(says(error_of([&] { Adam<float>({.beta1 = bad}); }), "beta1 and beta2 are "));
    CHECK(says(error_of([&] { Sgd<float>{bad}; }), "learning rate is "));
    CHECK(says(error_of([&] { Sgd<float>({.momentum = bad}); }), "momentum is "));
    CHECK(says(error_of([&] { Sgd<float>({.weight_decay = bad}); }), "weight_decay is "));
    CHECK(says(error_of([&] { ConstantRate{bad}; }), "rate is "));
    CHECK(says(error_of([&] { ReduceOnPlateau{bad}; }), "rate is "));
  }
}

TEST_CASE("a batch says how many inputs and targets it has") {
  const Batch<float> batch = two_points(1);
  CHECK(says(error_of([&] { batch.target(5); }), "no number 5 of 1 targets"));
  CHECK(says(error_of([&] { batch.input(1); }), "no number 1 of 1 inputs"));
  CHECK(says(error_of([&] { Batch<float>().x(); }), "no number 0 of 0 inputs"));
}

TEST_CASE("a checkpoint has its folder for itself, and replaces no other run unless told to") {
  const TemporaryFolder folder;
  const Points points(16);
  Sequential<float> net = small_net(), other = small_net();
  const auto train = [&](Sequential<float>& network, const CheckpointOptions& options, bool resume = false) {
    Trainer<float> trainer(network, Adam<float>(0.01), points_loss(), {.epochs = 1});
    trainer.add(Checkpoint<float>(folder / "run", options));
    if (resume) trainer.resume(folder / "run" / "last.safetensors");
    trainer.fit(points);
    trainer.fit(points);  // goes on, with its own files
  };
  CHECK(error_of([&] { train(net, {}); }) == "no error");
  const std::string kept = folder.read("run/best.safetensors");
  CHECK(says(error_of([&] { train(other, {}); }), "holds best.safetensors of an earlier run"));
  CHECK(folder.read("run/best.safetensors") == kept);
  CHECK(error_of([&] { train(other, {}, true); }) == "no error");
  CHECK(error_of([&] { train(other, {.overwrite = true}); }) == "no error");

  /// Begins another training in the folder of the one that it belongs to.
  struct Rival : Callback<float> {
    std::function<void()> act;
    void on_step(Trainer<float>&, const StepLog&) override { act(); }
  };
  std::string message;
  Trainer<float> trainer(net, Adam<float>(0.01), points_loss(), {.epochs = 1});
  trainer.add(Checkpoint<float>(folder / "new"));
  trainer.add<Rival>().act = [&] {
    Trainer<float> second(other, Adam<float>(0.01), points_loss(), {.epochs = 1});
    second.add(Checkpoint<float>(folder / "new", {.overwrite = true}));
    message = error_of([&] { second.fit(points); });
  };
  trainer.fit(points);
  CHECK(says(message, "in use by a run"));
}
