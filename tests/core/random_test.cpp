#include "amdefect/core/random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <set>

using namespace amdefect;

TEST_CASE("random numbers are those of SplitMix64, and go on from a state") {
  Random random(1234567);  // the numbers of the authors' program
  CHECK(random.next() == 6457827717110365317u);
  CHECK(random.next() == 3203168211198807973u);
  CHECK(Random(random.state()).next() == 9817491932198370423u);
  CHECK(Random(0).uniform() == static_cast<double>(0xE220A8397B1DCDAF >> 11) / 9007199254740992.0);
}

TEST_CASE("streams of a seed differ by each of their numbers and by the order of these") {
  std::set<std::uint64_t> firsts;
  for (const Random& stream : {Random(7), Random(7, 0), Random(7, 1), Random(7, -1), Random(7, 0, 0), Random(7, 1, 2),
                               Random(7, 2, 1), Random(8, 1)})
    firsts.insert(Random(stream).next());
  CHECK(firsts.size() == 8);
}

TEST_CASE("integers of a range are equally likely, whatever its size") {
  Random random(5), raw(5);
  const Index large = (Index{1} << 62) + 1;  // three times in 64 bits; what is left, nearly a quarter, is rejected
  for (int i = 0; i < 100; ++i) {
    std::uint64_t value = raw.next();
    while (value >= 3 * static_cast<std::uint64_t>(large)) value = raw.next();
    CHECK(random.integer(large) == static_cast<Index>(value % static_cast<std::uint64_t>(large)));
  }
  CHECK(random.integer(1) == 0);
}

TEST_CASE("the distributions have their ranges, means and deviations") {
  Random random(1);
  double low = 9, high = 0, sum = 0, normal = 0, squares = 0;
  int often = 0;
  for (int i = 0; i < 10000; ++i) {
    const double value = random.uniform(2, 6), gaussian = random.normal(5, 2);
    low = std::min(low, value), high = std::max(high, value), sum += value;
    normal += gaussian, squares += (gaussian - 5) * (gaussian - 5);
    often += random.chance(0.3);
  }
  CHECK(low == doctest::Approx(2).epsilon(0.001));
  CHECK((low >= 2 && high < 6 && high > 5.99));
  CHECK(sum / 10000 == doctest::Approx(4).epsilon(0.02));
  CHECK(normal / 10000 == doctest::Approx(5).epsilon(0.02));
  CHECK(squares / 10000 == doctest::Approx(4).epsilon(0.05));
  CHECK(often / 10000.0 == doctest::Approx(0.3).epsilon(0.05));
  CHECK(random.normal() != random.normal());
}

TEST_CASE("a shuffle makes each order equally likely") {
  Random random(2);
  std::map<std::array<int, 3>, int> orders;
  for (int i = 0; i < 6000; ++i) {
    std::array<int, 3> items{1, 2, 3};
    random.shuffle(items);
    ++orders[items];
  }
  CHECK(orders.size() == 6);
  for (const auto& [order, count] : orders) CHECK(count == doctest::Approx(1000).epsilon(0.1));
}
