#pragma once

#include "amdefect/nn/layers.hpp"
#include "amdefect/nn/network.hpp"

namespace amdefect {

/// The dual-head network of Bassey (IJISRT 10(4), 2025): 1,632,408 parameters for 4 classes.
///
/// Input [batch, size, size, channels], values in [0, 1]. Outputs: `classification`, logits [batch, 100, classes], and
/// `regression`, boxes x_min, y_min, x_max, y_max [batch, 100, 4] as fractions of the image. Note that the activation
/// comes before the batch norm, as published.
template <class T>
Network<T> paper_network(Index classes = 4, Index size = 416, Index channels = 3) {
  constexpr Index slots = 100, anchors = 15;
  Network<T> net;
  Value x = net.input({size, size, channels}, "image");
  for (const Index block : {1, 2, 3}) {
    const std::string number = std::to_string(block);
    x = net.add(Conv2d<T>(Index{32} << block, {.kernel = 3, .stride = 2}), x, "conv" + number);
    x = net.add(Relu<T>(), x, "relu" + number);
    x = net.add(BatchNorm<T>(), x, "bn" + number);
  }
  const auto head = [&](const std::string& name, Index width, bool sigmoid) {
    Value h = net.add(Conv2d<T>(256, {.kernel = 3}), x, name + "_conv1");
    h = net.add(Relu<T>(), h, name + "_relu");
    h = net.add(Conv2d<T>(anchors * width), h, name + "_conv2");
    if (sigmoid) h = net.add(Sigmoid<T>(), h, name + "_sigmoid");
    h = net.add(GlobalAveragePool<T>(), h, name + "_gap");
    h = net.add(Dense<T>(slots * width), h, name + "_dense");
    return net.add(Reshape<T>({slots, width}), h, name + "_reshape");
  };
  net.output(head("cls", classes, true), "classification");
  net.output(head("reg", 4, false), "regression");
  return net;
}

}  // namespace amdefect
