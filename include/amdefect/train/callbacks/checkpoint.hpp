#pragma once

#include <filesystem>
#include <memory>
#include <utility>

#include "amdefect/core/compiled.hpp"
#include "amdefect/io/run_folder.hpp"
#include "amdefect/optim/best_value.hpp"
#include "amdefect/train/trainer.hpp"

namespace amdefect {

struct CheckpointOptions {
  std::filesystem::path best{};  ///< weights of the best epoch so far; empty for none
  std::filesystem::path last{};  ///< weights and training state after each epoch and on interruption; empty for none
  std::string monitor = "val_loss";  ///< a value of the epoch log; `loss` where there is no validation
  bool higher_is_better = false;
  SafetensorsMetadata metadata{};  ///< stored in both, e.g. the configuration
  bool overwrite = false;  ///< replace the run that a `Checkpoint(folder)` finds in its folder; else it is refused
};

/// Writes the best weights and a state to resume from: `Checkpoint{"run"}` keeps run/best.safetensors and
/// run/last.safetensors. Add it after all callbacks whose state it should contain.
template <class T = float>
class Checkpoint : public Callback<T> {
 public:
  /// The best weights are those of `averaged` (see WeightAverage) if there is one, else those that are trained.
  explicit Checkpoint(CheckpointOptions options, std::shared_ptr<const Network<T>> averaged = nullptr)
      : options_(std::move(options)), averaged_(std::move(averaged)), best_(options_.higher_is_better) {}
  /// Both files in a folder, which is made if it is missing; the options say the rest. The folder is this training's
  /// while it goes on (see RunFolder): `Trainer::fit` throws a FileError if it is in use, or holds another run that is
  /// not resumed. @throws FileError if the folder cannot be made.
  explicit Checkpoint(const std::filesystem::path& folder, CheckpointOptions options = {},
                      std::shared_ptr<const Network<T>> averaged = nullptr)
      : Checkpoint(std::move(options), std::move(averaged)) {
    make_folder(folder);
    folder_ = folder;
    options_.best = folder / "best.safetensors";
    options_.last = folder / "last.safetensors";
  }

  void on_begin(Trainer<T>&) override {
    if (folder_.empty()) return;
    const EarlierRun earlier = continues_           ? EarlierRun::continue_it
                               : options_.overwrite ? EarlierRun::replace
                                                    : EarlierRun::refuse;
    run_.reset();  // that of a training that an error ended
    run_ = std::make_unique<RunFolder>(folder_, training_run, earlier);
    run_->begin();
    continues_ = true;  // another call of `fit` goes on
  }
  void on_epoch(Trainer<T>& trainer, const EpochLog& log) override {
    const double* value = log.watched(options_.monitor);
    if (value && best_.improve(*value)) {
      known_ = true;
      const Parameters<T>& weights = averaged_ ? averaged_->parameters() : trainer.network().parameters();
      if (!options_.best.empty()) save_weights(options_.best, weights, options_.metadata);
    }
    save_last(trainer);
  }
  void on_end(Trainer<T>& trainer) override {
    if (trainer.interrupted()) save_last(trainer);
    run_.reset();
  }

  void save(TrainingState<T>& state) const override {
    state.numbers["checkpoint"] = {known_ ? 1.0 : 0.0, best_.value()};
  }
  void restore(const TrainingState<T>& state) override {
    const std::vector<double>& numbers = state.at("checkpoint", 2);
    continues_ = true;
    known_ = numbers[0] != 0;
    if (known_) best_.restore(numbers[1]);
  }

 private:
  void save_last(Trainer<T>& trainer) const {
    if (!options_.last.empty())
      save_checkpoint(options_.last, trainer.network().parameters(), trainer.state(), options_.metadata);
  }

  CheckpointOptions options_;
  std::shared_ptr<const Network<T>> averaged_;
  std::filesystem::path folder_;
  std::unique_ptr<RunFolder> run_;
  bool continues_ = false;
  bool known_ = false;
  BestValue best_;
};

AMDEFECT_COMPILED_CLASS(Checkpoint)

}  // namespace amdefect
