#pragma once

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/execution.hpp"

#ifdef AMDEFECT_ONEDNN
#include <omp.h>
#endif

namespace amdefect::bench {

inline ConvAlgorithm parse_algorithm(const std::string& name) {
  const std::pair<const char*, ConvAlgorithm> names[] = {{"automatic", ConvAlgorithm::automatic},
                                                         {"reference", ConvAlgorithm::reference},
                                                         {"im2col", ConvAlgorithm::im2col},
                                                         {"winograd", ConvAlgorithm::winograd},
                                                         {"implicit_gemm", ConvAlgorithm::implicit_gemm}};
  for (const auto& [known, algorithm] : names)
    if (name == known) return algorithm;
  throw Error("--algorithm: expected automatic, reference, im2col, winograd or implicit_gemm, found '" + name + "'");
}

/// What Google Benchmark leaves of the command line: --threads=N, --algorithm=NAME and problems.
struct Arguments {
  Execution execution{.threads = 1};
  std::vector<std::string> problems;

  Arguments(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
      const std::string argument = argv[i], threads = "--threads=", algorithm = "--algorithm=";
      if (argument.starts_with(threads)) {
        execution.threads = std::atoi(argument.c_str() + threads.size());
        require(execution.threads > 0, argument, ": expected a positive number of threads");
      } else if (argument.starts_with(algorithm)) {
        execution.convolution = parse_algorithm(argument.substr(algorithm.size()));
      } else {
        problems.push_back(argument);
      }
    }
#ifdef AMDEFECT_ONEDNN
    omp_set_num_threads(execution.threads);  // what oneDNN uses
#endif
  }
};

}  // namespace amdefect::bench
