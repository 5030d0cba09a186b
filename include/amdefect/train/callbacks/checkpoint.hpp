#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <system_error>
#include <utility>

#include "amdefect/core/compiled.hpp"
#include "amdefect/io/atomic_file.hpp"
#include "amdefect/io/file_bytes.hpp"
#include "amdefect/io/file_type.hpp"
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
/// run/last.safetensors. Add it after all callbacks whose state it should contain. Of several processes that train
/// together the first one writes; all have to see the file that they resume from, however many they are then.
template <class T = float>
class Checkpoint : public Callback<T> {
 public:
  /// More metadata, which depends on the weights that are written.
  using MetadataOf = std::function<SafetensorsMetadata(const Network<T>&)>;

  /// The best weights are those of `averaged` (see WeightAverage) if there is one, else those that are trained.
  explicit Checkpoint(CheckpointOptions options, std::shared_ptr<const Network<T>> averaged = nullptr,
                      MetadataOf metadata_of = {})
      : options_(std::move(options)),
        averaged_(std::move(averaged)),
        metadata_of_(std::move(metadata_of)),
        best_(options_.higher_is_better) {}
  /// Both files in a folder, which is made if it is missing; the options say the rest. The folder is this training's
  /// while it goes on (see RunFolder): `Trainer::fit` throws a FileError if it is in use, or holds another run than the
  /// one that is resumed. A run that is resumed from another folder takes its best weights along. @throws FileError if
  /// the folder cannot be made.
  explicit Checkpoint(const std::filesystem::path& folder, CheckpointOptions options = {},
                      std::shared_ptr<const Network<T>> averaged = nullptr)
      : Checkpoint(std::move(options), std::move(averaged)) {
    make_folder(folder);
    folder_ = folder;
    options_.best = folder / "best.safetensors";
    options_.last = folder / "last.safetensors";
  }

  void on_begin(Trainer<T>& trainer) override {
    if (!trainer.leads()) return;
    if (!folder_.empty()) {
      run_.reset();  // that of a training that an error ended
      run_ = std::make_unique<RunFolder>(
          folder_, training_run,
          continues_ ? EarlierRun::continue_it : earlier_run(folder_, resumed_, options_.overwrite));
      run_->begin();
    }
    if (!continues_) take_best_along();
    continues_ = true;  // another call of `fit` goes on
  }
  void on_epoch(Trainer<T>& trainer, const EpochLog& log) override {
    if (!trainer.leads()) return;
    const double* value = log.watched(options_.monitor);
    if (value && best_.improve(*value)) {
      known_ = true;
      const Network<T>& network = averaged_ ? *averaged_ : trainer.network();
      if (!options_.best.empty()) save_weights(options_.best, network.parameters(), metadata(network));
    }
    save_last(trainer);
  }
  void on_end(Trainer<T>& trainer) override {
    if (trainer.leads() && trainer.interrupted()) save_last(trainer);
    run_.reset();
  }

  void save(TrainingState<T>& state) const override {
    state.numbers["checkpoint"] = {known_ ? 1.0 : 0.0, best_.value()};
  }
  void restore(const TrainingState<T>& state) override {
    const std::vector<double>& numbers = state.at("checkpoint", 2);
    continues_ = false;
    resumed_ = state.file;
    known_ = numbers[0] != 0;
    if (!known_) return;
    best_.restore(numbers[1]);
    const std::filesystem::path best = best_before();
    if (!best.empty()) static_cast<void>(read_safetensors(best));  // while nothing is lost if it is damaged
  }
  /// A state that knows of no best epoch, for a run whose best weights are gone.
  static void forget_best(TrainingState<T>& state) { state.numbers["checkpoint"] = {0, 0}; }

 private:
  /// The best weights of the run that is resumed: beside the file that it is resumed from, or where this run writes its
  /// own, unless those of other runs lie there. Empty where they are gone.
  std::filesystem::path best_before() const {
    if (options_.best.empty() || resumed_.empty()) return {};
    std::filesystem::path beside = resumed_.parent_path() / options_.best.filename();
    if (is_there(beside)) return beside;
    return folder_.empty() && is_there(options_.best) ? options_.best : std::filesystem::path();
  }
  /// Where the best weights are gone, the next ones are the best.
  void take_best_along() {
    if (!known_ || options_.best.empty() || resumed_.empty()) return;
    const std::filesystem::path before = best_before();
    std::error_code none;
    if (before.empty()) {
      known_ = false;
      best_ = BestValue(options_.higher_is_better);
    } else if (!std::filesystem::equivalent(before, options_.best, none)) {
      const Bytes bytes = read_bytes(before);
      write_text_file(options_.best, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    }
  }
  void save_last(Trainer<T>& trainer) const {
    if (options_.last.empty()) return;
    const Network<T>& network = trainer.network();
    save_checkpoint(options_.last, network.parameters(), trainer.state(), metadata(network));
  }
  SafetensorsMetadata metadata(const Network<T>& network) const {
    SafetensorsMetadata all = options_.metadata;
    if (metadata_of_) all.merge(metadata_of_(network));
    return all;
  }

  CheckpointOptions options_;
  std::shared_ptr<const Network<T>> averaged_;
  MetadataOf metadata_of_;
  std::filesystem::path folder_;
  std::unique_ptr<RunFolder> run_;
  std::filesystem::path resumed_;  // the file that this run goes on from
  bool continues_ = false;         // a call of `fit` has begun before
  bool known_ = false;
  BestValue best_;
};

AMDEFECT_COMPILED_CLASS(Checkpoint)

}  // namespace amdefect
