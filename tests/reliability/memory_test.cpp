#include <doctest/doctest.h>

#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "allocation_counter.hpp"
#include "amdefect/detection/anchor_free/anchor_free_loss.hpp"
#include "amdefect/detection/open_detector.hpp"
#include "amdefect/optim/adam.hpp"
#include "amdefect/train/trainer.hpp"
#include "reliability/load.hpp"
#include "reliability/tiny_detector.hpp"
#include "temporary_folder.hpp"
#include "train/points_run.hpp"

// Memory stays flat however long something goes on, and where there is none left, objects stay usable.
using namespace amdefect;

namespace {

double resident_megabytes() {
  std::ifstream file("/proc/self/statm");
  long all = 0, resident = 0;
  file >> all >> resident;
  return static_cast<double>(resident) * 4096 / 1e6;
}

/// Does something `count` times; the memory in use may not grow after the first tenth. AMDEFECT_LOAD=full prints it.
template <class Action>
void check_flat(const char* what, int count, long most_growth, const Action& action) {
  long warm = 0;
  for (int i = 0; i < count; ++i) {
    action(i);
    const long now = heap_bytes;
    if (i + 1 == count / 10) warm = now;
    if (load(0, 1) == 1 && (i + 1) % (count / 10) == 0)
      std::cout << what << ' ' << i + 1 << ": " << static_cast<double>(now) / 1e6 << " MB in use, "
                << resident_megabytes() << " MB resident\n";
  }
  const long growth = heap_bytes - warm;
  INFO(std::string(what));
  CHECK(growth <= most_growth);
}

}  // namespace

TEST_CASE("memory is flat over training steps, predictions and image sizes") {
  const auto network = tiny_network();
  Trainer<float> trainer(*network, Adam<float>(1e-3), anchor_free_loss<float>(tiny_description.model, {}),
                         {.execution = {.threads = 1}});
  Tensor<float> x({2, 32, 32, 3}), target({2, 2, 5});
  target.fill(-1);
  const Batch<float> batch(std::move(x), std::move(target));
  check_flat("training step", load(100, 1000), 0, [&](int) { trainer.step(batch); });

  const auto detector = tiny_detector(1);
  const Tensor<std::uint8_t> image = noise_image({40, 40, 3});
  check_flat("prediction", load(200, 10000), 0, [&](int) { detector->detect(image); });

  const auto detect_size = [&](int i) { detector->detect(noise_image({8 + i % 64, 8 + i * 7 % 61, 3})); };
  detector->detect(noise_image({72, 72, 3}));    // the largest first: memory is that of the largest
  for (int i = 0; i < 100; ++i) detect_size(i);  // all plans that are kept, and kernels prepared for each algorithm
  check_flat("image size", load(300, 1000), 4 << 10, detect_size);
}

TEST_CASE("wherever memory runs out, a detector finds the same afterwards, and files open") {
  const TemporaryFolder folder;
  tiny_detector(1)->save(folder / "model.safetensors");
  std::unique_ptr<Detector> detector = open_detector(folder / "model.safetensors", {.threads = 1});
  const Tensor<std::uint8_t> first = noise_image({20, 24, 3}), second = noise_image({40, 33, 3});
  const auto expected = detector->detect(first), larger = detector->detect(second);
  const auto same = [&] { CHECK(detector->detect(first) == expected); };
  detector = open_detector(folder / "model.safetensors", {.threads = 1});
  std::vector<Detection> found;
  CHECK(fail_everywhere([&] { found = detector->detect(second); }, same) > 3);
  CHECK(found == larger);
  CHECK(fail_everywhere([&] { detector = open_detector(folder / "model.safetensors", {.threads = 1}); }, same) > 3);
}

TEST_CASE("wherever memory runs out, a training goes on as if nothing had been") {
  Sequential<float> net = small_net(), other = small_net();
  Trainer<float> trainer(net, Adam<float>(0.01), softmax_cross_entropy(), {.execution = {.threads = 1}}),
      undisturbed(other, Adam<float>(0.01), softmax_cross_entropy(), {.execution = {.threads = 1}});
  const auto batch = [](Index size) {
    Tensor<float> points({size, 2}), classes({size, 2});
    points.fill(0.5F);
    classes.fill(0.5F);
    return Batch<float>(std::move(points), std::move(classes));
  };
  const Batch<float> small = batch(2), large = batch(9);
  trainer.step(small);
  undisturbed.step(small);
  CHECK(fail_everywhere([&] { trainer.step(large); }, [] {}) > 3);
  undisturbed.step(large);
  CHECK(fail_everywhere([&] { trainer.step(small); }, [] {}) > 0);  // with a plan: nothing fails behind the update
  undisturbed.step(small);
  CHECK((net.parameters().values().array() == other.parameters().values().array()).all());
}
