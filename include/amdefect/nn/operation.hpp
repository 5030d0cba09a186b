#pragma once

#include <span>
#include <string>
#include <typeinfo>
#include <vector>

#include "amdefect/io/json_value.hpp"
#include "amdefect/nn/context.hpp"

namespace amdefect {

/// Memory in bytes that an operation asks for, for given input shapes; it is given 64-byte aligned, contents undefined.
struct MemoryRequest {
  std::size_t state = 0;             ///< kept from forward to backward (while training only)
  std::size_t forward_scratch = 0;   ///< during forward only
  std::size_t backward_scratch = 0;  ///< during backward only
  std::size_t unwanted_scratch = 0;  ///< added to backward_scratch where the gradient of no input is wanted
};

/// What an operation makes of its parameters for inference, once for as long as they stay the same, e.g. a kernel in
/// the form that its algorithm reads. All workspaces of a network share it.
struct PreparedRequest {
  std::size_t bytes = 0;            ///< its size; 0 if there is nothing to prepare
  std::size_t forward_scratch = 0;  ///< takes the place of MemoryRequest::forward_scratch where there is something
  int form = 0;                     ///< input shapes for which this number differs need a form of their own
};

/// What the memory planner may do with the tensors of an operation.
struct MemoryTraits {
  bool forward_in_place = false;   ///< y may be the memory of x
  bool second_in_place = false;    ///< y may be the memory of the second input, if it is not that of the first as well
  bool backward_in_place = false;  ///< dx of the last input may be the memory of dy
  /// dx is the same for all inputs: backward is asked for one of them only, which may be the memory of dy (if
  /// backward_in_place).
  bool equal_gradients = false;
  bool needs_input = true;         ///< backward reads x
  bool needs_other_inputs = true;  ///< and if it does, not only the first one
  bool needs_output = false;       ///< backward reads y
  bool recompute = false;          ///< y costs little to compute again (`Operation::recompute`), so it need not be kept
};

/// A node of a network: any number of inputs, one output. Most have one input and derive from `Layer` instead.
///
/// The contract: all functions are const and re-entrant, allocate nothing while running, and take their memory from the
/// context. `backward` OVERWRITES every dx that is not empty (an empty one is not wanted) and ADDS to the
/// parameter gradients that are not empty. Shapes include the batch as first dimension.
template <class T>
class Operation {
 public:
  using Inputs = std::span<const TensorView<const T>>;
  using InputGradients = std::span<const TensorView<T>>;
  using Shapes = std::span<const Shape>;

  virtual ~Operation() = default;
  /// The type as shown in summaries and messages and written to model files, e.g. `conv2d`.
  virtual std::string kind() const = 0;
  /// What a model file holds of this operation, as an object: all that its constructor from a `const JsonReader&` needs
  /// to make it again (layer_registry.hpp).
  virtual JsonValue attributes() const { return JsonValue::object(); }
  /// Shape of the output. @throws ShapeError naming the operation if it cannot work on these inputs.
  virtual Shape output_shape(Shapes inputs) const = 0;
  /// Parameters, named within the operation (`kernel`); their order gives the slots of the context.
  virtual std::vector<ParameterSpec> parameters(Shapes) const { return {}; }
  /// Memory that `forward` and `backward` take from the context.
  virtual MemoryRequest memory(Shapes, const Execution&, bool /*training*/) const { return {}; }
  virtual MemoryTraits traits() const { return {}; }
  /// What can be prepared for inputs of these shapes.
  virtual PreparedRequest prepared(Shapes, const Execution&) const { return {}; }
  /// Writes it, from the parameters of the context, to `to`, 64-byte aligned. The scratch memory is that of `forward`.
  virtual void prepare(Context<T>&, Shapes, std::byte* /*to*/) const {}
  /// Multiply-accumulate operations of a forward pass.
  virtual Index macs(Shapes) const { return 0; }

  virtual void forward(Context<T>& context, Inputs x, TensorView<T> y) const = 0;
  virtual void backward(Context<T>& context, Inputs x, TensorView<const T> y, TensorView<const T> dy,
                        InputGradients dx) const = 0;
  /// Where the traits offer it: computes y again during backward, to the last bit as `forward` did in the same step.
  /// The state is what `forward` left; the scratch memory is that of `forward`. Changes no statistics.
  virtual void recompute(Context<T>& context, Inputs x, TensorView<T> y) const { forward(context, x, y); }
};

namespace detail {

/// Whether two operations are of the same class, not one of a class derived from the other's, which may compute
/// something else. Compiled with -fno-rtti, C++ cannot tell; then the kind decides, which a derived class has to
/// override.
template <class T>
bool same_class(const Operation<T>& a, const Operation<T>& b) {
#if defined(__cpp_rtti)
  return typeid(a) == typeid(b);
#else
  return a.kind() == b.kind();
#endif
}

}  // namespace detail

}  // namespace amdefect
