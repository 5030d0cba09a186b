#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "amdefect/io/safetensors.hpp"
#include "amdefect/nn/self_test.hpp"
#include "program/world.hpp"

// Model files, checkpoints and configurations that earlier versions of the program wrote (tests/compatibility/VERSION)
// go on giving what they gave then. Other machines may round otherwise, hence the tolerances.
namespace amdefect::program_test {

namespace {

const fs::path version_0_1 = fs::path(AMDEFECT_TESTS_DIR) / "compatibility/0.1",
               version_0_2 = fs::path(AMDEFECT_TESTS_DIR) / "compatibility/0.2";

/// The detections in two files are the same ones.
void check_same_detections(const fs::path& actual, const fs::path& expected) {
  const auto ours = nlohmann::json::parse(read(actual)), before = nlohmann::json::parse(read(expected));
  REQUIRE(ours.size() == before.size());
  REQUIRE(!before.empty());
  for (std::size_t i = 0; i < before.size(); ++i) {
    CAPTURE(i);
    CHECK(ours[i]["image_id"] == before[i]["image_id"]);
    CHECK(ours[i]["category_id"] == before[i]["category_id"]);
    CHECK(ours[i]["score"].get<double>() == doctest::Approx(before[i]["score"].get<double>()).epsilon(1e-4));
    for (std::size_t side = 0; side < 4; ++side)
      CHECK(ours[i]["bbox"][side].get<double>() - before[i]["bbox"][side].get<double>() ==
            doctest::Approx(0).epsilon(1e-2));
  }
}

void check_predictions(const fs::path& weights, const fs::path& expected, const std::string& options) {
  const World& world = World::get();
  const Outcome outcome = world.run("predict '" + (version_0_1 / "data/test").string() + "' --weights '" +
                                    weights.string() + "' --overwrite --output_dir compatibility " + options);
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  check_same_detections(world.path("compatibility/detections.json"), expected);
}

/// The paper's network has too many weights for a repository: only the header of its file is kept, and the weights are
/// those of a formula, with which the detections were made, too.
void write_paper_weights(const fs::path& path) {
  const std::string header = read(version_0_1 / "paper_header.json");
  const std::uint64_t length = header.size();
  std::string bytes(reinterpret_cast<const char*>(&length), sizeof length);
  bytes += header;
  std::vector<std::pair<std::size_t, std::string>> tensors;  // by their place in the file
  const auto json = nlohmann::json::parse(header);
  for (const auto& [name, entry] : json.items())
    if (name != "__metadata__") tensors.emplace_back(entry["data_offsets"][0].get<std::size_t>(), name);
  std::sort(tensors.begin(), tensors.end());
  std::uint32_t state = 1;
  for (const auto& [begin, name] : tensors) {
    const double middle = name.ends_with("gamma") || name.ends_with("moving_variance") ? 1 : 0;
    for (std::size_t at = begin; at < json[name]["data_offsets"][1].get<std::size_t>(); at += sizeof(float)) {
      state = state * 1664525u + 1013904223u;
      const auto value = static_cast<float>((static_cast<double>(state) / 4294967296.0 - 0.5) * 0.1 + middle);
      bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
  }
  write(path, bytes);
}

/// The columns of losses in a training log: lines, then columns.
std::vector<std::vector<double>> loss_columns(const fs::path& log, std::size_t columns) {
  std::istringstream lines(read(log));
  std::string line;
  std::getline(lines, line);  // names
  std::vector<std::vector<double>> table;
  while (std::getline(lines, line)) {
    std::istringstream cells(line);
    std::vector<double>& row = table.emplace_back();
    for (std::string cell; row.size() < columns && std::getline(cells, cell, ',');) row.push_back(std::stod(cell));
  }
  return table;
}

void check_same_losses(const fs::path& actual, const fs::path& expected, std::size_t columns) {
  const auto ours = loss_columns(actual, columns), before = loss_columns(expected, columns);
  REQUIRE(ours.size() == before.size());
  for (std::size_t row = 0; row < before.size(); ++row)
    for (std::size_t column = 0; column < columns; ++column) {
      CAPTURE(row);
      CAPTURE(column);
      CHECK(ours[row].at(column) == doctest::Approx(before[row].at(column)).epsilon(1e-3));
    }
}

}  // namespace

TEST_CASE("models of version 0.1 find what they found") {
  check_predictions(version_0_1 / "anchor_free.safetensors", version_0_1 / "anchor_free_detections.json",
                    "--score_threshold 0.001 --max_detections 30");
  check_predictions(version_0_1 / "blob.safetensors", version_0_1 / "blob_detections.json", "");
  const fs::path paper = World::get().path("paper_0_1.safetensors");
  write_paper_weights(paper);
  check_predictions(paper, version_0_1 / "paper_detections.json", "--score_threshold 0.5 --max_detections 30");
}

TEST_CASE("models of version 0.2, with a self-test, find what they found, and a checkpoint goes on") {
  for (const char* file : {"anchor_free.safetensors", "blob.safetensors", "anchor_free_checkpoint.safetensors"})
    CHECK(read_safetensors(version_0_2 / file).metadata().contains(self_test_key));
  check_predictions(version_0_2 / "anchor_free.safetensors", version_0_2 / "anchor_free_detections.json",
                    "--score_threshold 0.001 --max_detections 30");
  check_predictions(version_0_2 / "blob.safetensors", version_0_2 / "blob_detections.json", "");
  const World& world = World::get();
  const Outcome outcome =
      world.run("train --config '" + (version_0_2 / "anchor_free_config.json").string() + "' --dataset_path '" +
                (version_0_1 / "data").string() + "' --output_dir again_0_2 --epochs 4 --resume '" +
                (version_0_2 / "anchor_free_checkpoint.safetensors").string() + "'");
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  check_same_losses(world.path("again_0_2/training_log.csv"), version_0_2 / "anchor_free_training_log.csv", 4);
}

TEST_CASE("a configuration of version 0.1 trains as it did, and its checkpoint goes on as it would have") {
  const World& world = World::get();
  const std::string data = " --dataset_path '" + (version_0_1 / "data").string() + "' ";
  const std::string config = "train --config '" + (version_0_1 / "anchor_free_config.json").string() + "'" + data;
  const Outcome outcome = world.run(config + "--output_dir again_0_1 --epochs 4 --resume '" +
                                    (version_0_1 / "anchor_free_checkpoint.safetensors").string() + "'");
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  check_same_losses(world.path("again_0_1/training_log.csv"), version_0_1 / "anchor_free_training_log.csv", 4);

  const Outcome paper = world.run("train --config '" + (version_0_1 / "paper_config.json").string() + "'" + data +
                                  "--output_dir paper_again --epochs 1");
  INFO(paper.err);
  REQUIRE(paper.code == 0);
  check_same_losses(world.path("paper_again/training_log.csv"), version_0_1 / "paper_training_log.csv", 4);
}

}  // namespace amdefect::program_test
