#pragma once

#include <cctype>
#include <map>
#include <string>

#include "amdefect/core/error.hpp"
#include "amdefect/kernels/geometry.hpp"

namespace amdefect::bench {

/// Reads a convolution from pairs of a name and a number: mb (batch, 1), ic, oc (= ic), ih, iw (= ih), k or kh and kw
/// (1), s (stride, 1), d (dilation, 1), g (groups, 1); padding is `same`. Example: ic64oc128ih208k3s2.
inline ConvGeometry parse_problem(const std::string& text) {
  std::map<std::string, Index> values{{"mb", 1}, {"k", 1}, {"s", 1}, {"d", 1}, {"g", 1}};
  const std::string names = " mb ic oc ih iw k kh kw s d g ";
  for (std::size_t i = 0; i < text.size();) {
    std::string name, number;
    while (i < text.size() && std::isalpha(static_cast<unsigned char>(text[i]))) name += text[i++];
    while (i < text.size() && std::isdigit(static_cast<unsigned char>(text[i]))) number += text[i++];
    require(names.find(' ' + name + ' ') != std::string::npos && !number.empty() && number.size() < 7, "problem '",
            text, "': expected pairs of a name (", names, ") and a number, found '", name, number, "'");
    values[name] = std::stol(number);
  }
  for (const char* name : {"ic", "ih"}) require(values.contains(name), "problem '", text, "': ", name, " is missing");
  const auto value = [&](const char* name, const char* otherwise) {
    return values.contains(name) ? values[name] : values[otherwise];
  };
  ConvGeometry g{.batch = values["mb"],
                 .in_h = values["ih"],
                 .in_w = value("iw", "ih"),
                 .in_c = values["ic"],
                 .out_c = value("oc", "ic"),
                 .kernel_h = value("kh", "k"),
                 .kernel_w = value("kw", "k"),
                 .stride_h = values["s"],
                 .stride_w = values["s"],
                 .dilation_h = values["d"],
                 .dilation_w = values["d"],
                 .groups = values["g"]};
  for (const auto& [name, number] : values) require(number > 0, "problem '", text, "': ", name, " must be positive");
  require(g.in_c % g.groups == 0 && g.out_c % g.groups == 0, "problem '", text, "': groups must divide ic and oc");
  const WindowAxis h = window_axis(g.in_h, g.kernel_h, g.stride_h, g.dilation_h, PaddingMode::same, 0, 0);
  const WindowAxis w = window_axis(g.in_w, g.kernel_w, g.stride_w, g.dilation_w, PaddingMode::same, 0, 0);
  g.out_h = h.out;
  g.pad_top = h.before;
  g.out_w = w.out;
  g.pad_left = w.before;
  return g;
}

}  // namespace amdefect::bench
