#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/data/augment.hpp"
#include "amdefect/data/sample.hpp"
#include "amdefect/image/zoom.hpp"
#include "amdefect/io/json_value.hpp"

namespace amdefect {

/// The samples of another source, zoomed: images and boxes alike, as a detector with this zoom sees them.
template <PixelType P>
class BasicZoomedSource final : public BasicSampleSource<P> {
 public:
  /// @throws Error for a zoom that cannot be meant.
  BasicZoomedSource(std::shared_ptr<const BasicSampleSource<P>> source, double zoom)
      : source_(std::move(source)), zoom_(zoom) {
    check_zoom(zoom);
  }

  Index size() const override { return source_->size(); }
  std::shared_ptr<const BasicSample<P>> load(Index index) const override {
    const std::shared_ptr<const BasicSample<P>> original = source_->load(index);
    return std::make_shared<BasicSample<P>>(
        resize(*original, zoomed_side(original->image.height(), zoom_), zoomed_side(original->image.width(), zoom_)));
  }
  std::string name(Index index) const override { return source_->name(index); }
  /// Without reading the image, whose sides are rounded: to within half a pixel what `load` gives.
  std::vector<LabelledBox> objects(Index index) const override {
    std::vector<LabelledBox> objects = source_->objects(index);
    for (LabelledBox& object : objects)
      for (double* edge : {&object.box.x1, &object.box.y1, &object.box.x2, &object.box.y2}) *edge *= zoom_;
    return objects;
  }
  std::vector<std::vector<Index>> blocks() const override { return source_->blocks(); }
  std::string key(Index index) const override {
    return concat(source_->key(index), "|zoom ", JsonValue(zoom_).to_text());
  }

 private:
  std::shared_ptr<const BasicSampleSource<P>> source_;
  double zoom_;
};

}  // namespace amdefect
