#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "amdefect/inspect/image_survey.hpp"

namespace amdefect {

/// In which way an image of one split is in another one as well, so that an evaluation on it is too good.
enum class LeakKind : std::size_t { same_file, same_picture, same_source };
inline constexpr std::array<const char*, 3> leak_names = {"the same file",
                                                          "nearly the same picture, encoded or scaled anew",
                                                          "copies of the same source by their names (before .rf.)"};

/// Positions of the two images in their splits.
struct Leak {
  LeakKind kind = LeakKind::same_file;
  std::size_t first = 0, second = 0;
};

namespace detail {

/// Roboflow names the copies it makes of cat.jpg cat_jpg.rf.HASH.jpg. Empty for other names.
inline std::string source_name(const std::string& file_name) {
  const std::string name = file_name.substr(file_name.find_last_of("/\\") + 1);
  const std::size_t end = name.find(".rf.");
  return end == std::string::npos ? "" : name.substr(0, end);
}

/// Correlation in [-1, 1] of what two pictures show beyond their coarse distribution of light, which all pictures of a
/// microscope share: of their 128 x 128 grey versions less the 16 x 16 ones. 0 where a picture has no detail.
inline double detail_correlation(const Image& a, const Image& b) {
  constexpr Index side = 128, coarse = 16;
  constexpr double least_variance = 0.05;  // of grey levels: below it there are only rounding errors
  const auto details = [](const Image& image) {
    const Image fine = small_grey(image, side), light = resize(resize(fine, coarse, coarse), side, side);
    std::vector<double> values(fine.bytes().size());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = fine.bytes()[i] - light.bytes()[i];
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    for (double& value : values) value -= mean;
    return values;
  };
  const std::vector<double> x = details(a), y = details(b);
  const auto covariance = [](const std::vector<double>& p, const std::vector<double>& q) {
    return std::inner_product(p.begin(), p.end(), q.begin(), 0.0) / static_cast<double>(p.size());
  };
  const double xx = covariance(x, x), yy = covariance(y, y);
  return std::min(xx, yy) < least_variance ? 0 : covariance(x, y) / std::sqrt(xx * yy);
}

/// Finds the images of one split again.
class LeakFinder {
 public:
  /// Both must outlive the finder.
  LeakFinder(const CocoSplit& split, const std::vector<SurveyedImage>& images) : split_(split), images_(images) {
    for (std::size_t i = 0; i < images.size(); ++i) {
      if (const std::string source = source_name(split.coco.images[i].file_name); !source.empty())
        sources_.emplace(source, i);
      if (!images[i].fault.empty()) continue;
      files_.emplace(std::pair(images[i].bytes, images[i].checksum), i);
      by_brightness_.emplace_back(brightness(images[i].thumbnail), i);
    }
    std::sort(by_brightness_.begin(), by_brightness_.end());
  }

  std::optional<Leak> find(const CocoSplit& other, const SurveyedImage& image, std::size_t position) const {
    const std::filesystem::path& file = other.image_files[position];
    if (const auto same = same_file(image, file)) return Leak{LeakKind::same_file, *same, position};
    if (const auto same = same_picture(image, file)) return Leak{LeakKind::same_picture, *same, position};
    const auto same = sources_.find(source_name(other.coco.images[position].file_name));
    if (same == sources_.end()) return std::nullopt;
    return Leak{LeakKind::same_source, same->second, position};
  }

 private:
  // Measured on the LPBF set: thumbnails of pictures saved again differ by at most 1.2 grey levels (JPEG of quality 30;
  // 0.5 at half the size); but so do those of many different pictures of plain surfaces. The details of those have
  // correlations below 0.16, of pictures saved again 0.82 and more.
  static constexpr int thumbnail_tolerance = 3;
  static constexpr double least_correlation = 0.6;

  static int brightness(const Thumbnail& thumbnail) { return std::accumulate(thumbnail.begin(), thumbnail.end(), 0); }
  static int distance(const Thumbnail& a, const Thumbnail& b) {
    int sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b[i]);
    return sum;
  }

  std::optional<std::size_t> same_file(const SurveyedImage& image, const std::filesystem::path& file) const {
    const auto found = files_.find({image.bytes, image.checksum});
    if (!image.fault.empty() || found == files_.end()) return std::nullopt;
    if (read_bytes(split_.image_files[found->second]) != read_bytes(file)) return std::nullopt;
    return found->second;
  }

  /// The image with the nearest thumbnail, if the whole pictures agree as well.
  std::optional<std::size_t> same_picture(const SurveyedImage& image, const std::filesystem::path& file) const {
    if (!image.fault.empty()) return std::nullopt;
    std::optional<std::size_t> nearest;
    int limit = thumbnail_tolerance * static_cast<int>(image.thumbnail.size());
    const int light = brightness(image.thumbnail), lowest = light - limit, highest = light + limit;
    auto candidate = std::lower_bound(by_brightness_.begin(), by_brightness_.end(), std::pair(lowest, std::size_t{0}));
    for (; candidate != by_brightness_.end() && candidate->first <= highest; ++candidate) {
      const int away = distance(images_[candidate->second].thumbnail, image.thumbnail);
      if (away >= limit) continue;
      limit = away;
      nearest = candidate->second;
    }
    if (!nearest) return std::nullopt;
    const Image first = load_image(split_.image_files[*nearest]), second = load_image(file);
    return detail_correlation(first, second) >= least_correlation ? nearest : std::nullopt;
  }

  const CocoSplit& split_;
  const std::vector<SurveyedImage>& images_;
  std::map<std::pair<std::size_t, std::uint32_t>, std::size_t> files_;
  std::unordered_map<std::string, std::size_t> sources_;
  std::vector<std::pair<int, std::size_t>> by_brightness_;
};

}  // namespace detail

/// The images of `b` that are in `a` as well, each with its first partner there, in the most certain of the ways that
/// hold; `in_a` and `in_b` are what `survey_images` has found. @throws FileError for a file that has changed since.
inline std::vector<Leak> find_leaks(const CocoSplit& a, const std::vector<SurveyedImage>& in_a, const CocoSplit& b,
                                    const std::vector<SurveyedImage>& in_b) {
  const detail::LeakFinder finder(a, in_a);
  std::vector<Leak> leaks;
  for (std::size_t i = 0; i < in_b.size(); ++i)
    if (const auto leak = finder.find(b, in_b[i], i)) leaks.push_back(*leak);
  return leaks;
}

}  // namespace amdefect
