#include "image_input.hpp"

namespace {

const RegisterFuzzTarget png_target("png", decode_any_way);

}  // namespace
