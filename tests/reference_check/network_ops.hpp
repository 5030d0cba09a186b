#pragma once

#include <array>
#include <cmath>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "amdefect/io/weights.hpp"
#include "amdefect/losses/losses.hpp"
#include "amdefect/nn/workspace.hpp"
#include "amdefect/optim/adam.hpp"
#include "defect_detector/paper_network.hpp"
#include "reference_check/check.hpp"

namespace amdefect::reference_check {

// The rows of the README's table of tolerances that concern the network.
inline constexpr Tolerance network_outputs{1e-10, 2e-5}, rounded_outputs{1e-6, 2e-5};
inline constexpr Tolerance network_gradients{1e-10, 1e-4}, rounded_gradients{1e-6, 1e-4};
inline constexpr Tolerance loss_tolerance{1e-9, 1e-4}, box_loss_tolerance{1e-9, 5e-4};
inline constexpr Tolerance moving_statistics{1e-10, 2e-5}, final_moving_statistics{1e-6, 2e-3};
inline constexpr Tolerance final_update{1e-5, 4e-2};

/// What the files call the inside of the network, and the node it is.
inline constexpr std::array<std::pair<const char*, const char*>, 7> probes{{{"mid.stage1", "bn1"},
                                                                            {"mid.stage2", "bn2"},
                                                                            {"mid.stage3", "bn3"},
                                                                            {"mid.cls_map", "cls_sigmoid"},
                                                                            {"mid.reg_map", "reg_conv2"},
                                                                            {"mid.cls_gap", "cls_gap"},
                                                                            {"mid.reg_gap", "reg_gap"}}};

/// The paper's network with the weights of a file; with `probed`, the inside is among the outputs.
template <class T>
Network<T> load_paper_network(const std::filesystem::path& weights, const Shape& image, bool probed) {
  const SafetensorsFile file = read_safetensors(weights);
  Network<T> net = paper_network<T>(file.entry("cls_dense.bias").shape.elements() / 100, image[1], image[3]);
  for (std::size_t id = 0; probed && id < net.nodes().size(); ++id)
    for (const auto& [name, node] : probes)
      if (net.nodes()[id].name == node) net.output(Value{id}, name);
  load_weights(file, net.parameters());
  return net;
}

/// The file that an attribute of the case names, beside the case.
inline std::filesystem::path weights_path(const ReferenceCase& reference, const char* attribute) {
  const auto file = reference.find({attribute});
  require(file.has_value(), "the case has no attribute ", attribute);
  return reference.folder() / *file;
}

/// The file of another op that belongs to the same case, e.g. the data of a file of gradients.
inline std::filesystem::path sibling(const ReferenceCase& reference, const std::string& op) {
  for (const auto& item : std::filesystem::directory_iterator(reference.folder())) {
    if (item.path().extension() != ".safetensors") continue;
    const ReferenceCase other(item.path());
    if (other.op() == op && other.name() == reference.name()) return item.path();
  }
  throw Error(concat("there is no file of op ", op, " and case ", reference.name()));
}

/// Channel means, or the pixels (0,0), (0,W-1), (H-1,0), (H-1,W-1) of the first image.
template <class T>
Tensor<T> channel_means(TensorView<const T> map) {
  Tensor<T> means(Shape{map.shape().back()});
  const auto mean = map.matrix().template cast<double>().colwise().mean().eval();
  for (Index c = 0; c < means.size(); ++c) means[c] = static_cast<T>(mean[c]);
  return means;
}
template <class T>
Tensor<T> corner_pixels(TensorView<const T> map) {
  const Index bottom = map.dim(1) - 1, right = map.dim(2) - 1, channels = map.dim(3);
  Tensor<T> corners(Shape{4, channels});
  for (Index c = 0; c < channels; ++c) {
    corners(0, c) = map(0, 0, 0, c);
    corners(1, c) = map(0, 0, right, c);
    corners(2, c) = map(0, bottom, 0, c);
    corners(3, c) = map(0, bottom, right, c);
  }
  return corners;
}

/// Compares all outputs and probes that the file has, under `prefix` and their name.
template <class T>
void compare_outputs(Check<T>& check, const Workspace<T>& workspace, const std::string& prefix) {
  const auto compare = [&](const std::string& name, TensorView<const T> actual) {
    if (!check->has(prefix + name)) return;
    const bool rounded = check->file().entry(prefix + name).dtype == "F32";
    check.compare(prefix + name, actual, rounded ? rounded_outputs : network_outputs);
  };
  const TensorView<const T> logits = workspace.output("classification");
  Tensor<T> probabilities(logits.shape());
  for (Index i = 0; i < logits.size(); ++i) probabilities[i] = 1 / (1 + std::exp(-logits[i]));
  compare("cls_logits", logits);
  compare("cls_prob", probabilities);
  compare("reg", workspace.output("regression"));
  for (std::size_t i = 2; i < workspace.network().outputs().size(); ++i) {
    const std::string name = workspace.network().outputs()[i].name;
    compare(name, workspace.output(i));
    if (workspace.output(i).rank() != 4) continue;
    compare(name + "_channel_mean", channel_means(workspace.output(i)));
    compare(name + "_corners", corner_pixels(workspace.output(i)));
  }
}

/// The training run that the io file of a case describes.
template <class T>
class PaperTraining {
 public:
  struct Losses {
    double total, classes, boxes;
  };

  explicit PaperTraining(const ReferenceCase& io)
      : x_(io.file().tensor<T>("x")),
        target_classes_(io.file().tensor<T>("target_cls")),
        target_boxes_(io.file().tensor<T>("target_reg")),
        net_(load_paper_network<T>(weights_path(io, "weights_file"), x_.shape(), false)),
        workspace_(Workspace<T>::for_training(net_, {}, 0, true)),
        optimizer_({.beta1 = io.number({"beta1"}, 0.9),
                    .beta2 = io.number({"beta2"}, 0.999),
                    .epsilon = io.number({"eps", "epsilon"}, 1e-7)}),
        rate_(io.number({"lr"}, 1e-4)) {
    const std::string optimizer = io.text({"optimizer"}, "adam_keras");
    require(optimizer == "adam_keras", "attribute optimizer: expected adam_keras, found '", optimizer, "'");
  }

  const Tensor<T>& x() const { return x_; }
  Parameters<T>& parameters() { return net_.parameters(); }
  const Workspace<T>& workspace() const { return workspace_; }

  /// Losses at the present weights; the output gradients hold their derivatives.
  Losses forward() {
    workspace_.forward(x_);
    const double classes =
        bce_logits(workspace_.output("classification"), target_classes_, workspace_.output_gradient("classification"));
    const double boxes = mse(workspace_.output("regression"), target_boxes_, workspace_.output_gradient("regression"));
    return {classes + boxes, classes, boxes};
  }
  void backward() {
    parameters().gradients().fill(0);
    workspace_.backward();
  }
  void update() { optimizer_.step(parameters(), rate_); }

 private:
  Tensor<T> x_, target_classes_, target_boxes_;
  Network<T> net_;
  Workspace<T> workspace_;
  Adam<T> optimizer_;
  double rate_;
};

/// The weights fit our network, and there are as many as the case says.
template <class T>
void check_network_weights(Check<T>& check) {
  Network<T> net = load_paper_network<T>(check->file().path(), Shape{1, 416, 416, 3}, false);
  const auto total = static_cast<double>(net.parameters().total());
  check.record("param_total", std::abs(total - check->number({"param_total"}, total)), {0, 0});
}

/// Outputs, inside, gradients and losses of the first step, the losses of all steps, inference with the final weights.
template <class T>
void check_network_train(Check<T>& check) {
  PaperTraining<T> training(*check);
  {
    Network<T> probed = load_paper_network<T>(weights_path(*check, "weights_file"), training.x().shape(), true);
    Workspace<T> workspace = Workspace<T>::for_training(probed);
    workspace.forward(training.x());
    compare_outputs(check, workspace, "");
    for (const Parameter& p : probed.parameters().list())
      if (check->has("step1." + p.name))
        check.compare("step1." + p.name, probed.parameters().value(p), moving_statistics);
  }
  const auto steps = static_cast<Index>(check->number({"steps"}, 0));
  for (const char* history : {"loss_history", "loss_cls_history", "loss_reg_history"})
    require_shape(history, check->file().entry(history).shape, Shape{steps});
  for (Index step = 0; step < steps; ++step) {
    const auto losses = training.forward();
    check.compare_entry("loss_history", step, losses.total, loss_tolerance);
    check.compare_entry("loss_cls_history", step, losses.classes, loss_tolerance);
    check.compare_entry("loss_reg_history", step, losses.boxes, box_loss_tolerance);
    if (step == 0) {
      check.compare("loss", losses.total, loss_tolerance);
      check.compare("loss_cls", losses.classes, loss_tolerance);
      check.compare("loss_reg", losses.boxes, box_loss_tolerance);
      check.compare("dcls_logits", training.workspace().output_gradient("classification"), network_gradients);
      check.compare("dreg", training.workspace().output_gradient("regression"), network_gradients);
    }
    training.backward();
    if (step == 0) check.compare("dx", training.workspace().input_gradient(), rounded_gradients);
    training.update();
  }
  const auto after = training.forward();
  check.compare_entry("loss_after", 0, after.total, loss_tolerance);
  check.compare_entry("loss_after", 1, after.classes, loss_tolerance);
  check.compare_entry("loss_after", 2, after.boxes, box_loss_tolerance);

  const Network<T> trained = load_paper_network<T>(sibling(*check, "network_final"), training.x().shape(), true);
  Workspace<T> inference(trained);
  inference.forward(training.x());
  compare_outputs(check, inference, "final_infer_");
  check.require_all_compared({"x", "target_cls", "target_reg", "relu_margin_history"});
}

/// The gradients of all weights at the first step.
template <class T>
void check_network_gradients(Check<T>& check) {
  PaperTraining<T> training(ReferenceCase(sibling(*check, "network_train")));
  training.forward();
  training.backward();
  for (const Parameter& p : training.parameters().list())
    if (p.trainable) check.compare(p.name, training.parameters().gradient(p), rounded_gradients);
  check.require_all_compared({});
}

/// The weights after all steps: the moving statistics one by one, the updates of the others as a whole (RMS).
template <class T>
void check_network_final(Check<T>& check) {
  const ReferenceCase io(sibling(*check, "network_train"));
  PaperTraining<T> training(io);
  Tensor<T> initial(training.parameters().values().shape());
  copy<T>(training.parameters().values(), initial);
  const auto steps = static_cast<Index>(check->number({"steps"}, 0));
  for (Index step = 0; step < steps; ++step) {
    training.forward();
    training.backward();
    training.update();
  }
  double deviation = 0, update = 0;
  for (const Parameter& p : training.parameters().list()) {
    const TensorView<const T> actual = training.parameters().value(p);
    if (p.statistic) {
      check.compare(p.name, actual, final_moving_statistics);
      continue;
    }
    const Tensor<double> expected = check->file().template tensor<double>(p.name);
    require_shape(p.name.c_str(), expected.shape(), actual.shape());
    for (Index i = 0; i < actual.size(); ++i) {
      deviation += std::pow(static_cast<double>(actual[i]) - expected[i], 2);
      update += std::pow(expected[i] - static_cast<double>(initial[p.offset + i]), 2);
    }
  }
  check.record("RMS of the update", std::sqrt(deviation / update), final_update);
}

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
  const auto run = [&](const char* weights, const char* prefix) {
    const Network<T> net = load_paper_network<T>(weights_path(*check, weights), x.shape(), true);
    Workspace<T> workspace(net);
    workspace.forward(x);
    compare_outputs(check, workspace, prefix);
  };
  run("weights_file", "");
  if (check->find({"final_weights_file"})) run("final_weights_file", "final_");
  check.require_all_compared({"x"});
}

}  // namespace amdefect::reference_check
