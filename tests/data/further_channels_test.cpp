#include "amdefect/data/further_channels.hpp"

#include <doctest/doctest.h>

#include "error_of.hpp"

namespace amdefect::further_channels_test {

using Names = std::vector<std::string>;

SensorTraits with_rgb(const Names& further, double channel_dropout = 0) {
  return {names_with_rgb(further), false, channel_dropout};
}

/// The folders in which a detector's reader looks, in the order of the channels; empty: it does not look.
Names folders_of(const FurtherChannels& further, const Names& names) {
  Names folders;
  for (const std::string& name : names) {
    const JsonValue list = further.reader->identity();
    for (const JsonValue& sensor : *list.get_if<JsonValue::Array>())
      if (*sensor.find("name") == JsonValue(name)) folders.push_back(*sensor.find("folder")->get_if<std::string>());
  }
  return folders;
}

TEST_CASE("folders are the channels of their names") {
  const Names names{"template", "/data/thermal/"};
  const auto of = [&](const char* folder) { return detail::channel_of_folder(folder, names); };
  CHECK(of("template") == "template");
  CHECK(of("elsewhere/./template/") == "template");
  CHECK(of("thermal") == "/data/thermal/");
  CHECK(of("../other/thermal") == "/data/thermal/");
  CHECK(error_of([&] { of("thermal2"); }) ==
        "extra_image_folders: 'thermal2' is none of the channels that the detector was trained with, 'template', "
        "'/data/thermal/'; a list of sensors can say which one it is (sensors)");
  CHECK_THROWS_AS(of(""), Error);
  CHECK_THROWS_AS(of("template/thermal2"), Error);

  const Names alike{"left/ir", "right/ir", "ir2"};
  CHECK(detail::channel_of_folder("new/right/ir", alike) == "right/ir");
  CHECK(detail::channel_of_folder("left/ir", alike) == "left/ir");
  CHECK(error_of([&] { detail::channel_of_folder("new/ir", alike); }) ==
        "extra_image_folders: 'new/ir' may be of each of the channels 'left/ir', 'right/ir'; a list of sensors can say "
        "which one it is (sensors)");
}

TEST_CASE("a detector without channel dropout gets all folders, in their order") {
  const SensorTraits trained = with_rgb({"template", "thermal"});
  CHECK(further_channels(trained, Names{}).folders == Names{"template", "thermal"});
  CHECK(further_channels(trained, Names{"a/template", "b/thermal"}).folders == Names{"a/template", "b/thermal"});
  CHECK(further_channels(trained, Names{}).reader == nullptr);
  const std::string expected =
      "channels: the detector was trained with 'red', 'green', 'blue', 'template', 'thermal' in "
      "this order, got 'red', 'green', 'blue', ";
  const auto problem = [&](const Names& folders) { return error_of([&] { further_channels(trained, folders); }); };
  CHECK(problem({"thermal"}) == expected + "'thermal'");
  CHECK(problem({"thermal", "template"}) == expected + "'thermal', 'template'");
  CHECK(problem({"template", "thermal", "b/thermal"}) == expected + "'template', 'thermal', 'thermal'");
  CHECK(further_channels(with_rgb({"twice", "twice"}), Names{"twice", "twice"}).folders == Names{"twice", "twice"});
}

TEST_CASE("a detector with channel dropout does without folders that are not given, whichever they are") {
  const SensorTraits trained = with_rgb({"template", "thermal"}, 0.2);
  const FurtherChannels one = further_channels(trained, Names{"b/thermal"});
  CHECK(one.reader->channel_names() == trained.channel_names);
  CHECK(folders_of(one, {"thermal"}) == Names{"b/thermal"});
  CHECK(one.reader->missing(one.reader->files("", "no_such_image.png")) == Names{"template", "thermal"});
  CHECK(folders_of(further_channels(trained, Names{}), {"template", "thermal"}) == Names{"template", "thermal"});
  CHECK_THROWS_AS(further_channels(trained, Names{"thermal", "template"}), Error);
  CHECK_THROWS_AS(further_channels(trained, Names{"a/thermal", "b/thermal"}), Error);
}

TEST_CASE("a detector that knows no names gets the folders that are given") {
  CHECK(further_channels(SensorTraits{}, Names{"b", "a"}).folders == Names{"b", "a"});
  CHECK(further_channels(SensorTraits{}, Names{}).folders.empty());
}

TEST_CASE("a detector that wants more than folders says so") {
  SensorTraits numbers = with_rgb({"thermal"}, 0.2);
  numbers.own_numbers = true;
  CHECK(error_of([&] { further_channels(numbers, Names{"thermal"}); }) ==
        "channels: the detector was trained with the numbers of 'red', 'green', 'blue', 'thermal': say where their "
        "pictures are (sensors)");
  for (const Names& folders : {Names{}, Names{"visible/0"}})
    CHECK_THROWS_AS(further_channels(SensorTraits{{"visible/0", "visible/1", "NIR/0"}, false, 0}, folders), Error);
  for (const char* outside : {"/etc/thermal", "../thermal"})
    CHECK(
        error_of([&] { further_channels(with_rgb({outside}), Names{}); }).ends_with(": say where these pictures are"));
}

}  // namespace amdefect::further_channels_test
