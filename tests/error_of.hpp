#pragma once

#include <string>

#include "amdefect/core/error.hpp"

/// The message of the Error that `action` throws.
template <class Action>
std::string error_of(Action&& action) {
  try {
    action();
  } catch (const amdefect::Error& error) {
    return error.what();
  }
  return "no error";
}
