#pragma once

#include "amdefect/io/json_value.hpp"
#include "amdefect/sensors/registration.hpp"

namespace amdefect {

/// `[[1,0,12],[0,1,-3]]`, as a list of sensors has it (`matrix`).
inline JsonValue to_json(const Registration& r) {
  return JsonValue::array({JsonValue::array({r.xx, r.xy, r.x0}), JsonValue::array({r.yx, r.yy, r.y0})});
}

}  // namespace amdefect
