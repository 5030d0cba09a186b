#pragma once

#include <string>
#include <vector>

#include "paper/reference/paper_case.hpp"

namespace amdefect::reference_check {

/// The image of a case of inference: x[n,h,w,c] = ((h*7 + w*13 + c*31) % 256) / 255, with the numbers of the formula.
template <class T>
Tensor<T> formula_image(const ReferenceCase& reference) {
  const std::string formula = reference.text({"input_formula"}, "");
  const auto after = [&](const std::string& mark) {
    const std::size_t place = formula.find(mark);
    const std::vector<Index> numbers =
        place == std::string::npos ? std::vector<Index>{} : ReferenceCase::integers(formula.substr(place));
    return numbers.empty() ? 0 : numbers.front();
  };
  const Index h = after("h*"), w = after("w*"), c = after("c*"), n = after("n*"), modulus = after("%"),
              scale = after("/");
  require(modulus > 0 && scale > 0, "attribute input_formula: cannot read '", formula, "'");
  const auto side = [&](const char* name, double otherwise) {
    return static_cast<Index>(reference.number({name}, otherwise));
  };
  Tensor<T> x(Shape{side("batch", 1), side("height", 416), side("width", 416), 3});
  Index flat = 0;
  for (Index image = 0; image < x.dim(0); ++image)
    for (Index row = 0; row < x.dim(1); ++row)
      for (Index column = 0; column < x.dim(2); ++column)
        for (Index channel = 0; channel < x.dim(3); ++channel) {
          const Index number = (image * n + row * h + column * w + channel * c) % modulus;
          x[flat++] = static_cast<T>(static_cast<float>(number) / static_cast<float>(scale));
        }
  return x;
}

/// Inference with the initial and the final weights on an image that a formula describes.
template <class T>
void check_network_inference(Check<T>& check) {
  const Tensor<T> x = check->has("x") ? check.tensor("x") : formula_image<T>(*check);
  if (check->has("x_corner")) {
    const Shape corner = check->file().entry("x_corner").shape;
    Tensor<T> pixels(corner);
    for (Index row = 0; row < corner[0]; ++row)
      for (Index column = 0; column < corner[1]; ++column)
        for (Index channel = 0; channel < corner[2]; ++channel)
          pixels(row, column, channel) = x(0, row, column, channel);
    check.compare("x_corner", pixels, {0, 0});
  }
  const auto run = [&](const Network<T>& net, const char* prefix) {
    Workspace<T> workspace(net);
    workspace.forward(x);
    compare_outputs(check, workspace, prefix);
  };
  run(initial_paper_network<T>(*check, x.shape(), true), "");
  if (check->find({"final_weights_file"}))
    run(load_paper_network<T>(weights_path(*check, "final_weights_file"), x.shape(), true), "final_");
  check.require_all_compared({"x"});
}

}  // namespace amdefect::reference_check
