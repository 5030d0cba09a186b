#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "amdefect/core/compiled.hpp"
#include "amdefect/core/tensor.hpp"
#include "amdefect/io/json_reader.hpp"
#include "amdefect/io/json_value.hpp"
#include "amdefect/nn/workspace.hpp"

// How a file of weights shows, where it is opened, that everything computes as it did where it was written: an input
// made by a formula is run through the network, and a few numbers of each output travel with the weights.
namespace amdefect {

/// Key of a self-test in the metadata of a file.
inline constexpr const char* self_test_key = "amdefect.self_test";

/// What may lie between two builds, relative to the root mean square of an output: other vector instructions, threads
/// and algorithms differ by less than a hundredth of this (tests/reliability/self_test_test.cpp).
inline constexpr double self_test_tolerance = 1e-3;

/// The next number of the formula behind inputs and signs: a linear congruential generator (Knuth, volume 2), whose
/// upper bits are good enough here, the same on every machine.
inline std::uint32_t self_test_number(std::uint32_t& state) {
  state = state * 1664525U + 1013904223U;
  return state >> 16U;
}

/// An output in a few numbers: its root mean square, and sums with pseudo-random signs, divided by the root of the
/// count: differences all over an output change each sum by about their own root mean square.
struct SelfTestOutput {
  std::string name;
  std::array<double, 4> numbers{};
};
using SelfTest = std::vector<SelfTestOutput>;

template <class Range>
SelfTestOutput self_test_output(std::string name, const Range& values) {
  SelfTestOutput result{std::move(name), {}};
  std::uint32_t state = 1;
  double count = 0;
  for (const auto element : values) {
    const auto value = static_cast<double>(element);
    const std::uint32_t signs = self_test_number(state);
    result.numbers[0] += value * value;
    for (std::size_t i = 1; i < result.numbers.size(); ++i) result.numbers[i] += (signs >> i & 1U) ? value : -value;
    ++count;
  }
  const double root = std::sqrt(std::max(count, 1.0));
  for (double& number : result.numbers) number /= root;
  result.numbers[0] = std::sqrt(result.numbers[0] / root);
  return result;
}

/// That of the outputs of the last forward pass.
template <class T>
SelfTest self_test(const Workspace<T>& workspace) {
  SelfTest result;
  const auto& outputs = workspace.network().outputs();
  for (std::size_t i = 0; i < outputs.size(); ++i)
    result.push_back(self_test_output(outputs[i].name, workspace.output(i).span()));
  return result;
}

/// `{"score4":[1.5,0.1,-0.2,0.3],...}`.
inline std::string to_text(const SelfTest& test) {
  JsonValue json = JsonValue::object();
  for (const SelfTestOutput& output : test) json.set(output.name, JsonValue::array(output.numbers));
  return json.to_text();
}

/// Compares with what `to_text` wrote; empty if they agree, else the first difference. `where` names the file in
/// messages. @throws FileError for another text.
inline std::string self_test_difference(const SelfTest& now, std::string_view text, const std::string& where) {
  const JsonValue json = parse_json(text, where);
  const JsonReader reader(json, where);
  if (reader.members().size() != now.size())
    return concat("it has ", reader.members().size(), " outputs, this build computes ", now.size());
  for (const SelfTestOutput& output : now) {
    if (!reader.contains(output.name)) return concat("it has no output '", output.name, "', which this build computes");
    const auto then = reader.get<std::vector<double>>(output.name);
    require<FileError>(then.size() == output.numbers.size(), where, ": ", output.name, ": expected ",
                       output.numbers.size(), " numbers, found ", then.size());
    for (std::size_t i = 0; i < then.size(); ++i)
      if (!(std::abs(output.numbers[i] - then[i]) <= self_test_tolerance * std::abs(then[0])))
        return concat("number ", i, " of the output '", output.name, "' is ", output.numbers[i], ", expected ", then[i],
                      " within ", self_test_tolerance * std::abs(then[0]));
  }
  return "";
}

AMDEFECT_COMPILED_FUNCTION(self_test)

}  // namespace amdefect
