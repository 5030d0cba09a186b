#include "amdefect/viz/inspection_page.hpp"

#include <doctest/doctest.h>

#include "contains.hpp"
#include "random_image.hpp"
#include "temporary_folder.hpp"
#include "viz/page_check.hpp"

using namespace amdefect;
namespace fs = std::filesystem;

namespace {

/// Three splits of 80 x 60 pictures with faults of every kind; `train/gone.png` is missing.
CocoSplits faulty_data(const TemporaryFolder& folder, const std::string& class_name = "pore") {
  const auto annotation = [](std::int64_t id, std::int64_t image, CocoBox box) {
    return CocoAnnotation{id, image, 3, box, box.width * box.height};
  };
  CocoDataset train, valid, test;
  train.images = {{1, "full.png", 80, 60}, {2, "gone.png", 80, 60}, {3, "empty.png", 80, 60}};
  train.categories = valid.categories = test.categories = {{1, "crack", ""}, {3, class_name, ""}};
  train.annotations = {annotation(1, 1, {10.5, 10, 8, 9}),  annotation(2, 1, {10.5, 10, 8, 9}),
                       annotation(3, 1, {70, 20, 40, 9}),   annotation(4, 1, {5, 5, 0.5, 3}),
                       annotation(5, 1, {0, 0, 80, 60}),    annotation(6, 2, {-9, 5, 20, 9}),
                       annotation(7, 1, {-300, 30, 305, 9})};
  valid.images = {{1, "full again.jpg", 80, 60}};
  test.images = {{1, "other.png", 80, 60}};
  const std::tuple<const char*, const CocoDataset*> parts[] = {{"train", &train}, {"valid", &valid}, {"test", &test}};
  for (const auto& [name, data] : parts) {
    fs::create_directories(folder / name);
    write_coco_annotations(folder / name / "_annotations.coco.json", *data);
  }
  const Image full = resize(random_image(20, 20, 3), 60, 80);
  save_image(folder / "train/full.png", full);
  save_image(folder / "train/empty.png", Image(60, 80, 3, 90));
  save_image(folder / "valid/full again.jpg", full);
  save_image(folder / "test/other.png", resize(random_image(20, 20, 3, 2), 60, 80));
  return read_coco_splits(folder.path(), {.allow_missing_images = true});
}

}  // namespace

TEST_CASE("the page of an inspection has counts, findings, plots and pictures of each fault") {
  const TemporaryFolder folder;
  const Inspection inspection = inspect_data(faulty_data(folder));
  write_inspection(folder / "inspection.html", inspection, {.subtitle = "some data"});
  const std::string html = folder.read("inspection.html");
  check_page(html);
  for (const std::string part :
       {"id=\"overview\"",
        "id=\"train\"",
        "id=\"valid\"",
        "id=\"test\"",
        "id=\"overlaps\"",
        "id=\"gallery\"",
        "<th scope=\"row\">train</th><td>3</td><td>1</td><td>1</td><td>7</td><td>6</td>",
        "images that cannot be used: 1<ul><li>",
        "there is no file &quot;gone.png&quot;",
        "boxes reaching beyond their image: 3<ul><li>full.png: [70, 20, 40, 9] (annotation 3)</li>",
        "classes without boxes: crack",
        "<title>pore: 7</title>",
        "<title>8 to 16: 2</title>",
        "<h3>train: boxes reaching beyond their image</h3>",
        "<h3>train: boxes less than a pixel wide or high</h3>",
        "<h3>train: boxes repeating another one exactly</h3>",
        "<h3>train: boxes covering more than 90 % of their image</h3>",
        "<h3>train: the most crowded images</h3>",
        "<h3>test: images at random</h3>",
        ">2 of 6 boxes: [70, 20, 40, 9]; [",
        "<h3>train and valid: nearly the same picture, encoded or scaled anew</h3>",
        ">in valid, pair 1<",
        "data-t=\"pore [5, 5, 0.5, 3], annotation 4\""})
    CHECK_MESSAGE(contains(html, part), part);
  CHECK(count_text(html, "class=\"chart\"") == 6);
  CHECK(count_text(html, "box found fault") == 5);
  // Four faults, crowded and random of train; random of valid and test; a pair.
  CHECK(count_text(html, "<figure class=\"shot\">") == 4 + 1 + 2 + 1 + 1 + 2);
  CHECK(contains(html, "viewBox=\"-20 0 120 60\""));  // what lies outside is shown as far as a quarter of the picture
  CHECK_FALSE(contains(html, "type=\"range\""));

  const std::vector<std::vector<std::string>> rows = detail::inspection_rows(inspection);
  REQUIRE(rows.size() == 4);
  CHECK(rows[1].size() == rows[0].size());
  CHECK(rows[1].back() == "305");  // the largest side

  write_inspection(folder / "again.html", inspection, {.subtitle = "some data"});
  CHECK(html == folder.read("again.html"));
  write_inspection(folder / "bare.html", inspection, {.pictures = 0});
  CHECK_FALSE(contains(folder.read("bare.html"), "id=\"gallery\""));
}

TEST_CASE("a box has no fault unless it is said to") {
  const AnnotatedPicture item{.boxes = {{.object = {{1, 2, 3, 4}, 0}}}};
  const std::string html = detail::annotated_shot_html(item, {"pore"});
  CHECK(contains(html, "found plain"));
  CHECK_FALSE(contains(html, "found fault"));
}

TEST_CASE("the page of an inspection escapes names, and may have nothing to show") {
  const TemporaryFolder folder;
  const Inspection inspection = inspect_data(faulty_data(folder, "<img alt=x>"));
  write_inspection(folder / "page.html", inspection, {.title = "<b>", .subtitle = "<i>"});
  const std::string html = folder.read("page.html");
  for (const char* tag : {"<img", "<b>", "<i>"}) CHECK_FALSE(contains(html, tag));
  check_page(html);
  write_inspection(folder / "empty.html", {});
  CHECK(contains(folder.read("empty.html"), "</html>"));
  CHECK_THROWS_AS(write_inspection(folder / "no/folder.html", {}), FileError);
}

TEST_CASE("many classes: the plot has the commonest, and the rest in one bar") {
  AnnotationCheck check;
  for (Index i = 0; i < 100; ++i) check.classes.emplace_back(concat("class ", i), i);
  const BarPlot plot = detail::class_plot(check);
  REQUIRE(plot.bars.size() == 41);
  CHECK(plot.bars[0] == std::pair<std::string, double>("class 99", 99));
  CHECK(plot.bars[40] == std::pair<std::string, double>("60 others", 59 * 60 / 2));
}

TEST_CASE("sides of boxes are counted between powers of two") {
  CocoDataset data;
  for (const double side : {0.0, 0.5, 1.0, 1.9, 4.0, 7.9, 1e30}) data.annotations.push_back({1, 1, 1, {0, 0, side, 0}});
  const BarPlot plot = detail::side_plot(data);
  REQUIRE(plot.bars.size() == 25);
  CHECK(plot.bars[0] == std::pair<std::string, double>("below 1", 2));
  CHECK(plot.bars[1] == std::pair<std::string, double>("1 to 2", 2));
  CHECK(plot.bars[2] == std::pair<std::string, double>("2 to 4", 0));
  CHECK(plot.bars[3] == std::pair<std::string, double>("4 to 8", 2));
  CHECK(plot.bars[24].second == 1);
  CHECK(detail::side_plot({}).bars.empty());
}
