#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <ostream>
#include <span>
#include <type_traits>
#include <utility>

#include "amdefect/core/eigen.hpp"
#include "amdefect/core/huge_pages.hpp"
#include "amdefect/core/shape.hpp"

namespace amdefect {

/// Memory of every tensor starts at a multiple of this many bytes: a cache line, and the widest vector register.
inline constexpr std::size_t tensor_alignment = 64;

/// The multiple of `tensor_alignment` that so many bytes take.
constexpr std::size_t aligned_size(std::size_t bytes) {
  return (bytes + tensor_alignment - 1) / tensor_alignment * tensor_alignment;
}

template <class T>
class Tensor;

/// A pointer and a shape: the contiguous, row-major elements of somebody else's tensor. Copying it copies no elements.
/// `TensorView<const T>` is read-only; images are NHWC (batch, height, width, channels).
template <class T>
class TensorView {
 public:
  using Scalar = std::remove_const_t<T>;
  template <class Dense>
  using Map = Eigen::Map<std::conditional_t<std::is_const_v<T>, const Dense, Dense>>;
  using RowMajorMatrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using FlatArray = Eigen::Array<Scalar, Eigen::Dynamic, 1>;

  TensorView() = default;
  TensorView(T* data, const Shape& shape) : data_(data), shape_(shape) {}
  /// Mutable to read-only.
  template <class U>
  requires(std::is_same_v<const U, T>) TensorView(const TensorView<U>& other)
      : data_(other.data()), shape_(other.shape()) {}
  template <class U>
  requires(std::is_same_v<const U, T> || std::is_same_v<U, T>) TensorView(Tensor<U>& tensor)
      : data_(tensor.data()), shape_(tensor.shape()) {}
  template <class U>
  requires(std::is_same_v<const U, T>) TensorView(const Tensor<U>& tensor)
      : data_(tensor.data()), shape_(tensor.shape()) {}

  T* data() const { return data_; }
  const Shape& shape() const { return shape_; }
  std::size_t rank() const { return shape_.rank(); }
  Index dim(std::size_t axis) const { return shape_[axis]; }
  Index size() const { return data_ ? shape_.elements() : 0; }
  bool empty() const { return size() == 0; }
  T* begin() const { return data_; }
  T* end() const { return data_ + size(); }
  std::span<T> span() const { return {data_, static_cast<std::size_t>(size())}; }

  T& operator[](Index flat) const { return data_[flat]; }
  /// Element by one index per dimension (not checked), e.g. `view(n, y, x, c)`.
  template <class... Indices>
  T& operator()(Indices... indices) const {
    Index flat = 0;
    std::size_t axis = 0;
    ((flat = flat * shape_[axis++] + static_cast<Index>(indices)), ...);
    return data_[flat];
  }

  /// The same elements under another shape. @throws ShapeError if the number of elements differs.
  TensorView reshape(const Shape& shape) const {
    require<ShapeError>(shape.elements() == shape_.elements(), "reshape: ", shape_, " has ", shape_.elements(),
                        " elements, ", shape, " has ", shape.elements());
    return {data_, shape};
  }
  /// The samples [begin, end) of the first dimension. @throws ShapeError outside of the tensor.
  TensorView slice(Index begin, Index end) const {
    require<ShapeError>(rank() > 0 && 0 <= begin && begin <= end && end <= shape_[0], "slice: [", begin, ", ", end,
                        ") is outside of the first dimension of ", shape_);
    const Index stride = shape_[0] ? shape_.elements() / shape_[0] : 0;
    return {data_ + begin * stride, shape_.with_batch(end - begin)};
  }

  void fill(Scalar value) const { std::fill(begin(), end(), value); }
  /// All elements as an Eigen array.
  Map<FlatArray> array() const { return {data_, size()}; }
  /// The elements as an Eigen matrix with a column per entry of the last dimension (images: a row per pixel).
  Map<RowMajorMatrix> matrix() const {
    const Index columns = rank() ? shape_.back() : 1;
    return {data_, columns ? size() / columns : 0, columns};
  }

 private:
  T* data_ = nullptr;
  Shape shape_;
};

/// Throws a ShapeError that names the operation unless the shapes are equal.
inline void require_shape(const char* operation, const Shape& expected, const Shape& actual) {
  require<ShapeError>(expected == actual, operation, ": expected shape ", expected, ", got ", actual);
}

/// Copies all elements. @throws ShapeError if the shapes differ.
template <class T>
void copy(std::type_identity_t<TensorView<const T>> from, TensorView<T> to) {
  require_shape("copy", to.shape(), from.shape());
  std::copy(from.begin(), from.end(), to.begin());
}

/// An owned, contiguous, 64-byte aligned, row-major array, initially zero. Moves; copies only when asked (`clone`).
template <class T>
class Tensor {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Tensor() = default;
  explicit Tensor(const Shape& shape)
      : data_(static_cast<T*>(::operator new[](bytes(shape), std::align_val_t{tensor_alignment}))), shape_(shape) {
    detail::prefer_huge_pages(data_.get(), bytes(shape));
    std::fill_n(data_.get(), shape.elements(), T{});
  }
  /// A tensor of the given values in row-major order. @throws ShapeError if their number does not fit the shape.
  Tensor(const Shape& shape, std::span<const T> values) : Tensor(shape) {
    require<ShapeError>(static_cast<Index>(values.size()) == shape.elements(), "tensor: shape ", shape, " needs ",
                        shape.elements(), " values, got ", values.size());
    std::copy(values.begin(), values.end(), data_.get());
  }
  Tensor(Tensor&& other) noexcept : data_(std::move(other.data_)), shape_(std::exchange(other.shape_, Shape{})) {}
  Tensor& operator=(Tensor&& other) noexcept {
    data_ = std::move(other.data_);
    shape_ = std::exchange(other.shape_, Shape{});
    return *this;
  }

  Tensor clone() const {
    Tensor result(shape_);
    std::copy_n(data(), size(), result.data());
    return result;
  }

  TensorView<T> view() { return *this; }
  TensorView<const T> view() const { return *this; }

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  const Shape& shape() const { return shape_; }
  std::size_t rank() const { return shape_.rank(); }
  Index dim(std::size_t axis) const { return shape_[axis]; }
  Index size() const { return data_ ? shape_.elements() : 0; }
  bool empty() const { return size() == 0; }
  T* begin() { return data(); }
  T* end() { return data() + size(); }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size(); }
  std::span<T> span() { return view().span(); }
  std::span<const T> span() const { return view().span(); }
  T& operator[](Index flat) { return data_[static_cast<std::size_t>(flat)]; }
  const T& operator[](Index flat) const { return data_[static_cast<std::size_t>(flat)]; }
  template <class... Indices>
  T& operator()(Indices... indices) {
    return view()(indices...);
  }
  template <class... Indices>
  const T& operator()(Indices... indices) const {
    return view()(indices...);
  }
  TensorView<T> reshape(const Shape& shape) { return view().reshape(shape); }
  TensorView<const T> reshape(const Shape& shape) const { return view().reshape(shape); }
  TensorView<T> slice(Index first, Index last) { return view().slice(first, last); }
  TensorView<const T> slice(Index first, Index last) const { return view().slice(first, last); }
  void fill(T value) { view().fill(value); }
  auto array() { return view().array(); }
  auto array() const { return view().array(); }
  auto matrix() { return view().matrix(); }
  auto matrix() const { return view().matrix(); }

 private:
  struct Release {
    void operator()(T* data) const { ::operator delete[](data, std::align_val_t{tensor_alignment}); }
  };

  static std::size_t bytes(const Shape& shape) {
    const Index count = shape.elements();
    require<ShapeError>(count <= std::numeric_limits<Index>::max() / static_cast<Index>(sizeof(T)), "tensor: shape ",
                        shape, " is too large for this machine");
    return static_cast<std::size_t>(count) * sizeof(T);
  }

  std::unique_ptr<T[], Release> data_;
  Shape shape_;
};

/// A view of that shape on `memory`, which is replaced only if it is too small: calls with changing shapes soon
/// allocate nothing. The elements are undefined.
template <class T>
TensorView<T> ensure_capacity(Tensor<T>& memory, const Shape& shape) {
  if (memory.size() < shape.elements()) {
    memory = Tensor<T>();  // release before allocating the larger block
    memory = Tensor<T>({shape.elements()});
  }
  return {memory.data(), shape};
}

namespace detail {

/// Prints like NumPy: nested brackets, and only the edges of long dimensions.
template <class T>
void print_nested(std::ostream& out, const TensorView<const T>& view, std::size_t axis, Index offset, Index stride) {
  constexpr Index edge = 3;
  if (axis == view.rank()) {
    out << +view[offset];
    return;
  }
  const Index count = view.dim(axis);
  const bool innermost = axis + 1 == view.rank();
  const Index step = count ? stride / count : 0;
  out << '[';
  for (Index i = 0; i < count; ++i) {
    if (i > 0) out << (innermost ? ", " : ",\n") << (innermost ? std::string() : std::string(axis + 1, ' '));
    if (count > 2 * edge + 1 && i == edge) {
      out << "...";
      i = count - edge - 1;
      continue;
    }
    print_nested(out, view, axis + 1, offset + i * step, step);
  }
  out << ']';
}

}  // namespace detail

/// Shape and values, long dimensions shortened to their first and last three entries.
template <class T>
std::ostream& operator<<(std::ostream& out, const TensorView<T>& view) {
  out << "Tensor" << view.shape() << ' ';
  if (view.data() == nullptr) return out << "(empty)";
  detail::print_nested<std::remove_const_t<T>>(out, view, 0, 0, view.size());
  return out;
}
template <class T>
std::ostream& operator<<(std::ostream& out, const Tensor<T>& tensor) {
  return out << tensor.view();
}

}  // namespace amdefect
