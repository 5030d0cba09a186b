#pragma once

#include <algorithm>
#include <filesystem>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/compiled.hpp"
#include "amdefect/core/number_text.hpp"
#include "amdefect/io/atomic_file.hpp"
#include "amdefect/io/csv.hpp"
#include "amdefect/train/trainer.hpp"

namespace amdefect {

/// The history as a table: a row per epoch, a column per value that any epoch has; missing values stay empty.
inline std::string history_csv(const std::vector<EpochLog>& history) {
  std::vector<std::string> columns;
  for (const EpochLog& log : history)
    for (const auto& [name, value] : log.values)
      if (std::find(columns.begin(), columns.end(), name) == columns.end()) columns.push_back(name);
  constexpr int digits = std::numeric_limits<double>::max_digits10;
  std::string out = "epoch";
  for (const std::string& column : columns) out += ',' + csv_cell(column);
  out += ",seconds,images_per_second,wait_share\n";
  for (const EpochLog& log : history) {
    out += concat(log.epoch);
    for (const std::string& column : columns) {
      out += ',';
      if (const double* value = log.find(column)) out += rounded_number(*value, digits);
    }
    for (const double value : {log.seconds, log.images_per_second, log.wait_share})
      out += ',' + rounded_number(value, digits);
    out += '\n';
  }
  return out;
}

/// Keeps a CSV file of all epochs up to date; it is written anew each time, so that a resumed run never doubles a row.
/// Of several processes that train together the first one writes it.
template <class T = float>
class CsvLog : public Callback<T> {
 public:
  explicit CsvLog(std::filesystem::path path) : path_(std::move(path)) {}
  void on_epoch(Trainer<T>& trainer, const EpochLog&) override {
    if (trainer.leads()) write_text_file(path_, history_csv(trainer.history()));
  }

 private:
  std::filesystem::path path_;
};

AMDEFECT_COMPILED_CLASS(CsvLog)

}  // namespace amdefect
