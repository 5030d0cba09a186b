#include "amdefect/coco/coco_json.hpp"
#include "fuzz_target.hpp"
#include "memory_file.hpp"

namespace {

using namespace amdefect;

/// An annotation file. What training takes, evaluation takes as well.
void fuzz_coco_annotations(std::span<const std::uint8_t> input) {
  const MemoryFile file(input);
  const CocoDataset lenient = read_coco_annotations(file.path(), CocoStrictness::evaluation);
  const CocoDataset strict = read_coco_annotations(file.path(), CocoStrictness::training);
  promise(strict.images.size() == lenient.images.size() && strict.annotations.size() == lenient.annotations.size());
}

const RegisterFuzzTarget coco_annotations_target("coco_annotations", fuzz_coco_annotations);

}  // namespace
