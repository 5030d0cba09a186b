#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

// How long a data-parallel step takes on machines with one process each (docs/scaling.md).
namespace amdefect::bench {

/// A piece of the gradients.
struct Bucket {
  double bytes = 0;
  double ready = 0;  ///< seconds after the begin of the backward pass, when its last gradient is complete
};

/// A step of one process, in seconds, and what it has to send.
struct StepCost {
  double forward = 0, backward = 0, update = 0;
  std::vector<Bucket> buckets;
  double statistics = 0;  ///< bytes of moving statistics, averaged in the end
  double alone() const { return forward + backward + update; }
};

struct NetworkCost {
  double latency = 50e-6;    ///< seconds from process to process, of a small message
  double bandwidth = 125e6;  ///< bytes per second that a machine sends, while it receives as many
};

/// Seconds of a sum over n processes. Few bytes: recursive doubling, all of them log2 n times. Many: in a ring
/// (Patarasuk and Yuan 2009), 2 (n - 1) messages of a n-th each.
inline double all_reduce_seconds(const NetworkCost& network, double processes, double bytes) {
  if (processes < 2) return 0;
  const double doubling = std::ceil(std::log2(processes)) * (network.latency + bytes / network.bandwidth);
  const double ring = 2 * (processes - 1) * (network.latency + bytes / processes / network.bandwidth);
  return std::min(doubling, ring);
}

/// Seconds of a step, and of its communication: all of it, and what backward does not hide.
struct Prediction {
  double step = 0, communication = 0, waited = 0;
};

/// A bucket goes when it is ready and the one before it has arrived.
inline Prediction predict_step(const StepCost& cost, const NetworkCost& network, double processes) {
  Prediction prediction;
  double end = 0;
  for (const Bucket& bucket : cost.buckets) {
    const double seconds = all_reduce_seconds(network, processes, bucket.bytes);
    prediction.communication += seconds;
    end = std::max(end, bucket.ready) + seconds;
  }
  prediction.waited = std::max(0.0, end - cost.backward);
  constexpr double agreement = 40;  // bytes: samples, interruption, parts of the loss
  prediction.step = cost.alone() + prediction.waited + all_reduce_seconds(network, processes, agreement) +
                    all_reduce_seconds(network, processes, cost.statistics);
  return prediction;
}

}  // namespace amdefect::bench
