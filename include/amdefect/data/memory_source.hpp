#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/coco/coco_split.hpp"
#include "amdefect/data/sample.hpp"
#include "amdefect/io/checksum.hpp"

namespace amdefect {

/// Samples that are in memory as a source.
template <PixelType P>
class BasicMemorySource final : public BasicSampleSource<P> {
 public:
  explicit BasicMemorySource(std::vector<BasicSample<P>> samples) {
    for (BasicSample<P>& sample : samples)
      samples_.push_back(std::make_shared<const BasicSample<P>>(std::move(sample)));
  }

  Index size() const override { return static_cast<Index>(samples_.size()); }
  std::shared_ptr<const BasicSample<P>> load(Index index) const override {
    return samples_[static_cast<std::size_t>(index)];
  }
  /// Of all that is in the sample, and so the same in another process.
  std::string key(Index index) const override {
    const BasicSample<P>& sample = *load(index);
    const auto values = std::as_bytes(sample.image.values());
    return concat("memory ", sample.image.shape(), ' ', sizeof(P), ' ',
                  fnv1a({reinterpret_cast<const char*>(values.data()), values.size()}), objects_key(sample.objects));
  }

 private:
  std::vector<std::shared_ptr<const BasicSample<P>>> samples_;
};

/// The annotations of samples in memory, as a COCO data set has them; labels are places in `classes`.
template <PixelType P>
CocoSplit memory_split(const std::string& name, const std::vector<std::string>& classes,
                       const BasicSampleSource<P>& source) {
  CocoSplit split{.name = name, .annotation_file = name, .coco = {}, .image_files = {}};
  for (std::size_t i = 0; i < classes.size(); ++i)
    split.coco.categories.push_back({static_cast<std::int64_t>(i) + 1, classes[i], ""});
  for (Index i = 0; i < source.size(); ++i) {
    const auto sample = source.load(i);
    split.coco.images.push_back({i, concat(name, '/', i), sample->image.width(), sample->image.height()});
    split.image_files.emplace_back();
    split.image_checksums.push_back(fnv1a(split.coco.images.back().file_name));
    for (const LabelledBox& object : sample->objects)
      split.coco.annotations.push_back({static_cast<std::int64_t>(split.coco.annotations.size()) + 1, i,
                                        object.label + 1, to_coco(object.box), object.box.area(), false, false});
  }
  return split;
}

}  // namespace amdefect
