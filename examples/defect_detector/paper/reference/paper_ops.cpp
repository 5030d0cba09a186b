// The reference cases of the paper's network, added to the program reference_check (tests/reference_check.cpp).
#include "paper/reference/network_inference_op.hpp"
#include "paper/reference/network_training_ops.hpp"
#include "reference_check/op.hpp"

namespace amdefect::reference_check {
namespace {

const AddOp paper_ops[] = {
    {"network_weights", [](auto& c) { check_network_weights(c); }},
    {"network_train", [](auto& c) { check_network_train(c); }},
    {"network_grads", [](auto& c) { check_network_gradients(c); }},
    {"network_final", [](auto& c) { check_network_final(c); }},
    {"network_infer", [](auto& c) { check_network_inference(c); }},
};

}  // namespace
}  // namespace amdefect::reference_check
