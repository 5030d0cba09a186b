#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "amdefect/core/interrupt.hpp"
#include "amdefect/io/atomic_file.hpp"
#include "amdefect/io/file_type.hpp"
#include "amdefect/train/callback.hpp"
#include "amdefect/train/trainer.hpp"
#include "amdefect/viz/history_json.hpp"

namespace amdefect {

/// Lets Ctrl-C end the training, and writes config.json into its folder when it begins and history.json when it ends.
/// A run that is resumed after its end keeps its config.json.
template <class T = float>
class RunFiles : public Callback<T> {
 public:
  /// `configuration` is the text of config.json.
  RunFiles(std::filesystem::path folder, std::string configuration)
      : folder_(std::move(folder)), configuration_(std::move(configuration)) {}

  /// @throws FileError
  void on_begin(Trainer<T>& trainer) override {
    const std::filesystem::path file = folder_ / "config.json";
    if (trainer.leads() && (!trainer.finished() || !is_there(file))) write_text_file(file, configuration_);
    guard_.emplace(trainer);
  }
  /// @throws FileError
  void on_end(Trainer<T>& trainer) override {
    guard_.reset();
    const InterruptDelay delay;
    if (trainer.leads()) write_text_file(folder_ / "history.json", history_json(trainer.history()));
  }

 private:
  std::filesystem::path folder_;
  std::string configuration_;
  std::optional<InterruptGuard<Trainer<T>>> guard_;
};

}  // namespace amdefect
