#pragma once

#include <chrono>
#include <cmath>
#include <optional>
#include <ostream>
#include <string>

#include "amdefect/core/compiled.hpp"
#include "amdefect/core/number_text.hpp"
#include "amdefect/io/terminal.hpp"
#include "amdefect/train/trainer.hpp"

namespace amdefect {

/// 75 -> "1:15", 3700 -> "1:01:40".
inline std::string format_duration(double seconds) {
  const auto total = static_cast<Index>(std::llround(std::max(0.0, seconds)));
  const auto two_digits = [](Index number) { return concat(number / 10, number % 10); };
  const Index minutes = total / 60 % 60;
  return concat(total >= 3600 ? concat(total / 3600, ':', two_digits(minutes)) : concat(minutes), ':',
                two_digits(total % 60));
}

/// Shows the training: on a terminal (`live`) one line per epoch that is rewritten as it goes, else a plain line after
/// each epoch. Of several processes that train together the first one shows it.
template <class T = float>
class Progress : public Callback<T> {
 public:
  /// The stream must outlive the training. Unless told otherwise, it is live where it writes to a terminal.
  explicit Progress(std::ostream& out, std::optional<bool> live = std::nullopt)
      : out_(out), live_(live.value_or(is_terminal(out))) {}

  void on_begin(Trainer<T>& trainer) override {
    if (trainer.group()) live_ = false;  // launchers show a terminal to processes whose output goes to a file
    start_ = Clock::now();
    first_epoch_ = static_cast<Index>(trainer.history().size());
  }
  void on_step(Trainer<T>& trainer, const StepLog& log) override {
    const auto now = Clock::now();
    if (!live_ || !trainer.leads() || (log.batch < log.batches && now - shown_ < std::chrono::milliseconds(100)))
      return;
    shown_ = now;
    constexpr Index width = 20;
    const Index filled = width * log.batch / log.batches;
    std::string line =
        concat(epoch_text(log), " [", std::string(static_cast<std::size_t>(filled), '='),
               std::string(static_cast<std::size_t>(width - filled), ' '), "] ", log.batch, '/', log.batches, "  loss ",
               rounded_number(log.loss, 4), "  ", speed_text(log.images_per_second));
    if (log.epochs != unlimited_epochs) line += concat("  ", format_duration(time_left(log)), " left");
    out_ << '\r' << line << "\x1b[K" << std::flush;
  }
  void on_skip(Trainer<T>& trainer, const std::string& line) override {
    if (!trainer.leads()) return;
    out_ << (live_ ? "\r" : "") << "skipped a batch: " << line << (live_ ? "\x1b[K\n" : "\n") << std::flush;
  }
  void on_epoch(Trainer<T>& trainer, const EpochLog& log) override {
    if (!trainer.leads()) return;
    std::string line = epoch_text(log);
    for (const auto& [name, value] : log.values) line += concat("  ", name, ' ', rounded_number(value, 4));
    const auto done = static_cast<double>(log.epoch - first_epoch_);
    const double left = seconds() / done * static_cast<double>(log.epochs - log.epoch);
    line += concat("  ", speed_text(log.images_per_second), "  ", format_duration(log.seconds));
    if (log.epoch < log.epochs && log.epochs != unlimited_epochs && !trainer.stopped())
      line += concat(", ", format_duration(left), " left");
    out_ << (live_ ? "\r" : "") << line << (live_ ? "\x1b[K\n" : "\n") << std::flush;
  }
  void on_end(Trainer<T>& trainer) override {
    if (live_ && trainer.leads() && trainer.interrupted()) out_ << '\n' << std::flush;
  }

 private:
  using Clock = std::chrono::steady_clock;

  /// Three digits or more, never an exponent.
  static std::string speed_text(double images_per_second) {
    const int digits = images_per_second < 10 ? 2 : images_per_second < 100 ? 1 : 0;
    return decimal_number(images_per_second, digits) + " images/s";
  }
  /// "epoch 3/50", or "epoch 3" where nobody knows how many there will be.
  static std::string epoch_text(const auto& log) {
    return concat("epoch ", log.epoch, log.epochs == unlimited_epochs ? std::string() : concat('/', log.epochs));
  }
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
  double time_left(const StepLog& log) const {
    const double epochs = static_cast<double>(log.epoch - 1 - first_epoch_) +
                          static_cast<double>(log.batch) / static_cast<double>(log.batches);
    return seconds() / epochs * static_cast<double>(log.epochs - first_epoch_) - seconds();
  }

  std::ostream& out_;
  bool live_;
  Clock::time_point start_{}, shown_{};
  Index first_epoch_ = 0;
};

AMDEFECT_COMPILED_CLASS(Progress)

}  // namespace amdefect
