#include "reference_check/run.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <functional>
#include <iomanip>
#include <map>
#include <string>
#include <vector>

#include "reference_check/layer_ops.hpp"
#include "reference_check/loss_ops.hpp"
#include "reference_check/model_ops.hpp"
#include "reference_check/op.hpp"
#include "reference_check/optimizer_ops.hpp"

namespace amdefect::reference_check {

std::map<std::string, Op>& ops() {
  static std::map<std::string, Op> table{
      {"mse", [](auto& c) { check_mse(c); }},
      {"smooth_l1", [](auto& c) { check_smooth_l1(c); }},
      {"bce_prob", [](auto& c) { check_bce_probabilities(c); }},
      {"bce_logits", [](auto& c) { check_bce_logits(c); }},
      {"cross_entropy_logits", [](auto& c) { check_cross_entropy(c); }},
      {"sigmoid_focal", [](auto& c) { check_sigmoid_focal(c); }},
      {"quality_focal", [](auto& c) { check_quality_focal(c); }},
      {"iou_loss", [](auto& c) { check_box_loss(c, BoxLoss::iou); }},
      {"giou_loss", [](auto& c) { check_box_loss(c, BoxLoss::giou); }},
      {"diou_loss", [](auto& c) { check_box_loss(c, BoxLoss::diou); }},
      {"ciou_loss", [](auto& c) { check_box_loss(c, BoxLoss::ciou); }},
      {"conv2d", [](auto& c) { check_conv2d(c); }},
      {"conv_transpose2d", [](auto& c) { check_conv_transpose2d(c); }},
      {"dense", [](auto& c) { check_dense(c); }},
      {"batch_norm", [](auto& c) { check_batch_norm(c); }},
      {"layer_norm", [](auto& c) { check_layer_norm(c); }},
      {"group_norm", [](auto& c) { check_group_norm(c); }},
      {"max_pool2d", []<class T>(Check<T>& c) { check_pool<T, MaxPool2d>(c); }},
      {"avg_pool2d", []<class T>(Check<T>& c) { check_pool<T, AveragePool2d>(c); }},
      {"global_avg_pool", []<class T>(Check<T>& c) { check_layer_op(c, GlobalAveragePool<T>()); }},
      {"upsample_nearest", [](auto& c) { check_upsample(c); }},
      {"resize_bilinear", [](auto& c) { check_resize(c); }},
      {"pad", [](auto& c) { check_pad(c); }},
      {"transpose", [](auto& c) { check_transpose(c); }},
      {"concat", [](auto& c) { check_concat(c); }},
      {"add", []<class T>(Check<T>& c) { check_layer_op(c, Add<T>()); }},
      {"film", []<class T>(Check<T>& c) { check_layer_op(c, Film<T>()); }},
      {"multiply", []<class T>(Check<T>& c) { check_layer_op(c, Multiply<T>()); }},
      {"multi_head_attention", [](auto& c) { check_attention(c); }},
      {"sine_positions", [](auto& c) { check_sine_positions(c); }},
      {"relu", []<class T>(Check<T>& c) { check_layer_op(c, Relu<T>()); }},
      {"leaky_relu", [](auto& c) { check_leaky_relu(c); }},
      {"relu6", []<class T>(Check<T>& c) { check_layer_op(c, Relu6<T>()); }},
      {"gelu", []<class T>(Check<T>& c) { check_layer_op(c, Gelu<T>()); }},
      {"tanh", []<class T>(Check<T>& c) { check_layer_op(c, Tanh<T>()); }},
      {"sigmoid", []<class T>(Check<T>& c) { check_layer_op(c, Sigmoid<T>()); }},
      {"silu", []<class T>(Check<T>& c) { check_layer_op(c, Silu<T>()); }},
      {"hard_swish", []<class T>(Check<T>& c) { check_layer_op(c, HardSwish<T>()); }},
      {"softmax", [](auto& c) { check_softmax(c); }},
      {"model", [](auto& c) { check_model(c); }},
      {"optimizer_sgd", [](auto& c) { check_sgd(c); }},
      {"optimizer_adam_keras", [](auto& c) { check_adam(c, AdamEpsilon::keras); }},
      {"optimizer_adamw_keras", [](auto& c) { check_adam(c, AdamEpsilon::keras); }},
      {"optimizer_adam_torch", [](auto& c) { check_adam(c, AdamEpsilon::pytorch); }},
      {"optimizer_adamw_torch", [](auto& c) { check_adam(c, AdamEpsilon::pytorch); }},
  };
  return table;
}

namespace {

/// The deviation nearest to its tolerance, or furthest beyond.
Deviation worst_of(const std::vector<Deviation>& deviations) {
  const auto used = [](const Deviation& d) {
    return d.tolerance > 0 ? d.error / d.tolerance : (d.passed() ? 0 : 1e300);
  };
  return *std::max_element(deviations.begin(), deviations.end(),
                           [&](const Deviation& a, const Deviation& b) { return used(a) < used(b); });
}

template <class T>
Deviation run(const ReferenceCase& reference, const std::function<void(Check<T>&)>& op) {
  Check<T> check(reference);
  op(check);
  check.require_complete();
  return worst_of(check.deviations());
}

void print_deviation(std::ostream& out, const char* precision, const Deviation& worst) {
  out << "  " << precision << " error " << std::scientific << std::setprecision(1) << worst.error << ", tolerance "
      << std::setprecision(0) << worst.tolerance << " (" << worst.tensor << ')';
}

void print_names(std::ostream& out, bool passed, const std::string& op, const std::string& name) {
  out << (passed ? "passed  " : "FAILED  ") << std::left << std::setw(22) << op << ' ' << std::setw(38) << name;
}

}  // namespace

bool check_file(const std::filesystem::path& path, std::ostream& out) {
  std::string op = "?", name = path.filename().string();
  try {
    const ReferenceCase reference(path);
    op = reference.op();
    name = reference.name();
    const auto found = ops().find(op);
    require(found != ops().end(), "this program does not know the op");
    const Deviation wide = run<double>(reference, found->second.in_double);
    const Deviation narrow = run<float>(reference, found->second.in_float);
    const bool passed = wide.passed() && narrow.passed();
    print_names(out, passed, op, name);
    print_deviation(out, "float64", wide);
    print_deviation(out, "float32", narrow);
    out << std::endl;  // flushed: a folder takes a while
    return passed;
  } catch (const std::exception& error) {
    print_names(out, false, op, name);
    out << "  " << error.what() << std::endl;
    return false;
  }
}

bool check_folder(const std::filesystem::path& folder, std::ostream& out) {
  require<FileError>(std::filesystem::is_directory(folder), folder.string(), ": no such folder");
  std::vector<std::filesystem::path> files;
  for (const auto& item : std::filesystem::directory_iterator(folder))
    if (item.path().extension() == ".safetensors") files.push_back(item.path());
  require<FileError>(!files.empty(), folder.string(), ": no *.safetensors files");
  std::sort(files.begin(), files.end());
  std::size_t passed = 0;
  for (const std::filesystem::path& file : files) passed += check_file(file, out);
  out << passed << " passed, " << files.size() - passed << " failed" << std::endl;
  return passed == files.size();
}

}  // namespace amdefect::reference_check
