#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "amdefect/models/efficientnet.hpp"
#include "amdefect/models/mobilenet_v2.hpp"
#include "amdefect/models/resnet.hpp"
#include "amdefect/models/torchvision_names.hpp"
#include "amdefect/models/vision_transformer.hpp"
#include "amdefect/nn/weights.hpp"
#include "amdefect/nn/workspace.hpp"
#include "reference_check/check.hpp"

namespace amdefect::reference_check {

inline constexpr Tolerance model_inference{1e-9, 1e-4}, model_gradient{1e-9, 1e-3};
/// What files hold in float32 is known to so much.
inline constexpr double rounded_file = 1e-6;

/// A published network with the weights of a case, `model.*` by torchvision's names.
template <class T>
class ModelCase {
 public:
  explicit ModelCase(const ReferenceCase& reference) : case_(reference), x_(reference.file().tensor<T>("x")) {
    build();
    load_weights(reference.file(), network_.parameters(),
                 {.name_in_file = [](std::string_view name) { return "model." + torchvision_name(name); },
                  .layout = pytorch_layout,
                  .ignore =
                      [](std::string_view name) {
                        return !name.starts_with("model.") || name.ends_with("num_batches_tracked");
                      }});
  }

  /// Results by their names in the file, as far as they are there.
  using Results = std::map<std::string, Tensor<T>>;

  Results infer() {
    Results results;
    Workspace<T> workspace(network_);
    workspace.forward(x_);
    for (std::size_t i = 0; i < network_.outputs().size(); ++i)
      add(results, network_.outputs()[i].name, workspace.output(i));
    return results;
  }

  /// A training step: logits, gradients and the statistics after it.
  Results train() {
    Results results;
    Workspace<T> workspace = Workspace<T>::for_training(network_, {}, 0, true);
    workspace.forward(x_);
    add(results, "train.y", workspace.output(0));
    for (std::size_t i = 0; i < network_.outputs().size(); ++i) workspace.output_gradient(i).fill(T{0});
    copy<T>(case_.file().tensor<T>("train.dy"), workspace.output_gradient(0));
    workspace.backward();
    add(results, "train.dx", workspace.input_gradient(0));
    for (const Parameter& p : network_.parameters().list()) {
      const TensorView<const T> values =
          p.statistic ? std::as_const(network_).parameters().value(p) : network_.parameters().gradient(p);
      add(results, (p.statistic ? "after." : "grad.") + torchvision_name(p.name), values, pytorch_layout(p));
    }
    return results;
  }

  /// Moves every weight up or down by at most that part of itself.
  void disturb_weights(std::uint64_t seed, double amount) {
    Random random(seed);
    for (T& value : network_.parameters().values()) value *= static_cast<T>(1 + random.uniform(-amount, amount));
  }

 private:
  void build() {
    const Value image = network_.input(x_.shape().sample(), "image");
    const std::string model = case_.text({"model"}, "");
    const bool small = case_.text({"variant"}, "") == "small";
    const Index classes = case_.file().entry("infer.y").shape.back();
    if (model == "vit_b_16") return add_transformer(image, small, classes);
    const auto outputs = [&](const ModelOutput& output, std::vector<std::string> names) {
      network_.output(*output.logits, "infer.y");
      for (std::size_t i = 0; i < names.size(); ++i) network_.output(output.levels.at(i).value, "infer." + names[i]);
    };
    if (model == "mobilenet_v2")
      return outputs(mobilenet_v2(network_, image, {.width = small ? 0.25 : 1, .classes = classes, .dropout = 0}),
                     {"features.3", "features.6", "features.13", "features.18"});
    if (model == "efficientnet_b0")
      return outputs(efficientnet_b0(network_, image,
                                     {.width = small ? 0.25 : 1,
                                      .last_channels = small ? 128 : 0,
                                      .classes = classes,
                                      .dropout = 0,
                                      .stochastic_depth = 0}),
                     {"features.2", "features.3", "features.5", "features.8"});
    const std::vector<std::string> layers{"layer1", "layer2", "layer3", "layer4"};
    if (model == "resnet18") return outputs(resnet18(network_, image, {.classes = classes}), layers);
    require(model == "resnet50", "this program does not know the model '", model, "'");
    ResNetOptions options{.classes = classes};
    if (small) options.blocks = {1, 2, 1, 1}, options.width_per_group = 16;
    outputs(resnet50(network_, image, options), layers);
  }

  void add_transformer(Value image, bool small, Index classes) {
    VisionTransformerOptions options{.classes = classes};
    if (small) options.layers = 2, options.heads = 4, options.width = 48, options.mlp = 96;
    const TransformerOutput output = vit_b_16(network_, image, options);
    network_.output(*output.logits, "infer.y");
    network_.output(output.tokens, "infer.encoder.ln");
    for (std::size_t i = 0; i + 1 < output.layers.size(); ++i)
      network_.output(output.layers[i], concat("infer.encoder.layers.encoder_layer_", i));
  }

  void add(Results& results, const std::string& name, TensorView<const T> values,
           WeightLayout layout = WeightLayout::same) const {
    if (case_.has(name)) results.emplace(name, to_layout(values, layout));
  }
  /// A parameter as PyTorch stores it.
  static Tensor<T> to_layout(TensorView<const T> values, WeightLayout layout) {
    Tensor<T> result(detail::shape_in_layout(values.shape(), layout));
    if (layout == WeightLayout::same) {
      copy<T>(values, result);
      return result;
    }
    const Index out = values.shape().back(), in = values.shape()[values.rank() - 2];
    const Index pixels = values.size() / (in * out);
    for (Index p = 0; p < pixels; ++p)
      for (Index i = 0; i < in; ++i)
        for (Index o = 0; o < out; ++o) result[(o * in + i) * pixels + p] = values[(p * in + i) * out + o];
    return result;
  }

  const ReferenceCase& case_;
  Network<T> network_;
  Tensor<T> x_;
};

/// The largest element of all gradients of a case.
inline double largest_gradient(const ReferenceCase& reference) {
  double largest = 0;
  for (const TensorEntry& entry : reference.file().entries())
    if (entry.name.starts_with("grad."))
      largest = std::max(largest, reference.file().tensor<double>(entry.name).array().abs().maxCoeff());
  return largest;
}

/// What the gradients and logits of a training step deviate by, by their names. A tensor of the file below 1e-12 of the
/// largest gradient is compared with that: the bias of a batch norm before another one has no gradient but rounding.
template <class T>
std::map<std::string, double> training_errors(const Check<T>& check, ModelCase<T>& model) {
  const double scale = largest_gradient(*check);
  std::map<std::string, double> errors;
  for (const auto& [name, values] : model.train())
    errors[name] = check.relative_error(name, values, 1e-12 * scale, scale);
  return errors;
}

/// How far gradients in float32 may be off where a ReLU's input is within rounding of its corner, so that it passes its
/// gradient in one precision and not in the other: twice what they change by in float64 when the weights are moved so
/// little that the logits change by about their tolerance. (PyTorch's own float32 misses 1e-3 there, too.)
inline std::map<std::string, double> effect_of_corners(const ReferenceCase& reference) {
  std::map<std::string, double> most;
  const Check<double> check(reference);
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    ModelCase<double> disturbed(reference);
    disturbed.disturb_weights(seed, 0x1p-20);
    for (const auto& [name, error] : training_errors(check, disturbed)) most[name] = std::max(most[name], 2 * error);
  }
  return most;
}

template <class T>
void check_model(Check<T>& check) {
  const auto tolerance_of = [&](const std::string& name, Tolerance tolerance) {
    if (check->file().entry(name).dtype != "F64") tolerance.wide = rounded_file;
    return tolerance;
  };
  ModelCase<T> model(*check);
  for (const auto& [name, values] : model.infer()) check.compare(name, values, tolerance_of(name, model_inference));
  if (!check->has("train.dy")) return;
  const std::map<std::string, double> errors = training_errors(check, model);
  const auto is_gradient = [](const std::string& name) { return name == "train.dx" || name.starts_with("grad."); };
  const bool corners = std::is_same_v<T, float> && std::any_of(errors.begin(), errors.end(), [&](const auto& item) {
                         return is_gradient(item.first) && item.second > model_gradient.narrow;
                       });
  std::map<std::string, double> allowed;
  if (corners) allowed = effect_of_corners(*check);
  for (const auto& [name, error] : errors) {
    Tolerance tolerance = tolerance_of(name, is_gradient(name) ? model_gradient : model_inference);
    if (is_gradient(name)) tolerance.narrow = std::max(tolerance.narrow, allowed[name]);
    check.record(name, error, tolerance);
  }
}

}  // namespace amdefect::reference_check
