#pragma once

#include "amdefect/nn/layers.hpp"
#include "amdefect/nn/network.hpp"

namespace amdefect {

/// A convolutional network for images [size, size, 3] with most kinds of layers, whose features two heads share:
/// `classes` and `boxes`, each [12, 4].
template <class T>
Network<T> two_headed_network(Index size) {
  Network<T> net;
  Value x = net.input({size, size, 3});
  for (const Index channels : {16, 32}) {
    x = net.add(Relu<T>(), net.add(Conv2d<T>(channels, {.kernel = 3, .stride = 2}), x));
    x = net.add(BatchNorm<T>(), x);
  }
  const auto head = [&](const char* name, bool sigmoid) {
    Value h = net.add(Conv2d<T>(20), net.add(Relu<T>(), net.add(Conv2d<T>(32, {.kernel = 3}), x)));
    if (sigmoid) h = net.add(Sigmoid<T>(), h);
    h = net.add(Dense<T>(48), net.add(GlobalAveragePool<T>(), h));
    net.output(net.add(Reshape<T>({12, 4}), h), name);
  };
  head("classes", true);
  head("boxes", false);
  return net;
}

}  // namespace amdefect
