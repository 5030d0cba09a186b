#include <string>

#include "contains.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"
#include "train/points_run.hpp"

using namespace amdefect;

TEST_CASE(
    "a run that is resumed from another folder neither mixes with what lies in its own nor loses its best weights") {
  const TemporaryFolder folder;
  const Points points(16);
  const auto train = [&](const char* run, std::uint64_t seed, const char* resumed, bool overwrite = false) {
    Sequential<float> net = small_net();
    Trainer<float> trainer(net, Adam<float>(0.01), softmax_cross_entropy(),
                           {.epochs = 1, .batch_size = 4, .seed = seed});
    trainer.add(Checkpoint<float>(folder / run, {.overwrite = overwrite}));
    if (resumed) trainer.resume(folder / resumed / "last.safetensors");
    trainer.fit(points);
  };
  const auto best = [&](const std::string& run) { return folder.read(run + "/best.safetensors"); };
  train("a", 1, nullptr);
  train("b", 2, nullptr);
  const std::string of_a = best("a"), of_b = best("b");
  REQUIRE(of_a != of_b);
  CHECK(contains(error_of([&] { train("b", 1, "a"); }), "holds best.safetensors of an earlier run"));
  CHECK(best("b") == of_b);
  train("new", 1, "a");
  CHECK(best("new") == of_a);
  train("b", 1, "a", true);
  CHECK(best("b") == of_a);
  train("a", 1, "a");
  CHECK(best("a") == of_a);
}
