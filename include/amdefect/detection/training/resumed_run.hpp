#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "amdefect/core/error.hpp"
#include "amdefect/core/number_text.hpp"
#include "amdefect/core/shape.hpp"
#include "amdefect/detection/open_detector.hpp"
#include "amdefect/io/file_type.hpp"
#include "amdefect/io/safetensors.hpp"
#include "amdefect/train/callbacks/checkpoint.hpp"
#include "amdefect/train/callbacks/early_stopping.hpp"
#include "amdefect/train/trainer.hpp"

namespace amdefect {

namespace detail {

/// @throws FileError unless the best weights of a run, beside its checkpoint, are a detector.
inline void require_detector(const std::filesystem::path& best, const SafetensorsFile& checkpoint) try {
  open_detector(best);
} catch (const FileError& error) {
  throw FileError(concat("train: cannot resume from ", checkpoint.path().string(), ": its best weights are damaged: ",
                         error.what(), "; move that file away to go on without them"));
}

/// What the number of epochs means for a run that was begun with another one; empty: nothing.
inline std::string note_of_epochs(const Trainer<float>& trainer, std::optional<double> begun_with) {
  const Index epochs = trainer.options().epochs;
  if (trainer.stopped()) return "note: nothing is left to train: the run ended early, or its time was over";
  if (trainer.finished())
    return concat("note: nothing is left to train: the run has ", quantity(trainer.history().size(), "epoch"),
                  ", the options ask for ", epochs);
  if (!begun_with || *begun_with == static_cast<double>(epochs)) return "";
  return concat("note: the run was to have ", *begun_with, *begun_with == 1 ? " epoch" : " epochs",
                ", now it is to have ", epochs, ": the learning rate goes on from ", trainer.learning_rate());
}

}  // namespace detail

/// Lets a training of a detector, which keeps best.safetensors and last.safetensors by a Checkpoint and judges epochs
/// by an EarlyStopping, go on from its last.safetensors. `log` takes a line for what a user may not expect: nothing is
/// left to train, the learning rate is that of another number of epochs, or best.safetensors is missing, and the best
/// weights will be those of the epochs from here on.
/// @throws FileError if the checkpoint does not fit, if best.safetensors is damaged, and if it is missing where no
/// epoch is left to write another.
inline void resume_run(Trainer<float>& trainer, const SafetensorsFile& checkpoint,
                       const std::function<void(const std::string&)>& log) {
  TrainingState<float> state = load_checkpoint(checkpoint, trainer.network().parameters());
  const std::filesystem::path best = checkpoint.path().parent_path() / "best.safetensors";
  const bool known = state.at("checkpoint", 2)[0] != 0, lost = known && !is_there(best);
  const double best_epoch = state.at("early_stopping", 3)[1];
  if (known && !lost) detail::require_detector(best, checkpoint);
  if (lost) {
    Checkpoint<float>::forget_best(state);
    EarlyStopping<float>::forget_best(state);
  }
  std::optional<double> begun_with;  // runs of before do not say
  if (state.numbers.contains("epochs")) begun_with = state.at("epochs", 1)[0];
  trainer.restore(std::move(state));
  if (const std::string line = detail::note_of_epochs(trainer, begun_with); !line.empty() && log) log(line);
  if (!lost) return;
  require<FileError>(
      !trainer.finished(), "train: cannot resume from ", checkpoint.path().string(), ": ", best.string(),
      " is missing, and no epoch is left to write another; ",
      trainer.stopped() ? "begin a new run, from these weights if you like (pretrained)" : "ask for more epochs");
  if (log)
    log(concat("warning: ", best.string(), " is missing, with the weights of epoch ", best_epoch,
               "; the best ones will be those of the epochs from here on"));
}

}  // namespace amdefect
