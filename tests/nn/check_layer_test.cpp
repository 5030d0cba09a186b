// A layer overrides the functions of `Layer` and hides those of `Operation` with lists of inputs: no compiler may warn.
#pragma GCC diagnostic error "-Woverloaded-virtual"
#include "amdefect/nn/check_layer.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "amdefect/nn/layers.hpp"

using namespace amdefect;

namespace {

/// y = scale x with a switch for each way to break the contract.
enum class Fault {
  none,
  wrong_gradient,
  overwrites_parameter,
  adds_to_dx,
  partial_dx,
  reads_input,
  prepares_another,
  prepares_nothing,
  prepares_too_much,
  recomputes_another
};

class FaultyScale : public Layer<double> {
 public:
  explicit FaultyScale(Fault fault) : fault_(fault) {}
  std::string kind() const override { return "faulty_scale"; }
  Shape output_shape(const Shape& input) const override { return input; }
  std::vector<ParameterSpec> parameters(const Shape&) const override {
    return {{.name = "scale", .shape = {1}, .initializer = Initializer::ones}};
  }
  PreparedRequest prepared(const Shape&, const Execution&) const override { return {.bytes = sizeof(double)}; }
  void prepare(Context<double>& context, const Shape&, std::byte* to) const override {
    auto* const scale = reinterpret_cast<double*>(to);
    if (fault_ != Fault::prepares_nothing) *scale = context.parameter(0)[0];
    if (fault_ == Fault::prepares_another) *scale *= 1.001;
    if (fault_ == Fault::prepares_too_much) scale[1] = 0;
  }
  MemoryTraits traits() const override { return {.needs_input = fault_ != Fault::reads_input, .recompute = true}; }
  void forward(Context<double>& context, TensorView<const double> x, TensorView<double> y) const override {
    const auto* const prepared = context.prepared<double>();
    y.array() = x.array() * (prepared ? *prepared : context.parameter(0)[0]);
  }
  void recompute(Context<double>& context, TensorView<const double> x, TensorView<double> y) const override {
    forward(context, x, y);
    if (fault_ == Fault::recomputes_another) y[0] *= 1.001;
  }
  void backward(Context<double>& context, TensorView<const double> x, TensorView<const double>,
                TensorView<const double> dy, TensorView<double> dx) const override {
    const double gradient = (x.array() * dy.array()).sum();
    double& total = context.gradient(0)[0];
    total = fault_ == Fault::overwrites_parameter ? gradient : total + gradient;
    if (dx.empty()) return;
    const double scale = context.parameter(0)[0] * (fault_ == Fault::wrong_gradient ? 1.001 : 1);
    if (fault_ == Fault::adds_to_dx) {
      dx.array() += dy.array() * scale;
    } else {
      dx.array() = dy.array() * (fault_ == Fault::reads_input ? scale + 0 * x.array() : scale + 0 * dy.array());
    }
    if (fault_ == Fault::partial_dx) dx[0] = std::numeric_limits<double>::quiet_NaN();
  }

 private:
  Fault fault_;
};

}  // namespace

TEST_CASE("the layer checker finds every fault it is made for") {
  CHECK(check_layer(FaultyScale(Fault::none), {{3, 5}}).passed());
  for (const Fault fault :
       {Fault::wrong_gradient, Fault::overwrites_parameter, Fault::adds_to_dx, Fault::partial_dx, Fault::reads_input}) {
    CAPTURE(static_cast<int>(fault));
    CHECK_FALSE(check_layer(FaultyScale(fault), {{3, 5}}).passed());
  }
  const auto failures = [](Fault fault) { return check_layer(FaultyScale(fault), {{3, 5}}).failures; };
  const std::vector<std::string> differs{"faulty_scale: forward with prepared weights differs from forward without"};
  CHECK(failures(Fault::prepares_another) == differs);
  CHECK(failures(Fault::prepares_nothing) == differs);
  CHECK(failures(Fault::prepares_too_much) ==
        std::vector<std::string>{"faulty_scale: prepare writes more bytes than prepared() asks for"});
  CHECK(failures(Fault::recomputes_another) ==
        std::vector<std::string>{"faulty_scale: y computed again differs from that of forward"});
}
