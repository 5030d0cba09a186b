#include "image_input.hpp"

namespace {

const RegisterFuzzTarget jpeg_target("jpeg", decode_any_way);

}  // namespace
