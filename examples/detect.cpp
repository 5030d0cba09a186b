// Finds objects in a picture with a detector that `amdefect train --model dense-n` wrote.
#include <amdefect/data/image_io.hpp>
#include <amdefect/detection/dense/dense_detector.hpp>
#include <iostream>

using namespace amdefect;

int main(int argc, char** argv) try {
  require(argc == 3, "usage: detect WEIGHTS.safetensors PICTURE");
  const auto detector = load_detector(argv[1]);
  const Image image = load_image(argv[2]);  // or any TensorView of bytes, [height, width, channels]
  for (const auto& [box, score, label] : detector->detect(pixels(image)))
    std::cout << detector->labels().class_names[static_cast<std::size_t>(label)] << ' ' << score << ": x " << box.x1
              << " to " << box.x2 << ", y " << box.y1 << " to " << box.y2 << '\n';
} catch (const std::exception& error) {
  std::cerr << "detect: " << error.what() << '\n';
  return 1;
}
