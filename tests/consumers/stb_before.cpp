// A program with a copy of stb of its own, and settings that would cripple amdefect's, included first.
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_ONLY_PNG
#define STBI_NO_FAILURE_STRINGS
#define STBI_NO_STDIO
#include <stb_easy_font.h>
#include <stb_image.h>
#include <stb_image_write.h>

#include <amdefect/image/draw_text.hpp>
#include <amdefect/image/image_io.hpp>

#include "own_stb.hpp"

#ifndef STBI_NO_FAILURE_STRINGS
#error "amdefect changed a macro of the program's"
#endif

int main() {
  const amdefect::Index width = amdefect::text_width("text");
  stb_easy_font_spacing(5);
  return own_stb::is_apart() && amdefect::text_width("text") == width ? 0 : 1;
}
