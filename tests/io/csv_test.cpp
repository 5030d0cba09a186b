#include "amdefect/io/csv.hpp"

#include <doctest/doctest.h>

using namespace amdefect;

TEST_CASE("cells of a CSV file keep to their line and are no formulas") {
  CHECK(csv_line({"a", "b,c", "d\"e", "f\ng\x1B"}) == "a,\"b,c\",\"d\"\"e\",f\\x0ag\\x1b\n");
  CHECK(csv_line({"=1+1", "+cmd", "-x", "@sum", "-", ""}) == "'=1+1,'+cmd,'-x,'@sum,'-,\n");
  CHECK(csv_line({"-1.5", "+2", "-1e-7", "a=b"}) == "-1.5,+2,-1e-7,a=b\n");
}
