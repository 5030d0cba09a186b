#pragma once

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "amdefect/core/compiled.hpp"
#include "amdefect/core/printable.hpp"
#include "amdefect/io/safetensors.hpp"
#include "amdefect/io/torch_file.hpp"
#include "amdefect/nn/load_options.hpp"
#include "amdefect/nn/parameters.hpp"

namespace amdefect {

/// The parameters as entries of a safetensors file, in their order; the elements are borrowed.
template <class T>
std::vector<TensorEntry> weight_entries(const Parameters<T>& parameters) {
  std::vector<TensorEntry> entries;
  for (const Parameter& p : parameters.list()) entries.push_back(safetensors_entry(p.name, parameters.value(p)));
  return entries;
}

/// Writes all parameters, statistics included, under their names. @throws FileError if the file cannot be written.
template <class T>
void save_weights(const std::filesystem::path& path, const Parameters<T>& parameters,
                  const SafetensorsMetadata& metadata = {}) {
  write_safetensors(path, weight_entries(parameters), metadata);
}

namespace detail {

/// The shape in a file of a parameter with that shape.
inline Shape shape_in_layout(const Shape& s, WeightLayout layout) {
  if (layout == WeightLayout::oihw) return {s[3], s[2], s[0], s[1]};
  if (layout == WeightLayout::out_in) return {s[1], s[0]};
  return s;
}

/// Elements in the order of this library; both layouts there are move the first dimension of the file to the end, and
/// `oihw` moves the second one before it.
template <class T>
Tensor<T> from_layout(Tensor<T> stored, const Shape& shape, WeightLayout layout) {
  if (layout == WeightLayout::same) return stored;
  const Index out = shape.back(), in = shape[shape.rank() - 2],
              pixels = shape.elements() / std::max<Index>(1, out * in);
  Tensor<T> result(shape);
  for (Index o = 0; o < out; ++o)
    for (Index i = 0; i < in; ++i)
      for (Index p = 0; p < pixels; ++p) result[(p * in + i) * out + o] = stored[(o * in + i) * pixels + p];
  return result;
}

/// Whether a tensor in a file is a kernel for three channels, and of the wanted shape but for that.
inline bool fits_after_adaption(const Shape& stored, const Shape& wanted, WeightLayout layout) {
  if (layout == WeightLayout::out_in || stored.rank() != 4 || wanted.rank() != 4) return false;
  const std::size_t channels = layout == WeightLayout::oihw ? 1 : 2;
  Shape adapted = stored;
  adapted[channels] = wanted[channels];
  return stored[channels] == 3 && wanted[channels] > 0 && adapted == wanted;
}

/// See LoadOptions::adapt_channels; the kernels are HWIO.
template <class T>
Tensor<T> adapt_channels(const Tensor<T>& stored, const Shape& wanted) {
  Tensor<T> result(wanted);
  const Index channels = wanted[2], outputs = wanted[3], pixels = wanted[0] * wanted[1];
  for (Index p = 0; p < pixels; ++p)
    for (Index o = 0; o < outputs; ++o) {
      const auto at = [&](Index channel) { return stored[(p * 3 + channel) * outputs + o]; };
      for (Index c = 0; c < channels; ++c)
        result[(p * channels + c) * outputs + o] =
            channels == 1 ? at(0) + at(1) + at(2) : at(c % 3) * (T{3} / static_cast<T>(channels));
    }
  return result;
}

/// Reads the tensors that the parameters want, each once, and hands them over when all is known to be right.
template <class T>
class WeightLoader {
 public:
  WeightLoader(const TensorFile& file, Parameters<T>& parameters, const LoadOptions& options)
      : file_(file), parameters_(parameters), options_(options) {}

  LoadReport load() {
    for (std::size_t id = 0; id < parameters_.count(); ++id) read(id);
    for (const TensorEntry& entry : file_.entries()) {
      const auto used = tensors_.find(entry.name);
      if (used == tensors_.end())
        leave(entry);
      else if (!used->second.reason.empty())
        report_.left.push_back({entry.name, used->second.reason, used->second.parameter});
    }
    report_.tensors = file_.entries().size();
    require_sense();
    parameters_.allocate();
    for (auto& [id, values] : staged_) copy<T>(values, parameters_.value(parameters_[id]));
    return std::move(report_);
  }

 private:
  void read(std::size_t id) {
    const Parameter& p = parameters_[id];
    const std::string name = options_.name_in_file ? options_.name_in_file(p.name) : p.name;
    if (!file_.contains(name)) {
      const std::string wanted = name == p.name ? "" : concat(" ('", name, "' there)");
      wanted_.push_back(concat('\'', name, '\''));
      problems_.push_back(concat("missing '", p.name, "' ", p.shape, wanted));
      report_.missing.push_back(p.name);
      return;
    }
    const TensorEntry& entry = file_.entry(name);
    const WeightLayout layout = options_.layout ? options_.layout(p) : WeightLayout::same;
    const std::size_t rank = layout == WeightLayout::oihw ? 4 : 2;
    require(layout == WeightLayout::same || p.shape.rank() == rank, "load_weights: the rule of layouts takes '", p.name,
            "' ", p.shape, " for a kernel of ", rank, " dimensions");
    const Shape expected = shape_in_layout(p.shape, layout);
    std::string reason;
    const bool adapted =
        options_.adapt_channels && entry.shape != expected && fits_after_adaption(entry.shape, expected, layout);
    if (entry.shape != expected && !adapted) {
      reason = concat("has shape ", entry.shape, ", expected ", expected);
    } else if (!is_numeric(entry.dtype)) {  // so that the file's bytes bound what is allocated
      reason = concat("has type ", entry.dtype, ", expected ", numeric_dtypes);
    } else {
      Tensor<T> stored(entry.shape);
      convert_elements(entry.dtype, entry.bytes, stored.view());
      if (!stored.array().isFinite().all())
        reason = "holds a NaN or an infinity, expected finite numbers";
      else if (p.variance && !stored.empty() && stored.array().minCoeff() < 0)
        reason = concat("holds ", stored.array().minCoeff(), ", expected variances, which are not negative");
      if (!reason.empty()) {
        damage_.push_back(concat('\'', name, "' ", reason));
      } else if (adapted) {
        const Shape three{p.shape[0], p.shape[1], 3, p.shape[3]};
        staged_.emplace_back(id, adapt_channels(from_layout(std::move(stored), three, layout), p.shape));
      } else {
        staged_.emplace_back(id, from_layout(std::move(stored), p.shape, layout));
      }
    }
    tensors_.emplace(name, Asked{p.name, reason});
    (reason.empty() ? report_.taken : report_.misfits).push_back(p.name);
    if (reason.empty() && adapted) report_.adapted.push_back(p.name);
    if (!reason.empty()) problems_.push_back(concat('\'', name, "' ", reason));
  }

  /// A tensor that no parameter asked for.
  void leave(const TensorEntry& entry) {
    if (options_.ignore && options_.ignore(entry.name)) {
      report_.ignored.push_back(entry.name);
      return;
    }
    report_.left.push_back({entry.name, "no parameter", ""});
    problems_.push_back(concat("extra '", entry.name, "' ", entry.shape));
  }

  void require_sense() const {
    const std::string where = concat("weights: ", file_.path().string(), " does not fit the network: ");
    const std::vector<std::string>& refused = options_.strict ? problems_ : damage_;
    require<FileError>(refused.empty(), where, first_of(refused, 5, "; "));
    if (options_.strict) return;
    if (staged_.empty()) throw FileError(concat(where, "no tensor is of use", nothing_fits()));
    require(parameters_.allocated() || staged_.size() == parameters_.count(), where, "it has no values for '",
            (report_.missing.empty() ? report_.misfits : report_.missing)[0],
            "': call initialize() before load_weights()");
  }

  /// The first few of a list that may have hundreds.
  static std::string first_of(const std::vector<std::string>& items, std::size_t shown, const char* between) {
    std::string list;
    for (std::size_t i = 0; i < std::min(shown, items.size()); ++i) list += (i ? between : "") + items[i];
    return items.size() > shown ? concat(list, between, "and ", items.size() - shown, " more") : list;
  }

  /// What the file has and what is wanted, enough of both to see which network it is of.
  std::string nothing_fits() const {
    std::vector<std::string> there;
    for (const LoadReport::Left& item : report_.left) {
      const std::string reason = item.parameter.empty() ? "" : concat(' ', item.reason);
      there.push_back(concat('\'', printable(item.tensor), '\'', reason));
    }
    std::string text = there.empty() ? "" : concat(": it has ", first_of(there, 3, ", "));
    if (!wanted_.empty()) text += concat(text.empty() ? ": " : "; ", "expected ", first_of(wanted_, 3, ", "));
    return text;
  }

  const TensorFile& file_;
  Parameters<T>& parameters_;
  const LoadOptions& options_;
  LoadReport report_;
  std::vector<std::string> problems_;
  std::vector<std::string> damage_;  // of them, what no file of weights should hold
  std::vector<std::string> wanted_;  // names that the file does not have
  struct Asked {
    std::string parameter, reason;  // why it was not taken
  };
  std::map<std::string, Asked, std::less<>> tensors_;  // those that were asked for
  std::vector<std::pair<std::size_t, Tensor<T>>> staged_;
};

}  // namespace detail

/// Reads parameters from the tensors of a file, by default all of them from all tensors, of the same names; tensors of
/// half precision, double or integers are converted. Nothing changes unless everything that is wanted fits.
/// @throws FileError that lists what is missing, extra, of another shape or type, not finite, or no variance; without
/// `LoadOptions::strict` only what is not finite or no variance, or that nothing fits, and Error if a parameter would
/// be left without any value.
template <class T>
LoadReport load_weights(const TensorFile& file, Parameters<T>& parameters, const LoadOptions& options = {}) {
  return detail::WeightLoader<T>(file, parameters, options).load();
}

template <class T>
LoadReport load_weights(const std::filesystem::path& path, Parameters<T>& parameters, const LoadOptions& options = {}) {
  if (is_torch_file(path)) return load_weights(read_torch(path), parameters, options);
  return load_weights(read_safetensors(path), parameters, options);
}

AMDEFECT_COMPILED_FUNCTION(weight_entries)
AMDEFECT_COMPILED(LoadReport load_weights(const TensorFile&, Parameters<float>&, const LoadOptions&))
AMDEFECT_COMPILED(LoadReport load_weights(const TensorFile&, Parameters<double>&, const LoadOptions&))

}  // namespace amdefect
