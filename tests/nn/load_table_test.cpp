#include "amdefect/nn/load_table.hpp"

#include <doctest/doctest.h>

using namespace amdefect;

TEST_CASE("a load is told part by part: what was taken, adapted, left and missing") {
  LoadReport report;
  report.taken = {"stem.kernel", "stem_norm.gamma",       "score4_1.kernel",          "score8_1.kernel",
                  "score8.bias", "backbone.conv1.kernel", "backbone.layer1.0.kernel", "backbone.layer2.0.kernel"};
  report.adapted = {"backbone.conv1.kernel"};
  report.misfits = {"score4.kernel"};
  report.left = {{"there.weight", "has shape [1x1x32x2], expected [1x1x32x6]", "score4.kernel"},
                 {"fc.weight", "no parameter", ""},
                 {"fc.bias\x1b", "no parameter", ""}};
  report.missing = {"score64_1.kernel", "score64.kernel"};
  CHECK(load_table(report) ==
        "  stem                  2 taken\n"
        "  score4                1 taken, 1 left: has shape [1x1x32x2], expected [1x1x32x6]\n"
        "  score8                2 taken\n"
        "  backbone.conv1        1 taken, 1 of them adapted to the channels\n"
        "  backbone.layer1, 2    1 taken (each)\n"
        "  fc                    2 left: no such layer here\n"
        "  score64               2 not in the file, begin anew");
  CHECK(load_table({}).empty());
}

TEST_CASE("a part of a network is a name up to its first number") {
  CHECK(detail::part_of("backbone.features.13.conv.0.0.kernel") == "backbone.features.13");
  CHECK(detail::part_of("stage1_block1_1_norm.gamma") == "stage1");
  CHECK(detail::part_of("head_norm.beta") == "head");
  CHECK(detail::part_of("bias2") == "bias2");
  CHECK(detail::part_of("plain") == "plain");
}
