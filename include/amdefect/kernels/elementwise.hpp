#pragma once

#include "amdefect/core/eigen.hpp"
#include "amdefect/core/parallel.hpp"
#include "amdefect/core/tensor.hpp"

namespace amdefect {

template <class T>
using ConstArrayMap = Eigen::Map<const Eigen::Array<T, Eigen::Dynamic, 1>>;
template <class T>
using ArrayMap = Eigen::Map<Eigen::Array<T, Eigen::Dynamic, 1>>;

/// y = function(x), element by element; `function(x_array, y_array)` gets corresponding pieces. y may be x.
template <class T, class Function>
void map_elements(int threads, TensorView<const T> x, TensorView<T> y, const Function& function) {
  parallel_for(threads_for(threads, x.size()), x.size(), [&](Index begin, Index end, int) {
    function(ConstArrayMap<T>(x.data() + begin, end - begin), ArrayMap<T>(y.data() + begin, end - begin));
  });
}

/// to = from.
template <class T>
void copy_elements(int threads, TensorView<const T> from, TensorView<T> to) {
  map_elements(threads, from, to, [](auto in, auto out) { out = in; });
}
/// sum += term.
template <class T>
void add_elements(int threads, TensorView<const T> term, TensorView<T> sum) {
  map_elements(threads, term, sum, [](auto in, auto out) { out += in; });
}
/// sum = a + b.
template <class T>
void sum_elements(int threads, TensorView<const T> a, TensorView<const T> b, TensorView<T> sum) {
  parallel_for(threads_for(threads, sum.size()), sum.size(), [&](Index begin, Index end, int) {
    const auto piece = [&](const T* data) { return ConstArrayMap<T>(data + begin, end - begin); };
    ArrayMap<T>(sum.data() + begin, end - begin) = piece(a.data()) + piece(b.data());
  });
}

}  // namespace amdefect
