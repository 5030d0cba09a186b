#pragma once

#include <iomanip>
#include <locale>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "amdefect/core/compiled.hpp"
#include "amdefect/core/printable.hpp"
#include "amdefect/nn/infer_shapes.hpp"

namespace amdefect {

namespace detail {

/// 1234567 -> 1,234,567.
inline std::string with_commas(Index number) {
  const std::string digits = std::to_string(number);
  std::string result;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) result += ',';
    result += digits[i];
  }
  return result;
}

}  // namespace detail

/// A table like Keras': name and kind of each layer, output shape for a batch of one, parameters, multiply-accumulate
/// operations and inputs, and the totals. `sample` is the shape of the only input without the batch, where it is not to
/// be the declared one.
/// @throws ShapeError if the network does not take such a sample.
template <class T>
std::string summary(const Network<T>& network, std::optional<Shape> sample = {}) {
  struct Row {
    std::string layer, shape, parameters, macs, inputs;
  };
  std::vector<Row> rows{{"Layer (kind)", "Output shape", "Parameters", "MACs", "Inputs"}};
  require<ShapeError>(!sample || network.inputs().size() == 1, "summary: a sample for a network with ",
                      network.inputs().size(), " inputs, expected one");
  std::vector<Shape> inputs_of_network;
  for (const Value input : network.inputs())
    inputs_of_network.push_back(sample ? sample->batched(1) : network.shape(input));
  const std::vector<Shape> shape_of = infer_shapes(network, inputs_of_network);
  Index total_macs = 0;
  for (std::size_t id = 0; id < shape_of.size(); ++id) {
    const auto& node = network.nodes()[id];
    Index parameters = 0, macs = 0;
    for (const std::size_t parameter : node.parameters) parameters += network.parameters()[parameter].size();
    std::vector<Shape> shapes;
    std::string inputs;
    for (const Value input : node.inputs) {
      shapes.push_back(shape_of[input.id]);
      inputs += (inputs.empty() ? "" : ", ") + printable(network.nodes()[input.id].name);
    }
    if (node.operation) macs = node.operation->macs(shapes);
    total_macs += macs;
    rows.push_back({concat(printable(node.name), " (", node.operation ? node.operation->kind() : "input", ")"),
                    concat(shape_of[id].sample()), detail::with_commas(parameters), detail::with_commas(macs), inputs});
  }
  std::array<std::size_t, 4> widths{};
  for (const Row& row : rows)
    widths = {std::max(widths[0], row.layer.size()), std::max(widths[1], row.shape.size()),
              std::max(widths[2], row.parameters.size()), std::max(widths[3], row.macs.size())};
  std::ostringstream out;
  out.imbue(std::locale::classic());
  const auto width = [&](std::size_t column) { return static_cast<int>(widths[column]); };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    out << std::left << std::setw(width(0)) << row.layer << "  " << std::setw(width(1)) << row.shape << "  "
        << std::right << std::setw(width(2)) << row.parameters << "  " << std::setw(width(3)) << row.macs << "  "
        << row.inputs << '\n';
    if (i == 0) out << std::string(widths[0] + widths[1] + widths[2] + widths[3] + 14, '-') << '\n';
  }
  const Index total = network.parameters().total(), trainable = network.parameters().trainable();
  out << "\nTotal parameters:         " << detail::with_commas(total)
      << "\nTrainable parameters:     " << detail::with_commas(trainable)
      << "\nNon-trainable parameters: " << detail::with_commas(total - trainable)
      << "\nMACs for one sample:      " << detail::with_commas(total_macs) << '\n';
  return out.str();
}

AMDEFECT_COMPILED_FUNCTION(summary)

}  // namespace amdefect
