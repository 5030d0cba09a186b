#pragma once

#include <concepts>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "amdefect/core/compiled.hpp"
#include "amdefect/io/json_reader.hpp"
#include "amdefect/nn/layers.hpp"

namespace amdefect {

/// Makes operations of element type T from what model files say: their kind and their attributes. All layers of the
/// library are in it; `RegisterLayer` adds others. Safe to use from several threads.
template <class T>
class LayerRegistry {
 public:
  static LayerRegistry& instance() {
    static LayerRegistry registry;
    return registry;
  }

  /// Operations of the class `Op`, whose `kind()` is `kind`, are made from now on by its constructor from `const
  /// JsonReader&` (the attributes), or by the one without arguments if there is no such. Adding a class again changes
  /// nothing; two classes under one name are an error as soon as that name is asked for.
  /// @throws Error for an empty name and for that of another layer of this library.
  template <std::derived_from<Operation<T>> Op>
  void add(const std::string& kind) {
    constexpr bool from_attributes = std::constructible_from<Op, const JsonReader&>;
    static_assert(from_attributes || std::default_initializable<Op>,
                  "a registered layer needs a constructor from 'const JsonReader&' or one without arguments");
    require(!kind.empty(), "layers: a layer is registered under an empty name, expected what its kind() returns");
    const std::scoped_lock lock(mutex_);
    const auto [item, is_new] = entries_.try_emplace(kind, Entry{&class_tag<Op>, {}});
    if (!is_new) {
      require(item->second.tag == &class_tag<Op> || !item->second.of_library, "layers: the library has a layer '", kind,
              "' already: another class needs another name");
      item->second.ambiguous = item->second.ambiguous || item->second.tag != &class_tag<Op>;
      return;
    }
    item->second.make = [](const JsonReader& attributes) -> std::shared_ptr<const Operation<T>> {
      if constexpr (from_attributes)
        return std::make_shared<const Op>(attributes);
      else
        return std::make_shared<const Op>();
    };
  }

  /// The kinds that model files may name, sorted.
  std::vector<std::string> kinds() const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> kinds;
    for (const auto& entry : entries_) kinds.push_back(entry.first);
    return kinds;
  }

  /// The operation of that kind with these attributes. @throws FileError if no layer of that kind is registered, and
  /// for attributes that are missing, unknown or not sensible.
  std::shared_ptr<const Operation<T>> make(const std::string& kind, const JsonReader& attributes) const {
    const auto factory = find(kind, attributes);
    std::shared_ptr<const Operation<T>> operation;
    try {
      operation = factory(attributes);
    } catch (const FileError&) {
      throw;
    } catch (const Error& error) {
      attributes.fail(error.what());
    }
    check_attributes(*operation, attributes);
    return operation;
  }

 private:
  /// Its address stands for the class.
  template <class Op>
  static constexpr char class_tag = 0;

  struct Entry {
    const char* tag;
    std::function<std::shared_ptr<const Operation<T>>(const JsonReader&)> make;
    bool ambiguous = false, of_library = false;
  };

  LayerRegistry() {
    add<Conv2d<T>>("conv2d");
    add<ConvTranspose2d<T>>("conv_transpose2d");
    add<Dense<T>>("dense");
    add<BatchNorm<T>>("batch_norm");
    add<LayerNorm<T>>("layer_norm");
    add<GroupNorm<T>>("group_norm");
    add<MaxPool2d<T>>("max_pool2d");
    add<AveragePool2d<T>>("average_pool2d");
    add<GlobalAveragePool<T>>("global_average_pool");
    add<Relu<T>>("relu");
    add<LeakyRelu<T>>("leaky_relu");
    add<Relu6<T>>("relu6");
    add<Sigmoid<T>>("sigmoid");
    add<Silu<T>>("silu");
    add<HardSwish<T>>("hard_swish");
    add<Gelu<T>>("gelu");
    add<Tanh<T>>("tanh");
    add<Softmax<T>>("softmax");
    add<Dropout<T>>("dropout");
    add<Flatten<T>>("flatten");
    add<Reshape<T>>("reshape");
    add<UpsampleNearest<T>>("upsample_nearest");
    add<ResizeBilinear<T>>("resize_bilinear");
    add<Concatenate<T>>("concatenate");
    add<Add<T>>("add");
    add<Multiply<T>>("multiply");
    add<Film<T>>("film");
    add<Slice<T>>("slice");
    add<Pad<T>>("pad");
    add<Transpose<T>>("transpose");
    add<StochasticDepth<T>>("stochastic_depth");
    add<ClassToken<T>>("class_token");
    add<LearnedPositions<T>>("learned_positions");
    add<SinePositions<T>>("sine_positions");
    add<MultiHeadAttention<T>>("multi_head_attention");
    for (auto& [kind, entry] : entries_) entry.of_library = true;
  }

  auto find(const std::string& kind, const JsonReader& where) const {
    const std::scoped_lock lock(mutex_);
    const auto found = entries_.find(kind);
    if (found == entries_.end())
      where.fail(concat("no layer of the kind ", detail::json_quote(kind),
                        " is registered; in the program that uses it, write 'static const RegisterLayer<TheLayer> "
                        "the_layer(",
                        detail::json_quote(kind), ");' below the class (docs/custom_layer.md)"));
    if (found->second.ambiguous)
      where.fail(concat("two classes are registered as layers of the kind ", detail::json_quote(kind)));
    return found->second.make;
  }

  /// The new operation must say of itself what the file says, else an attribute was lost on the way.
  static void check_attributes(const Operation<T>& operation, const JsonReader& attributes) {
    const JsonValue actual = operation.attributes();
    for (const auto& [key, value] : attributes.members()) {
      const JsonValue* same = actual.find(key);
      if (!same) attributes.fail(concat("a ", operation.kind(), " has no attribute ", detail::json_quote(key)));
      if (!equal(*same, value))
        attributes.at(key).fail(concat("the ", operation.kind(), " made from ", value.to_text(), " has ",
                                       same->to_text(), "; does its constructor read this attribute?"));
    }
  }

  /// A layer of float may keep its attributes as float, and be read from a file of double.
  static bool equal(const JsonValue& a, const JsonValue& b) {
    const auto *x = a.get_if<double>(), *y = b.get_if<double>();
    return a == b || (x && y && static_cast<float>(*x) == static_cast<float>(*y));
  }

  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
};

/// Makes a layer of your own known to model files, for float and double; one line below the class template:
///
///     static const RegisterLayer<Swish> swish("swish");  // what Swish::kind() returns
///
/// A layer with hyper-parameters overrides `attributes` and has a constructor from `const JsonReader&`. A class that is
/// no template is added by `LayerRegistry<float>::instance().add<Swish>("swish")`.
template <template <class> class Op>
struct RegisterLayer {
  explicit RegisterLayer(const std::string& kind) {
    LayerRegistry<float>::instance().template add<Op<float>>(kind);
    LayerRegistry<double>::instance().template add<Op<double>>(kind);
  }
};

AMDEFECT_COMPILED_CLASS(LayerRegistry)

}  // namespace amdefect
