#include <nlohmann/json.hpp>

#include "program/world.hpp"

using namespace amdefect::program_test;

TEST_CASE("where memory runs out, the program says so in one line") {
  const World& world = World::get();
  // A bitmap of 6000x6000 pixels, all black; on most disks it takes no room.
  std::string header("BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x70\x17\0\0\x70\x17\0\0\x01\0\x18\0", 30);
  header.resize(54, '\0');
  fs::create_directories(world.path("large"));
  write(world.path("large/black.bmp"), header);
  fs::resize_file(world.path("large/black.bmp"), 54 + std::uintmax_t{6000} * 6000 * 3);
  const std::string predict = "predict large --weights model --threads 1 --overwrite --output_dir large_out";
  const Outcome outcome = world.run(predict, R"(bash -c 'ulimit -v 250000; exec "$0" "$@"')");
  CAPTURE(outcome.err);
  CHECK(outcome.code == 1);
  CHECK(outcome.err == "amdefect: error: large/black.bmp: there is not enough memory\n");
  const Outcome synth = world.run("synth --output_dir large_synth --img_size 6000 --train 1 --valid 1 --test 1",
                                  R"(bash -c 'ulimit -v 150000; exec "$0" "$@"')");
  CHECK(synth.code == 1);
  CHECK(synth.err == "amdefect: error: there is not enough memory\n");
  fs::remove_all(world.path("large"));
}

TEST_CASE("what is done with batches that are not finite is written down, and may change when a run goes on") {
  const World& world = World::get();
  const auto with = [&](const std::string& more) {
    const Outcome outcome =
        world.run(world.train("skipping", "--crop_size 64 --network " + tiny + more, "anchor-free-n"));
    INFO(outcome.err);
    CHECK(outcome.code == 0);
    return nlohmann::json::parse(read(world.path("skipping/config.json")))["on_nonfinite"].get<std::string>();
  };
  CHECK(with(" --epochs 1") == "stop");
  CHECK(with(" --epochs 2 --resume --on_nonfinite skip") == "skip");
  check_fails("train data --on_nonfinite perhaps", "perhaps", 2);
}
