#include <amdefect/coco/coco_json.hpp>
#include <amdefect/image/image_io.hpp>

/// That this compiles and links is the test: amdefect::data brings nlohmann/json and stb.
int main() {
  try {
    static_cast<void>(amdefect::load_image("no such file.png"));
  } catch (const amdefect::FileError&) {
    return 0;
  }
  return 1;
}
