#include <algorithm>
#include <barrier>
#include <thread>

#include "amdefect/losses/losses.hpp"
#include "amdefect/optim/sgd.hpp"
#include "amdefect/train/callbacks/weight_average.hpp"
#include "train/points_run.hpp"

using namespace amdefect;

namespace {

float largest_difference(const Network<float>& a, const Network<float>& b) {
  return (a.parameters().values().array() - b.parameters().values().array()).abs().maxCoeff();
}

/// Averages the gradients of two trainings that run at the same time, as processes would over a network.
struct Exchange {
  std::barrier<> barrier{2};
  std::array<Tensor<float>, 2> sent;
};

class AverageGradients : public Callback<float> {
 public:
  AverageGradients(std::shared_ptr<Exchange> exchange, std::size_t rank)
      : exchange_(std::move(exchange)), rank_(rank) {}
  void on_gradients(Trainer<float>&, Parameters<float>& parameters) override {
    exchange_->sent[rank_] = Tensor<float>(parameters.gradients().shape(), parameters.gradients().span());
    exchange_->barrier.arrive_and_wait();
    parameters.gradients().array() = 0.5f * (exchange_->sent[0].array() + exchange_->sent[1].array());
    exchange_->barrier.arrive_and_wait();
  }

 private:
  std::shared_ptr<Exchange> exchange_;
  std::size_t rank_;
};

/// Sees the gradients of each update and clips them itself.
class ClipAndCount : public Callback<float> {
 public:
  explicit ClipAndCount(double limit) : limit_(limit) {}
  void on_gradients(Trainer<float>&, Parameters<float>& parameters) override {
    ++updates;
    clip_gradient_norm(parameters, limit_);
  }
  int updates = 0;

 private:
  double limit_;
};

}  // namespace

TEST_CASE("gradients may be changed before the update: clipping in a callback is the trainer's own") {
  Sequential<float> by_trainer = small_net(), by_callback = small_net(), unclipped = small_net();
  const TrainerOptions options{.epochs = 2, .batch_size = 8, .execution = {.threads = 1}};
  TrainerOptions clipping = options;
  clipping.clip_norm = 0.1;
  Trainer first(by_trainer, Sgd{0.1}, softmax_cross_entropy(), clipping);
  Trainer second(by_callback, Sgd{0.1}, softmax_cross_entropy(), options);
  Trainer third(unclipped, Sgd{0.1}, softmax_cross_entropy(), options);
  const ClipAndCount& callback = second.add<ClipAndCount>(0.1);
  for (Trainer<float>* trainer : {&first, &second, &third}) trainer->fit(Points(36));
  CHECK(largest_difference(by_trainer, by_callback) == 0);
  CHECK(largest_difference(by_trainer, unclipped) > 1e-3f);
  CHECK(callback.updates == 10);
}

TEST_CASE("what a callback makes of the gradients is clipped") {
  struct Enlarge : Callback<float> {
    void on_gradients(Trainer<float>&, Parameters<float>& parameters) override {
      parameters.gradients().array() *= 1e6f;
    }
  };
  Sequential<float> net = small_net();
  const Sequential<float> before = small_net();
  Trainer trainer(net, Sgd{1}, softmax_cross_entropy(), {.clip_norm = 0.1, .execution = {.threads = 1}});
  trainer.add<Enlarge>();
  Tensor<float> x({2, 2}), target({2, 1});
  x.fill(1);
  trainer.step(Batch(std::move(x), std::move(target)));
  const auto change = net.parameters().values().array() - before.parameters().values().array();
  CHECK(std::sqrt(change.square().sum()) == doctest::Approx(0.1).epsilon(1e-4));
}

TEST_CASE("accumulated gradients of small batches are those of a large one") {
  Sequential<float> large = small_net(), small = small_net();
  Trainer whole(large, Adam{1e-2}, softmax_cross_entropy(),
                {.epochs = 4, .batch_size = 12, .execution = {.threads = 1}});
  Trainer parts(small, Adam{1e-2}, softmax_cross_entropy(),
                {.epochs = 4, .batch_size = 4, .execution = {.threads = 1}, .accumulate = 3});
  const ClipAndCount& counter = parts.add<ClipAndCount>(1e9);
  whole.fit(Points(48));
  parts.fit(Points(48));
  CHECK(counter.updates == 16);
  CHECK(largest_difference(large, small) < 1e-5f);
  CHECK(parts.history().back().at("loss") == doctest::Approx(whole.history().back().at("loss")).epsilon(1e-5));
}

TEST_CASE("accumulation: an epoch ends with an update, an interruption waits for one, a resumed run is the same") {
  const TrainerOptions options{.epochs = 3, .batch_size = 4, .execution = {.threads = 1}, .accumulate = 3};
  const auto make = [&](Sequential<float>& net, std::shared_ptr<Network<float>> average) {
    auto trainer = std::make_unique<Trainer<float>>(net, Adam{1e-2}, softmax_cross_entropy(), options);
    trainer->add(WeightAverage<float>(std::move(average), 0.9));
    return trainer;
  };
  // The random numbers of dropout depend on the position in the run.
  const auto net_with_dropout = [] {
    Sequential<float> net({2});
    net.add(Dense<float>(8)).add(Relu<float>()).add(Dropout<float>(0.2)).add(Dense<float>(2));
    net.initialize(1);
    return net;
  };
  Sequential<float> whole = net_with_dropout(), stopped = net_with_dropout(), resumed = net_with_dropout();
  const auto average = std::make_shared<Network<float>>(net_with_dropout());
  const auto resumed_average = std::make_shared<Network<float>>(net_with_dropout());
  const Points data(32);  // 8 batches: updates after 3, 6 and 8
  const auto first = make(whole, average);
  const ClipAndCount& counter = first->add<ClipAndCount>(1e9);
  first->fit(data);
  CHECK(counter.updates == 9);

  const auto second = make(stopped, std::make_shared<Network<float>>(net_with_dropout()));
  second->add(InterruptAfter{12});  // the fourth batch of the second epoch; the next update is after the sixth
  second->fit(data);
  const auto third = make(resumed, resumed_average);
  TrainingState<float> state = second->state();
  CHECK(state.at("progress").at(1) == 6);
  CHECK(state.at("weight_average").at(0) == 5);
  copy(stopped.parameters().values(), resumed.parameters().values());
  third->restore(std::move(state));
  third->fit(data);
  CHECK(largest_difference(resumed, whole) == 0);
  CHECK(largest_difference(*resumed_average, *average) == 0);

  Sequential<float> dropping = net_with_dropout();
  Trainer two(dropping, Adam{1e-2}, softmax_cross_entropy(), {.accumulate = 2});
  Tensor<float> ones({8, 2}), numbers({8, 1});
  ones.fill(1);
  const Batch same(std::move(ones), std::move(numbers));
  CHECK(two.step(same)[0] != two.step(same)[0]);  // the same weights drop other values

  Sequential<float> own = small_net();
  Trainer loop(own, Adam{1e-2}, softmax_cross_entropy(), options);
  const Batch batch(Tensor<float>({2, 2}), Tensor<float>({2, 2}));
  loop.step(batch);
  CHECK(loop.optimizer().steps() == 0);
  CHECK_THROWS_WITH_AS(loop.state(), doctest::Contains("gradients of 1 batches wait"), Error);
  loop.step(batch);
  loop.step(batch);
  CHECK(loop.optimizer().steps() == 1);
  CHECK_THROWS_AS(Trainer(own, Adam{1e-2}, softmax_cross_entropy(), {.accumulate = 0}), Error);
}

TEST_CASE("two processes that average their gradients train as one with twice the batch") {
  const Points data(100), validation(20);  // 12 full batches of 8 and one of 4
  Sequential<float> whole = small_net();
  std::array<Sequential<float>, 2> halves{small_net(), small_net()};
  Trainer single(whole, Adam{1e-2}, softmax_cross_entropy(),
                 {.epochs = 3, .batch_size = 8, .seed = 5, .execution = {.threads = 1}});
  single.fit(data, validation);
  const auto exchange = std::make_shared<Exchange>();
  std::array<double, 2> val_loss{}, loss{};
  const auto run = [&](std::size_t rank) {
    Trainer trainer(
        halves[rank], Adam{1e-2}, softmax_cross_entropy(),
        {.epochs = 3, .batch_size = 4, .seed = 5, .execution = {.threads = 1}, .shard = {static_cast<Index>(rank), 2}});
    trainer.add(AverageGradients(exchange, rank));
    trainer.fit(data, validation);
    val_loss[rank] = trainer.history().back().at("val_loss");
    loss[rank] = trainer.history().back().at("loss");
  };
  std::thread other([&] { run(1); });
  run(0);
  other.join();
  CHECK(largest_difference(halves[0], halves[1]) == 0);
  CHECK(largest_difference(halves[0], whole) < 1e-5f);
  CHECK(val_loss[0] == val_loss[1]);  // both see the whole validation
  CHECK(val_loss[0] == doctest::Approx(single.history().back().at("val_loss")).epsilon(1e-5));
  CHECK((loss[0] + loss[1]) / 2 == doctest::Approx(single.history().back().at("loss")).epsilon(1e-5));
}
