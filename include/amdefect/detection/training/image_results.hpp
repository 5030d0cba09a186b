#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "amdefect/boxes/detection.hpp"
#include "amdefect/boxes/labelled_box.hpp"
#include "amdefect/distributed/share.hpp"

namespace amdefect {

/// What is in an image and what was found there.
struct ImageResults {
  std::vector<LabelledBox> objects;
  std::vector<Detection> detections;

  friend bool operator==(const ImageResults&, const ImageResults&) = default;
};

namespace detail {

/// As numbers, image after image: how many objects, how many detections, then box, class and, of detections, score.
inline std::vector<double> to_numbers(const std::vector<ImageResults>& images) {
  std::vector<double> numbers;
  const auto add = [&](const Box& box, Index label) {
    numbers.insert(numbers.end(), {box.x1, box.y1, box.x2, box.y2, static_cast<double>(label)});
  };
  for (const ImageResults& image : images) {
    numbers.push_back(static_cast<double>(image.objects.size()));
    numbers.push_back(static_cast<double>(image.detections.size()));
    for (const LabelledBox& object : image.objects) add(object.box, object.label);
    for (const Detection& detection : image.detections) {
      add(detection.box, detection.label);
      numbers.push_back(detection.score);
    }
  }
  return numbers;
}

inline std::vector<ImageResults> from_numbers(const std::vector<double>& numbers) {
  std::vector<ImageResults> images;
  const double* at = numbers.data();
  const auto box = [&] {
    const Box read{at[0], at[1], at[2], at[3]};
    at += 4;
    return read;
  };
  while (at < numbers.data() + numbers.size()) {
    ImageResults image;
    image.objects.resize(static_cast<std::size_t>(*at++));
    image.detections.resize(static_cast<std::size_t>(*at++));
    for (LabelledBox& object : image.objects) object = {box(), static_cast<Index>(*at++)};
    for (Detection& detection : image.detections) {
      detection.box = box();
      detection.label = static_cast<Index>(*at++);
      detection.score = *at++;
    }
    images.push_back(std::move(image));
  }
  return images;
}

}  // namespace detail

/// The results of all images, of which process r of a group has numbers r, r + size, ... The same on all.
inline std::vector<ImageResults> gather_results(ProcessGroup& group, const std::vector<ImageResults>& own) {
  std::vector<std::vector<ImageResults>> parts;
  std::size_t count = 0;
  for (const std::vector<double>& numbers : gather(group, detail::to_numbers(own))) {
    parts.push_back(detail::from_numbers(numbers));
    count += parts.back().size();
  }
  std::vector<ImageResults> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(std::move(parts[i % parts.size()].at(i / parts.size())));
  return all;
}

}  // namespace amdefect
