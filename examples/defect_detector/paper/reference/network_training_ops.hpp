#pragma once

#include <cmath>
#include <string>

#include "amdefect/losses/losses.hpp"
#include "amdefect/optim/adam.hpp"
#include "paper/reference/paper_case.hpp"

namespace amdefect::reference_check {

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
        net_(initial_paper_network<T>(io, x_.shape(), false)),
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
    const double classes = binary_cross_entropy_with_logits(workspace_.output("classification"), target_classes_,
                                                            workspace_.output_gradient("classification"));
    const double boxes =
        mean_squared_error(workspace_.output("regression"), target_boxes_, workspace_.output_gradient("regression"));
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

/// Compares those parameters, or their gradients, that the case has under `prefix` and their name.
template <class T>
void compare_parameters(Check<T>& check, const std::string& prefix, const Parameters<T>& parameters,
                        TensorView<T> arena, Tolerance tolerance) {
  for (const Parameter& p : parameters.list())
    if (check->has(prefix + p.name))
      check.compare(prefix + p.name, TensorView<const T>(arena.data() + p.offset, p.shape), tolerance);
}

/// Outputs, inside, gradients and losses of the first step, the losses of all steps, inference with the final weights.
template <class T>
void check_network_train(Check<T>& check) {
  PaperTraining<T> training(*check);
  {
    Network<T> probed = initial_paper_network<T>(*check, training.x().shape(), true);
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
    if (step == 0) {
      check.compare("dx", training.workspace().input_gradient(), rounded_gradients);
      compare_parameters(check, "grad.", training.parameters(), training.parameters().gradients(), network_gradients);
    }
    training.update();
  }
  compare_parameters(check, "final.", training.parameters(), training.parameters().values(), final_moving_statistics);
  const auto after = training.forward();
  check.compare_entry("loss_after", 0, after.total, loss_tolerance);
  check.compare_entry("loss_after", 1, after.classes, loss_tolerance);
  check.compare_entry("loss_after", 2, after.boxes, box_loss_tolerance);

  if (check->find({"weights_file"})) {
    const Network<T> trained = load_paper_network<T>(sibling(*check, "network_final"), training.x().shape(), true);
    Workspace<T> inference(trained);
    inference.forward(training.x());
    compare_outputs(check, inference, "final_infer_");
  }
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

}  // namespace amdefect::reference_check
