#pragma once

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "temporary_folder.hpp"

// Runs the program `amdefect` as a user would, on a few tiny pictures.
namespace amdefect::program_test {

namespace fs = std::filesystem;

inline std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

inline void write(const fs::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

struct Outcome {
  int code = 0;
  std::string out, err;
};

/// A folder with generated data and a model trained for two epochs on it, made once for all tests.
class World {
 public:
  static World& get() {
    static World world;
    return world;
  }
  fs::path path(const std::string& name) const { return folder_ / name; }

  /// Runs `amdefect ARGUMENTS` in the folder; `wrapper` is a program that starts it.
  Outcome run(const std::string& arguments, const std::string& wrapper = "") const {
    const std::string command = "cd '" + folder_.path().string() + "' && " + wrapper + " '" AMDEFECT_PROGRAM "' " +
                                arguments + " >out.txt 2>err.txt </dev/null";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read(path("out.txt")), read(path("err.txt"))};
  }
  std::string train(const std::string& output, const std::string& more, const std::string& model = "paper") const {
    return "train data --model " + model +
           " --img_size 32 --batch_size 4 --outputs_per_example 1 --threads 1 --eval_interval "
           "2 --output_dir " +
           output + " " + more;
  }

 private:
  World() {
    REQUIRE(run("synth --output_dir data --train 8 --valid 3 --test 3 --img_size 64").code == 0);
    const Outcome trained = run(train("model", "--epochs 2"));
    INFO(trained.err);
    REQUIRE(trained.code == 0);
  }
  TemporaryFolder folder_;
};

/// The architecture of an anchor-free detector that is trained in a moment.
inline const std::string tiny = R"('{"stem": 8, "widths": [8, 8], "blocks": [1, 1], "pyramid": 8, "levels": 3}')";

/// Expects failure with one line on stderr, besides notes and warnings, that contains `text`.
inline void check_fails(const std::string& arguments, const std::string& text, int code = 1) {
  CAPTURE(arguments);
  const Outcome outcome = World::get().run(arguments);
  CAPTURE(outcome.err);
  CHECK(outcome.code == code);
  CHECK(outcome.err.find(text) != std::string::npos);
  std::istringstream err(outcome.err);
  int lines = 0;
  for (std::string line; std::getline(err, line);)
    lines += !line.starts_with("note: ") && !line.starts_with("warning: ");
  CHECK(lines == (code == 2 ? 2 : 1));  // wrong use is followed by a hint at --help
}

/// The columns of a training log that do not tell the time.
inline std::string losses(const fs::path& log) {
  std::istringstream lines(read(log));
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    for (int column = 0; column < 3; ++column) line.erase(line.rfind(','));
    kept += line + '\n';
  }
  return kept;
}

}  // namespace amdefect::program_test
