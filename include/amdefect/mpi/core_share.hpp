#pragma once

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <tuple>
#include <vector>

namespace amdefect::detail {

/// The cores that the launcher may use, hardware threads of a core side by side. It may have bound this process to
/// fewer, which ends here.
inline std::vector<int> all_cores() {
  cpu_set_t set;
  if (::sched_getaffinity(::getppid(), sizeof set, &set) != 0) return {};
  ::sched_setaffinity(0, sizeof set, &set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return {};
  std::vector<std::tuple<int, int, int>> found;  // socket, core, hardware thread
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &set)) continue;
    const auto number = [&](const char* name) {
      int value = 0;
      std::ifstream("/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/" + name) >> value;
      return value;
    };
    found.emplace_back(number("physical_package_id"), number("core_id"), cpu);
  }
  std::sort(found.begin(), found.end());
  std::vector<int> cores;
  cores.reserve(found.size());
  for (const auto& [socket, core, cpu] : found) cores.push_back(cpu);
  return cores;
}

/// Part `index` of `count` of a list, as equal as they can be; where there are fewer elements than parts, one of them.
inline std::vector<int> part_of(const std::vector<int>& list, int index, int count) {
  const auto size = static_cast<int>(list.size());
  if (size < count) return {list[static_cast<std::size_t>(index % size)]};
  return {list.begin() + index * size / count, list.begin() + (index + 1) * size / count};
}

/// Gives this process, number `index` of `count` on its machine, its share of the cores, and as many threads. Launchers
/// bind a process to one core, on which all its threads would be, or let all processes use all cores, each with as
/// many threads. What the user says, to mpirun (`--bind-to`, `--map-by`) or by OMP_NUM_THREADS, stays. Before the first
/// thread is started.
inline void take_share_of_cores(int index, int count) {
  const auto said = [](const char* name) { return std::string(std::getenv(name) ? std::getenv(name) : ""); };
  const std::string binding = said("OMPI_MCA_hwloc_base_binding_policy");
  cpu_set_t set;
  if (binding == "none" || (binding.empty() && said("OMPI_MCA_rmaps_base_mapping_policy").empty())) {
    const std::vector<int> cores = all_cores();
    if (cores.empty()) return;
    const std::vector<int> mine = part_of(cores, index, count);
    ::setenv("OMP_NUM_THREADS", std::to_string(mine.size()).c_str(), 0);
    // Where processes have to share cores, the system moves them better than anybody could here.
    if (binding == "none" || static_cast<std::size_t>(count) > cores.size()) return;
    CPU_ZERO(&set);
    for (const int cpu : mine) CPU_SET(cpu, &set);
    ::sched_setaffinity(0, sizeof set, &set);
  } else if (::sched_getaffinity(0, sizeof set, &set) == 0) {
    ::setenv("OMP_NUM_THREADS", std::to_string(CPU_COUNT(&set)).c_str(), 0);
  }
}

}  // namespace amdefect::detail
