#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "amdefect/core/error.hpp"
#include "reference_check/check.hpp"

namespace amdefect::reference_check {

/// How an op is checked in either precision.
struct Op {
  std::function<void(Check<double>&)> in_double;
  std::function<void(Check<float>&)> in_float;

  template <class Function>
  Op(Function check) : in_double(check), in_float(check) {}
};

/// All ops by their names: those of the library, and those that other sources of the program have added.
std::map<std::string, Op>& ops();

/// Adds an op, as a static object of a source file that is linked to `reference_check`.
struct AddOp {
  AddOp(const std::string& name, Op op) {
    require(ops().emplace(name, std::move(op)).second, "there are two ops '", name, "'");
  }
};

}  // namespace amdefect::reference_check
