#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "amdefect/coco/coco_split.hpp"
#include "amdefect/data/extra_channels.hpp"
#include "amdefect/data/sample.hpp"
#include "amdefect/image/image_io.hpp"
#include "amdefect/io/file_key.hpp"

namespace amdefect {

/// How the images and boxes of a CocoSource are read.
struct CocoSourceOptions {
  /// `rgb` or `grey`.
  ImageChannels channels = ImageChannels::rgb;
  /// Folders with one more picture of the same scene each, a grey channel behind red, green and blue; see
  /// `extra_image_file`.
  std::vector<std::string> extra_image_folders{};
  /// Added to all coordinates of the boxes: 0.5 for annotations that are indices of pixels, not their edges.
  double box_offset = 0;
};

/// The images of a split as they are on disk, upright, with their boxes. Class index: the position of the category in
/// ascending order of ids, unused ones included. Crowd annotations (groups of objects) are left out.
template <PixelType P>
class BasicCocoSource final : public BasicSampleSource<P> {
  static_assert(!std::same_as<P, float>, "image files hold values of 8 or 16 bits");

 public:
  /// @throws FileError for a missing picture of an extra channel, Error for options without meaning.
  explicit BasicCocoSource(const CocoSplit& split, const CocoSourceOptions& options = {})
      : annotation_file_(split.annotation_file), folder_(split.folder), images_(split.coco.images), options_(options) {
    require(options.channels == ImageChannels::rgb ||
                (options.channels == ImageChannels::grey && options.extra_image_folders.empty()),
            "data source: images are read as rgb or grey, and extra channels need rgb");
    std::unordered_map<std::int64_t, Index> labels;
    for (const CocoCategory& category : split.coco.categories)
      labels.emplace(category.id, static_cast<Index>(labels.size()));
    std::unordered_map<std::int64_t, std::size_t> positions;
    for (std::size_t i = 0; i < images_.size(); ++i) {
      positions.emplace(images_[i].id, i);
      files_.push_back({split.image_files[i]});
      for (const std::string& folder : options.extra_image_folders) files_.back().push_back(extra_file(i, folder));
    }
    objects_.resize(images_.size());
    for (const CocoAnnotation& annotation : split.coco.annotations) {
      if (annotation.crowd) continue;
      Box box = to_corners(annotation.box);
      for (double* edge : {&box.x1, &box.y1, &box.x2, &box.y2}) *edge += options.box_offset;
      objects_[positions.at(annotation.image_id)].push_back({box, labels.at(annotation.category_id)});
    }
  }

  Index size() const override { return static_cast<Index>(images_.size()); }
  /// Channels of every image.
  Index channels() const {
    return (options_.channels == ImageChannels::rgb ? 3 : 1) + static_cast<Index>(options_.extra_image_folders.size());
  }
  const CocoImage& image(Index index) const { return images_[static_cast<std::size_t>(index)]; }
  const std::filesystem::path& file(Index index) const { return files_[static_cast<std::size_t>(index)].front(); }
  /// The objects of an image, without reading it.
  std::vector<LabelledBox> objects(Index index) const override { return objects_[static_cast<std::size_t>(index)]; }

  std::shared_ptr<const BasicSample<P>> load(Index index) const override {
    auto sample = std::make_shared<BasicSample<P>>();
    const auto& files = files_[static_cast<std::size_t>(index)];
    sample->image = load_image_as<P>(files.front(), options_.channels);
    check_size(index, sample->image);
    for (std::size_t i = 1; i < files.size(); ++i)
      sample->image = stack_channels(sample->image, load_extra_channel(files[i], files.front(), sample->image));
    sample->objects = objects(index);
    return sample;
  }

  /// @throws FileError if an image has not the size that its entry says: the boxes would be in the wrong places.
  void check_size(Index index, const BasicImage<P>& image) const {
    const CocoImage& entry = images_[static_cast<std::size_t>(index)];
    const bool unknown = entry.width == 0 || entry.height == 0;
    require<FileError>(unknown || (entry.width == image.width() && entry.height == image.height()),
                       where(static_cast<std::size_t>(index)), ": is ", entry.width, 'x', entry.height,
                       " by its entry, but ", file(index).string(), " is ", detail::size_text(image), " when upright");
  }

  std::string name(Index index) const override { return file(index).string(); }
  std::string key(Index index) const override {
    std::string key = options_.channels == ImageChannels::rgb ? "rgb" : "grey";
    if (sizeof(P) > 1) key += " 16 bits";
    for (const std::filesystem::path& file : files_[static_cast<std::size_t>(index)]) key += '|' + file_key(file);
    return key + objects_key(objects(index));
  }

 private:
  std::string where(std::size_t index) const {
    return concat(annotation_file_.string(), ": images[", index, "] (id ", images_[index].id, ")");
  }

  std::filesystem::path extra_file(std::size_t index, const std::string& folder) const {
    return require_extra_image_file(where(index), files_[index].front(), folder, folder_);
  }

  std::filesystem::path annotation_file_, folder_;
  std::vector<CocoImage> images_;
  std::vector<std::vector<std::filesystem::path>> files_;  // per image: its own, then those of the extra channels
  std::vector<std::vector<LabelledBox>> objects_;
  CocoSourceOptions options_;
};
using CocoSource = BasicCocoSource<std::uint8_t>;

/// Whether the images of a split have 16 bits per value, by its first one. @throws FileError if that cannot be read.
inline bool has_16_bit_images(const CocoSplit& split) {
  return split.image_checksums.empty() && !split.image_files.empty() && is_16_bit_image(split.image_files.front());
}

}  // namespace amdefect
