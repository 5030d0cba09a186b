// The part of stb_before.cpp and stb_after.cpp that does not depend on the order of their includes.
#include <cstdint>

namespace own_stb {

/// Two pixels, black above white. The program's own stb turns everything upside down; amdefect's must not.
inline bool is_apart() {
  stbi_set_flip_vertically_on_load(1);
  stbi_flip_vertically_on_write(1);
  amdefect::Image image(2, 1, 3);
  for (amdefect::Index c = 0; c < 3; ++c) image(1, 0, c) = 255;
  const amdefect::Bytes png = amdefect::encode_png(image);
  if (amdefect::decode_image(png, "two pixels") != image) return false;
  int width = 0, height = 0, channels = 0;
  std::uint8_t* const own =
      stbi_load_from_memory(png.data(), static_cast<int>(png.size()), &width, &height, &channels, 3);
  const bool turned = own != nullptr && width == 1 && height == 2 && own[0] == 255 && own[3] == 0;
  stbi_image_free(own);
  return turned;
}

}  // namespace own_stb
