#include <doctest/doctest.h>

#include <atomic>
#include <cmath>
#include <thread>
#include <vector>

#include "amdefect/losses/mean_squared_error.hpp"
#include "amdefect/nn/layers.hpp"
#include "amdefect/nn/predict.hpp"
#include "amdefect/optim/adam.hpp"
#include "amdefect/train/trainer.hpp"
#include "reliability/load.hpp"
#include "reliability/tiny_detector.hpp"
#include "train/points_run.hpp"

using namespace amdefect;

namespace {

/// One detector and one network serve eight threads, `each` times each; their loops have `own` threads.
void check_eight_threads(int own, Index enlarge, int each) {
  constexpr int threads = 8;
  const auto detector = tiny_detector(own);
  const auto network = tiny_network();
  const std::vector<Shape> shapes{
      {33 * enlarge, 40 * enlarge, 3}, {64 * enlarge, 20 * enlarge, 3}, {1, 1, 3}, {17 * enlarge, 90 * enlarge, 3}};
  std::vector<Tensor<std::uint8_t>> images;
  std::vector<std::vector<Detection>> expected;
  for (const Shape& shape : shapes) {
    images.push_back(noise_image(shape));
    expected.push_back(detector->detect(images.back()));
    REQUIRE(!expected.back().empty());
  }
  Tensor<float> x({1, 32 * enlarge, 32 * enlarge, 3});
  x.fill(0.5F);
  const Tensor<float> scores = std::move(predict_all(*network, {x}, {.threads = own})[0]);
  std::atomic<int> wrong = 0, done = 0;
  std::vector<std::thread> pool;
  for (int t = 0; t < threads; ++t)
    pool.emplace_back([&, t] {
      Workspace<float> workspace(*network, {.threads = own});
      for (int i = 0; i < each; ++i, ++done) {
        const auto k = static_cast<std::size_t>(t + i) % images.size();
        wrong += detector->detect(images[k]) != expected[k];
        workspace.forward(x);
        wrong += !(workspace.output(0).array() == scores.array()).all();
      }
    });
  for (std::thread& thread : pool) thread.join();
  CHECK(done == threads * each);
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("one detector, and one network, serve eight threads, and all of them find the same") {
  check_eight_threads(1, 1, load(80, 1250));
}

TEST_CASE("one detector, and one network, serve eight threads that share each loop with a helper") {
  check_eight_threads(2, 4, load(10, 100));  // smaller ones have no loops that are worth a helper
}

TEST_CASE("32 threads on a machine with fewer cores give the same up to rounding") {
  const auto one = tiny_detector(1), many = tiny_detector(32);
  for (const Shape& shape : {Shape{200, 150, 3}, Shape{1, 1, 3}}) {
    const auto expected = one->detect(noise_image(shape)), found = many->detect(noise_image(shape));
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(std::abs(found[i].score - expected[i].score) < 1e-4);
  }
  Sequential<float> net = small_net(), other = small_net();
  for (const auto& [network, threads] : {std::pair(&net, 1), std::pair(&other, 32)})
    Trainer<float>(*network, Adam<float>(0.01), softmax_cross_entropy(),
                   {.epochs = 2, .workers = threads, .execution = {.threads = threads}})
        .fit(Points(64));
  CHECK((net.parameters().values().array() - other.parameters().values().array()).abs().maxCoeff() < 1e-4F);
}
