#include "image_input.hpp"

namespace {

const RegisterFuzzTarget bmp_target("bmp", decode_any_way);

}  // namespace
