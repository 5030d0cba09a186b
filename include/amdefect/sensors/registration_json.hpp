#pragma once

#include <vector>

#include "amdefect/io/json_reader.hpp"
#include "amdefect/sensors/registration.hpp"

namespace amdefect {

/// `[[1,0,12],[0,1,-3]]`, as a list of sensors has it (`matrix`).
inline JsonValue to_json(const Registration& r) {
  return JsonValue::array({JsonValue::array({r.xx, r.xy, r.x0}), JsonValue::array({r.yx, r.yy, r.y0})});
}
/// Reads the same. @throws FileError for another form and Error for a map that cannot be inverted.
inline Registration read_registration(const JsonReader& json) {
  const auto rows = json.as<std::vector<std::vector<double>>>();
  if (rows.size() != 2 || rows[0].size() != 3 || rows[1].size() != 3) json.fail("expected two rows of three numbers");
  return registration_of({{{rows[0][0], rows[0][1], rows[0][2]}, {rows[1][0], rows[1][1], rows[1][2]}}});
}

}  // namespace amdefect
