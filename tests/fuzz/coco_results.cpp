#include "amdefect/coco/coco_json.hpp"
#include "fuzz_target.hpp"
#include "memory_file.hpp"

namespace {

using namespace amdefect;

void fuzz_coco_results(std::span<const std::uint8_t> input) {
  const MemoryFile file(input);
  promise(read_coco_results(file.path()).size() <= input.size());
}

const RegisterFuzzTarget coco_results_target("coco_results", fuzz_coco_results);

}  // namespace
