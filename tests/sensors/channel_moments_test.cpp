#include "amdefect/sensors/channel_moments.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "amdefect/core/random.hpp"

using namespace amdefect;

TEST_CASE("running moments are those of all numbers, far from 0, in any parts") {
  Random random(3);
  std::vector<double> numbers(1000);
  for (double& number : numbers) number = random.normal(1e9, 2);
  double mean = 0, variance = 0;
  for (const double number : numbers) mean += (number - 1e9) / 1000;
  for (const double number : numbers) variance += (number - 1e9 - mean) * (number - 1e9 - mean) / 1000;
  RunningMoments whole, first, second;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    whole.add(numbers[i]);
    (i < 300 ? first : second).add(numbers[i]);
  }
  first.add(second);
  first.add(RunningMoments{});
  for (const RunningMoments* moments : {&whole, &first}) {
    CHECK(moments->count() == 1000);
    CHECK(moments->mean() - 1e9 == doctest::Approx(mean).epsilon(1e-5));
    CHECK(moments->deviation() == doctest::Approx(std::sqrt(variance)).epsilon(1e-6));
  }
}

TEST_CASE("channel moments make a scaling, and leave out what is unknown") {
  BasicImage<float> picture(1, 4, 2);
  const float unknown = std::numeric_limits<float>::quiet_NaN();
  const float values[] = {1, 1000, 3, unknown, 1, 3000, 3, unknown};
  std::copy(std::begin(values), std::end(values), picture.values().begin());
  ChannelMoments moments(2);
  moments.add(pixels(picture));
  moments.add(pixels(picture));
  const PixelScaling scaling = moments.scaling();
  CHECK(scaling.channel_offsets == std::vector<double>{2, 2000});
  CHECK(scaling.channel_scales == std::vector<double>{1, 1000});
  CHECK_THROWS_AS(moments.add(pixels(Image(1, 1, 3))), ShapeError);
}

TEST_CASE("a channel that shows nothing is refused by its name") {
  ChannelMoments moments(2);
  BasicImage<float> picture(1, 2, 2, 5.0F);
  picture(0, 0, 0) = 4;
  moments.add(pixels(picture));
  CHECK_THROWS_WITH_AS(static_cast<void>(moments.scaling({"visible", "thermal"})),
                       "channel moments: all pixels of the channel 'thermal' are 5: it shows nothing", Error);
  CHECK_THROWS_WITH_AS(static_cast<void>(ChannelMoments(1).scaling()),
                       "channel moments: no pixel of the channel 0 is known", Error);
  ChannelMoments large(2);
  large.add(pixels(BasicImage<float>(1, 2, 2, 5.0F)));
  BasicImage<float> bright(1, 2, 2, 5e6F);
  bright(0, 0, 0) = bright(0, 0, 1) = 5;
  large.add(pixels(bright));
  CHECK_THROWS_WITH_AS(
      static_cast<void>(large.scaling({"visible", "thermal"})),
      "pixel scaling: channel 'visible': offset 1.25e+06 and scale 2.16506e+06, expected numbers up to "
      "1e+06, scale at least 1e-06",
      Error);
}
