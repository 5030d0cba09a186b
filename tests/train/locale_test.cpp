#include <sstream>

#include "amdefect/nn/summary.hpp"
#include "amdefect/train/callbacks/csv_log.hpp"
#include "amdefect/train/callbacks/progress.hpp"
#include "comma_locale.hpp"
#include "temporary_folder.hpp"
#include "train/points_run.hpp"

using namespace amdefect;

namespace {

/// Half of a run, and the rest of it from the checkpoint.
void interrupt_and_resume(const std::filesystem::path& last, bool comma_before, bool comma_after, Run& second) {
  {
    std::optional<CommaLocale> comma;
    if (comma_before) comma.emplace();
    Run first(6, last);
    first.trainer->add(std::make_unique<InterruptAfter>(20));
    first.fit();
  }
  std::optional<CommaLocale> comma;
  if (comma_after) comma.emplace();
  second.trainer->resume(last);
  second.fit();
}

}  // namespace

TEST_CASE("a checkpoint is read and written in any locale") {
  const TemporaryFolder folder;
  Run whole(6);
  whole.fit();
  for (const auto& [before, after] : {std::pair(true, false), {false, true}, {true, true}}) {
    Run resumed(6);
    interrupt_and_resume(folder / "last.safetensors", before, after, resumed);
    check_equal(whole, resumed);
  }
}

TEST_CASE("what is shown of a training has points in any locale") {
  const CommaLocale comma;
  Run run(1);
  std::ostringstream shown, live;
  run.trainer->add(Progress{shown, false}).add(Progress{live, true});
  run.fit();
  CHECK(shown.str().find("learning_rate 0.01") != std::string::npos);
  CHECK(shown.str().find(',') == std::string::npos);
  CHECK(live.str().find("loss 0.") != std::string::npos);
  CHECK(history_csv(run.trainer->history()).find(",0.01") != std::string::npos);
  EpochLog log{.epoch = 1234, .epochs = 1234, .values = {{"loss", 0.25}}, .seconds = 1.5};
  CHECK(history_csv({log}) == "epoch,loss,seconds,images_per_second,wait_share\n1234,0.25,1.5,0,0\n");
  CHECK(summary(run.net).find("Total parameters:         74\n") != std::string::npos);
}
