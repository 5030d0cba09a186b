#include "amdefect/image/image_header.hpp"
#include "fuzz_target.hpp"

namespace {

/// The orientation in an EXIF block; damaged ones are passed over in silence.
void fuzz_exif(std::span<const std::uint8_t> input) {
  const int orientation = amdefect::detail::read_exif_orientation(input);
  promise(orientation >= 0 && orientation <= 65535);
}

const RegisterFuzzTarget exif_target("exif", fuzz_exif);

}  // namespace
