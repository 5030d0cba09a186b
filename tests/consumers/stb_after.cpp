// A program that includes its own stb with an implementation below amdefect's headers.
#include <amdefect/image/draw_text.hpp>
#include <amdefect/image/image_io.hpp>

#if defined(STB_IMAGE_IMPLEMENTATION) || defined(STBI_INCLUDE_STB_IMAGE_H) || defined(STBI_ONLY_JPEG) || \
    defined(STBIDEF) || defined(STBIWDEF) || defined(INCLUDE_STB_IMAGE_WRITE_H)
#error "amdefect leaves macros of stb behind"
#endif
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb_easy_font.h>
#include <stb_image.h>
#include <stb_image_write.h>

#include "own_stb.hpp"

int main() {
  char text[] = "text";
  const amdefect::Index width = amdefect::text_width("text");
  stb_easy_font_spacing(5);
  return own_stb::is_apart() && amdefect::text_width("text") == width && stb_easy_font_width(text) != width ? 0 : 1;
}
