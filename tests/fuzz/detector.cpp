#include "amdefect/detection/open_detector.hpp"
#include "fuzz_target.hpp"
#include "metadata_file.hpp"

namespace {

using namespace amdefect;

/// The description in a detector's file. One that needs no weights looks at a picture.
void fuzz_detector(std::span<const std::uint8_t> input) {
  const auto detector = open_detector(safetensors_in_memory({}, {{description_key, std::string(text_of(input))}}));
  if (detector->channels() > 4) return;
  Tensor<std::uint8_t> image({9, 12, detector->channels()});
  for (Index i = 0; i < image.size(); ++i) image.view()[i] = static_cast<std::uint8_t>(i * i % 251);
  static_cast<void>(detector->detect(PixelView(image.view()), {}));
  promise(parse_json(detector->description().to_text(), "again") == detector->description());
}

const RegisterFuzzTarget detector_target("detector", fuzz_detector);

}  // namespace
