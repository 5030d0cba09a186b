#include "amdefect/viz/history_json.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "temporary_folder.hpp"

using namespace amdefect;

TEST_CASE("a history is read as it was written; values that not every epoch has stay with their epochs") {
  const TemporaryFolder folder;
  std::vector<EpochLog> history(3);
  for (std::size_t i = 0; i < 3; ++i) {
    history[i].epoch = static_cast<Index>(i) + 1;
    history[i].values = {{"loss", 1.0 / static_cast<double>(i + 3)}, {"learning_rate", 1e-4}};
  }
  history[1].values.emplace_back("mAP50", 0.5);
  history[2].values[0].second = std::numeric_limits<double>::quiet_NaN();
  const auto path = folder.write("history.json", history_json(history));
  const std::vector<EpochLog> read = read_history(path);
  REQUIRE(read.size() == 3);
  CHECK(read[0].values == history[0].values);
  CHECK(read[1].epoch == 2);
  CHECK(read[1].epochs == 3);
  CHECK(read[1].at("mAP50") == 0.5);
  CHECK(read[2].find("loss") == nullptr);
  CHECK(read[2].at("learning_rate") == 1e-4);
}

TEST_CASE("without a file that holds a history there is none") {
  const TemporaryFolder folder;
  CHECK(read_history(folder / "history.json").empty());
  CHECK(read_history(folder.write("history.json", "[1, 2")).empty());
  CHECK(read_history(folder.write("other.json", "{\"loss\": [1]}")).empty());
}
