#include <doctest/doctest.h>

#include "amdefect/nn/layers.hpp"
#include "amdefect/nn/workspace.hpp"

namespace amdefect::layer_condition_test {

// Stands in docs/peregrine.md.
/// Features [..., channels] scaled and shifted by what `numbers` say of the whole picture.
template <class T>
Value condition_by(Network<T>& net, Value features, Value numbers) {
  const Value hidden = net.add(Tanh<T>(), net.add(Dense<T>(16), numbers));
  return net.add(Film<T>(), {features, net.add(Dense<T>(2 * net.shape(features).back()), hidden)});
}

TEST_CASE("numbers of a layer condition the features of its picture") {
  Network<double> net;
  const Value picture = net.input({4, 4, 3}, "picture"), numbers = net.input({2}, "numbers");
  net.output(condition_by(net, net.add(Conv2d<double>(5, {.kernel = 3}), picture), numbers));
  net.initialize(1);
  Workspace<double> workspace(net);
  Tensor<double> pixels({2, 4, 4, 3}), values({2, 2});
  pixels.fill(1);
  const TensorView<const double> inputs[] = {pixels, values};
  workspace.forward(inputs);
  const Index half = workspace.output().size() / 2;
  for (Index i = 0; i < half; ++i) CHECK(workspace.output()[i] == workspace.output()[half + i]);
  values(1, 0) = 0.5;
  workspace.forward(inputs);
  CHECK(workspace.output()[0] != workspace.output()[half]);
}

}  // namespace amdefect::layer_condition_test
