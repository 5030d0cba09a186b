#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "amdefect/core/printable.hpp"
#include "amdefect/nn/parameters.hpp"

namespace amdefect {

/// Names of a training's state (optimiser, progress) in a checkpoint begin with this; what is only interested in the
/// weights passes over them.
inline constexpr std::string_view training_state_prefix = "training_state.";
inline bool is_training_state(std::string_view name) { return name.starts_with(training_state_prefix); }

/// In which order the dimensions of a weight are stored.
enum class WeightLayout {
  same,    ///< as in this library: kernels of convolutions (height, width, in, out), of dense layers (in, out)
  oihw,    ///< PyTorch's convolutions: (out, in / groups, height, width)
  out_in,  ///< PyTorch's linear layers: (out, in)
};

/// How `load_weights` finds the tensor of a parameter. For a backbone below "backbone." and a file from PyTorch:
///
///     load_weights("resnet50.safetensors", net.parameters(),
///                  {.name_in_file = [](std::string_view name) { return pytorch_name(strip_backbone(name)); },
///                   .layout = pytorch_layout,
///                   .ignore = [](std::string_view name) { return name.ends_with("num_batches_tracked"); },
///                   .strict = false});  // where strip_backbone = replace_prefix("backbone.", "")
struct LoadOptions {
  /// The name in the file of the parameter of that name; without it they are called the same.
  std::function<std::string(std::string_view parameter)> name_in_file{};
  /// The layout in the file of a parameter; without it that of this library.
  std::function<WeightLayout(const Parameter&)> layout{};
  /// Tensors of the file that are passed over.
  std::function<bool(std::string_view tensor)> ignore{};
  /// Every parameter must have its tensor, and every tensor that is not ignored its parameter. Else those that fit are
  /// taken, and the report tells the rest.
  bool strict = true;
  /// A kernel for pictures of three channels fits those of other numbers, too: for one channel the sum of the three,
  /// else the three in turn, scaled by 3 / channels (as timm does).
  bool adapt_channels = false;
};

/// Rule that replaces `from` at the start of a name by `to`; other names stay as they are.
inline auto replace_prefix(std::string from, std::string to) {
  return [from = std::move(from), to = std::move(to)](std::string_view name) {
    return name.starts_with(from) ? to + std::string(name.substr(from.size())) : std::string(name);
  };
}

/// What PyTorch calls a parameter of this library: `weight` for `kernel` and `gamma`, `bias` for `beta`,
/// `running_mean` and `running_var` for the moving statistics.
inline std::string pytorch_name(std::string_view name) {
  constexpr std::array<std::array<std::string_view, 2>, 5> names{{{"kernel", "weight"},
                                                                  {"gamma", "weight"},
                                                                  {"beta", "bias"},
                                                                  {"moving_mean", "running_mean"},
                                                                  {"moving_variance", "running_var"}}};
  const std::size_t last = name.rfind('.') == std::string_view::npos ? 0 : name.rfind('.') + 1;
  for (const auto& [ours, theirs] : names)
    if (name.substr(last) == ours) return std::string(name.substr(0, last)) + std::string(theirs);
  return std::string(name);
}

/// How PyTorch lays out a parameter: convolutions are the ones with four dimensions, linear layers those with two. (A
/// linear layer behind a flattened image counts its inputs in another order there: channels first.)
inline WeightLayout pytorch_layout(const Parameter& parameter) {
  if (parameter.shape.rank() == 4) return WeightLayout::oihw;
  return parameter.shape.rank() == 2 ? WeightLayout::out_in : WeightLayout::same;
}

/// What `load_weights` did.
struct LoadReport {
  /// A tensor of the file that no parameter got.
  struct Left {
    std::string tensor, reason;
    std::string parameter{};  ///< that it does not fit; empty: no parameter asked for it
  };

  std::vector<std::string> taken;    ///< parameters that got new values
  std::vector<Left> left;            ///< in the order of the file
  std::vector<std::string> ignored;  ///< tensors that no parameter wanted and `LoadOptions::ignore` passed over
  std::vector<std::string> missing;  ///< parameters that the file has no tensor for
  std::vector<std::string> adapted;  ///< of those that were taken, kernels for another number of channels
  std::vector<std::string> misfits;  ///< parameters whose tensor has another shape or type
  std::size_t tensors = 0;           ///< in the file

  /// One line: "took 52 of 54 tensors; left 2: 'fc.weight' (no parameter), 'fc.bias' (no parameter)".
  std::string to_text() const {
    std::string text = concat("took ", tensors - left.size() - ignored.size(), " of ", tensors, " tensors");
    const auto quoted = [](const std::string& name) { return concat('\'', name, '\''); };
    append(text, "adapted to the channels", adapted, quoted);
    if (!ignored.empty()) text += concat("; ignored ", ignored.size());
    append(text, "left", left,
           [](const Left& item) { return concat('\'', printable(item.tensor), "' (", item.reason, ')'); });
    append(text, "without values in the file", missing, quoted);
    return text;
  }

 private:
  template <class Items, class Write>
  static void append(std::string& text, const char* title, const Items& items, const Write& write) {
    constexpr std::size_t shown = 5;
    if (items.empty()) return;
    text += concat("; ", title, ' ', items.size(), ':');
    for (std::size_t i = 0; i < std::min(shown, items.size()); ++i) text += (i ? ", " : " ") + write(items[i]);
    if (items.size() > shown) text += concat(" and ", items.size() - shown, " more");
  }
};

}  // namespace amdefect
