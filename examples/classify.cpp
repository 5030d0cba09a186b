// Prints the five likeliest ImageNet classes of an image: classify resnet50 resnet50-0676ba61.pth IMAGE
#include <cstdio>
#include <exception>

#include "amdefect/image/centre_crop.hpp"
#include "amdefect/image/image_io.hpp"
#include "amdefect/image/pixel_scaling.hpp"
#include "amdefect/models/imagenet_names.hpp"
#include "amdefect/models/published.hpp"
#include "amdefect/models/published_weights.hpp"
#include "amdefect/models/top_classes.hpp"
#include "amdefect/nn/predict.hpp"

int main(int argc, char** argv) try {
  if (argc != 4) return std::fprintf(stderr, "usage: classify MODEL WEIGHTS IMAGE\n"), 2;
  amdefect::Network network = amdefect::published_network(argv[1]);
  amdefect::load_published_weights(argv[2], network.parameters());
  const amdefect::Image image = amdefect::centre_crop(amdefect::load_image(argv[3]), 256, 224);
  amdefect::Tensor<float> x({1, 224, 224, 3});
  amdefect::scale_pixels(amdefect::pixels(image), x.reshape({224, 224, 3}), 0, 0, amdefect::imagenet_scaling());
  const amdefect::Tensor<float> logits = amdefect::predict(network, x);
  for (const auto& [label, probability] : amdefect::top_classes<float>(logits, 5))
    std::printf("%5.1f %%  %s\n", 100 * probability, amdefect::imagenet_names[std::size_t(label)]);
} catch (const std::exception& error) {
  std::fprintf(stderr, "classify: %s\n", error.what());
  return 1;
}
