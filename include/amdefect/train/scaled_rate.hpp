#pragma once

#include <cmath>
#include <string>

#include "amdefect/core/error.hpp"
#include "amdefect/core/number_text.hpp"
#include "amdefect/core/shape.hpp"

namespace amdefect {

/// Adam's learning rate where so many processes, each with a batch of its own, make one update: it grows as the square
/// root of the batch (Malladi et al. 2022, arXiv:2205.10287). (For SGD it would grow as the batch.)
inline double scaled_rate(double rate, Index processes) { return rate * std::sqrt(static_cast<double>(processes)); }

/// A line that says what processes do together: `part` samples of each make one update, at the rate `scaled` instead of
/// the `rate` of one process.
inline std::string group_line(Index processes, Index part, double rate, double scaled) {
  std::string line = concat(processes, " processes: an update is of ", processes * part, " samples, ", part,
                            " of each process; learning rate ", rounded_number(scaled, 4));
  if (scaled != rate)
    line += concat(" (", rounded_number(rate, 4), " times the square root of ", processes,
                   "; --no_scale_rate: ", rounded_number(rate, 4), ")");
  return line;
}

}  // namespace amdefect
