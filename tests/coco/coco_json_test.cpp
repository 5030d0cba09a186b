#include "amdefect/coco/coco_json.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "error_of.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

namespace {

const std::string head = R"({"images": [{"id": 1, "file_name": "a.png"}], "categories": [{"id": 1, "name": "pore"}],)";

/// What reading a file of this content throws, without the path before the file's name.
std::string annotations_error(const std::string& text, CocoStrictness strictness = CocoStrictness::training) {
  const TemporaryFolder folder;
  const auto path = folder.write("gt.json", text);
  const std::string message = error_of([&] { read_coco_annotations(path, strictness); });
  return message.starts_with(path.string()) ? message.substr(folder.path().string().size() + 1) : message;
}
std::string results_error(const std::string& text) {
  const TemporaryFolder folder;
  const auto path = folder.write("dt.json", text);
  const std::string message = error_of([&] { read_coco_results(path); });
  return message.starts_with(path.string()) ? message.substr(folder.path().string().size() + 1) : message;
}
std::string annotation_error(const std::string& entry) {
  return annotations_error(
      head + R"("annotations": [{"id": 5, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}, )" + entry + "]}");
}

}  // namespace

TEST_CASE("annotations: any key order, unknown fields of any type, all ways to write a number") {
  const TemporaryFolder folder;
  const auto path = folder.write("gt.json",
                                 "\xEF\xBB\xBF"
                                 R"(
    {"annotations": [
       {"bbox": [1.2e1, 69E+00, 3, 0.5], "attributes": {"id": 7, "bbox": ["x", [1]], "deep": [[[]], null]},
        "id": "4611686018427387904", "category_id": 7.0, "image_id": "0012", "segmentation": [[1, 2, 3]],
        "iscrowd": true, "ignore": 1, "area": 6},
       {"id": -3, "image_id": 12, "category_id": 7, "bbox": [0, 0, 2, 4], "iscrowd": null, "area": null,
        "image_id": 4611686018427387903}],
     "info": {"images": [1], "annotations": {"id": "x"}}, "licenses": null,
     "categories": [{"id": 7}, {"id": 9, "name": "crack", "supercategory": "defect"}, {"id": 10, "name": 5},
                    {"id": 11, "name": ""}],
     "images": [{"id": 12, "width": 640, "height": "480", "file_name": "\u0061/\u00e9.png", "date": {}},
                {"file_name": "b.png", "id": 4611686018427387903, "width": null}]})");
  const CocoDataset dataset = read_coco_annotations(path);
  REQUIRE(dataset.images.size() == 2);
  CHECK(dataset.images[0].id == 12);
  CHECK(dataset.images[0].file_name == "a/\xC3\xA9.png");
  CHECK(dataset.images[0].width == 640);
  CHECK(dataset.images[0].height == 480);
  CHECK(dataset.images[1].width == 0);
  REQUIRE(dataset.categories.size() == 4);
  CHECK(dataset.categories[0].name == "7");
  CHECK(dataset.categories[3].name == "11");
  CHECK(dataset.categories[1].supercategory == "defect");
  CHECK(dataset.categories[2].name == "5");
  REQUIRE(dataset.annotations.size() == 2);
  const CocoAnnotation& first = dataset.annotations[0];
  CHECK(first.id == std::int64_t{1} << 62);
  CHECK(first.image_id == 12);
  CHECK(first.category_id == 7);
  CHECK(first.box == CocoBox{12, 69, 3, 0.5});
  CHECK(first.area == 6);
  CHECK(first.crowd);
  CHECK(first.ignore);
  CHECK(dataset.annotations[1].id == -3);
  CHECK(dataset.annotations[1].image_id == 4611686018427387903);  // the last of a repeated key, exact
  CHECK(dataset.annotations[1].area == 8);
  CHECK_FALSE(dataset.annotations[1].crowd);
}

TEST_CASE("annotations: empty lists are fine, a repeated list counts as the last one") {
  const TemporaryFolder folder;
  const CocoDataset empty =
      read_coco_annotations(folder.write("a.json", R"({"images": [], "annotations": [], "categories": []})"));
  CHECK(empty.images.empty());
  const CocoDataset twice = read_coco_annotations(
      folder.write("b.json", R"({"images": [{"id": 1, "file_name": "a"}], "annotations": [], "categories": [],
                              "images": [{"id": 2, "file_name": "b"}]})"));
  REQUIRE(twice.images.size() == 1);
  CHECK(twice.images[0].id == 2);
}

TEST_CASE("what is written is read back exactly") {
  const TemporaryFolder folder;
  CocoDataset dataset;
  dataset.images = {{4611686018427387903, "sub/\"q\"\\ \xC3\xA9.png", 600, 400}, {0, "b.png", 1, 1}};
  dataset.categories = {{3, "workpiece", "metal"}, {0, "none", ""}};
  dataset.annotations = {{1, 0, 3, {0.1, 1.0 / 3, 2e-300, 987654321.0123}, 0.3, true, true},
                         {9007199254740993, 4611686018427387903, 0, {-1, -2.5, 0, 4}, 12, false, false}};
  write_coco_annotations(folder / "gt.json", dataset);
  const CocoDataset copy = read_coco_annotations(folder / "gt.json");
  REQUIRE(copy.images.size() == 2);
  CHECK(copy.images[0].id == dataset.images[0].id);
  CHECK(copy.images[0].file_name == dataset.images[0].file_name);
  CHECK(copy.images[0].height == 400);
  REQUIRE(copy.categories.size() == 2);
  CHECK(copy.categories[0].supercategory == "metal");
  REQUIRE(copy.annotations.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    const CocoAnnotation &a = dataset.annotations[i], &b = copy.annotations[i];
    CHECK(a.id == b.id);
    CHECK(a.image_id == b.image_id);
    CHECK(a.category_id == b.category_id);
    CHECK(a.box == b.box);
    CHECK(a.area == b.area);
    CHECK(a.crowd == b.crowd);
    CHECK(a.ignore == b.ignore);
  }
  const std::vector<CocoResult> results = {{4611686018427387903, 3, {0.1, 0.2, 0.30000000000000004, 7}, 0.7}};
  write_coco_results(folder / "dt.json", results);
  const std::vector<CocoResult> read = read_coco_results(folder / "dt.json");
  REQUIRE(read.size() == 1);
  CHECK(read[0].image_id == results[0].image_id);
  CHECK(read[0].box == results[0].box);
  CHECK(read[0].score == 0.7);
  write_coco_results(folder / "none.json", {});
  CHECK(read_coco_results(folder / "none.json").empty());
  CHECK(folder.read("none.json") == "[]\n");
}

TEST_CASE("a file that cannot be written whole is not touched") {
  const TemporaryFolder folder;
  write_coco_results(folder / "dt.json", {{1, 2, {1, 2, 3, 4}, 0.5}});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH_AS(write_coco_results(folder / "dt.json", {{1, 2, {1, 2, 3, 4}, 0.5}, {1, 2, {1, 2, 3, 4}, nan}}),
                       "write COCO file: results[1] has the score nan", Error);
  CHECK_THROWS_AS(write_coco_results(folder / "dt.json", {{1, 2, {1, nan, 3, 4}, 0.5}}), Error);
  CocoDataset dataset;
  dataset.images = {{1, "not UTF-8: \xFF", 0, 0}};
  CHECK_THROWS_AS(write_coco_annotations(folder / "dt.json", dataset), FileError);
  CHECK(read_coco_results(folder / "dt.json").size() == 1);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
  CHECK_THROWS_AS(write_coco_results(folder / "no" / "dt.json", {}), FileError);
}

TEST_CASE("broken annotation files give one error that names the entry") {
  CHECK(annotations_error("") ==
        "gt.json: not valid JSON: parse error at line 1, column 1: syntax error while parsing "
        "value - unexpected end of input; expected '[', '{', or a literal");
  CHECK(annotations_error("[]").starts_with("gt.json: is a JSON list, expected an object with \"images\""));
  CHECK(annotations_error("7") == "gt.json: holds a number, expected a COCO file");
  CHECK(annotations_error(R"({"images": [], "categories": []})") == "gt.json: has no \"annotations\" list");
  CHECK(annotations_error(R"({"images": [], "annotations": []})") == "gt.json: has no \"categories\" list");
  CHECK(annotations_error(R"({"annotations": [], "categories": []})") == "gt.json: has no \"images\" list");
  CHECK(annotations_error(R"({"images": {}})") == "gt.json: \"images\" is an object, expected a list");
  CHECK(annotations_error(R"({"images": null})") == "gt.json: \"images\" is null, expected a list");
  CHECK(annotations_error(R"({"images": [3]})") == "gt.json: images[0] is a number, expected an object");
  CHECK(annotations_error(R"({"images": [[]]})") == "gt.json: images[0] is a list, expected an object");
  CHECK(annotations_error(R"({"images": [{"file_name": "a"}]})") ==
        "gt.json: images[0]: has no \"id\", expected an integer of at most 64 bits (or its digits in quotes)");
  CHECK(annotations_error(R"({"images": [{"id": 3}]})") ==
        "gt.json: images[0] (id 3): has no \"file_name\", expected the name of an image file");
  CHECK(annotations_error(R"({"images": [{"id": 3, "file_name": 1, "width": -2}]})") ==
        "gt.json: images[0] (id 3): \"width\" is -2, expected at least 0");
  CHECK(annotations_error(R"({"images": [{"id": "a1"}]})")
            .starts_with("gt.json: images[0] (id \"a1\"): \"id\" is \"a1\""));
  CHECK(annotations_error(R"({"images": [{"id": 9223372036854775808}]})").find("at most 64 bits") != std::string::npos);
  CHECK(annotations_error(R"({"images": [{"id": 1.5}]})").find("\"id\" is 1.5") != std::string::npos);
  CHECK(annotations_error(R"({"images": [{"id": 1, "file_name": "a"}, {"id": 2, "file_name": "b"}, {"id": "1",
                           "file_name": "c"}], "annotations": [], "categories": []})") ==
        "gt.json: images[2] has the id 1 of images[0]");
  CHECK(annotations_error(R"({"images": [], "annotations": [], "categories": [{"id": 4}, {"id": 4}]})") ==
        "gt.json: categories[1] has the id 4 of categories[0]");
}

TEST_CASE("broken annotations give one error that names the entry") {
  CHECK(annotation_error(R"({"id": 5, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]})") ==
        "gt.json: annotations[1] has the id 5 of annotations[0]");
  CHECK(annotation_error(R"({"id": 6, "image_id": 1, "category_id": 1, "bbox": [1, 2, -3, 4]})") ==
        "gt.json: annotations[1] (id 6): \"bbox\" [1, 2, -3, 4] has a negative width or height");
  CHECK(annotation_error(R"({"id": 6, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3]})") ==
        "gt.json: annotations[1] (id 6): \"bbox\" has 3 numbers, expected [x, y, width, height]");
  CHECK(annotation_error(R"({"id": 6, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4, 5]})").find("has 5") !=
        std::string::npos);
  CHECK(annotation_error(R"({"id": 6, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, [4]]})") ==
        "gt.json: annotations[1] (id 6): \"bbox\" holds a list, expected the numbers [x, y, width, height]");
  CHECK(annotation_error(R"({"id": 6, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, null]})").find("holds null") !=
        std::string::npos);
  CHECK(annotation_error(R"({"id": 6, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, NaN]})")
            .starts_with("gt.json: annotations[1] (id 6): not valid JSON: parse error at line 1"));
  CHECK(annotation_error(R"({"id": 6, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 1e999]})")
            .find("number overflow parsing '1e999'") != std::string::npos);
  CHECK(annotation_error(R"({"id": 6, "image_id": 1, "category_id": 1})") ==
        "gt.json: annotations[1] (id 6): has no \"bbox\", expected [x, y, width, height]");
  CHECK(annotation_error(R"({"id": 6, "image_id": 1, "category_id": 1, "bbox": "x"})").find("\"bbox\" is \"x\"") !=
        std::string::npos);
  CHECK(annotation_error(R"({"id": 6, "category_id": 1, "bbox": [1, 2, 3, 4]})").find("has no \"image_id\"") !=
        std::string::npos);
  CHECK(annotation_error(R"({"id": 6, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "area": -1})") ==
        "gt.json: annotations[1] (id 6): \"area\" is -1, expected at least 0");
  CHECK(annotation_error(R"({"id": 6, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "iscrowd": 2})") ==
        "gt.json: annotations[1] (id 6): \"iscrowd\" is 2, expected 0 or 1");
  CHECK(annotation_error(R"({"id": 6, "image_id": 2, "category_id": 1, "bbox": [1, 2, 3, 4]})") ==
        "gt.json: annotations[1] (id 6): there is no image with id 2");
  CHECK(annotations_error(head +
                          R"("annotations": [{"id": 6, "image_id": 2, "category_id": 1, "bbox": [1, 2, 3, 4]}]})") ==
        "gt.json: annotations[0] (id 6): there is no image with id 2");
  CHECK(annotation_error(R"({"id": 6, "image_id": 1, "category_id": 9, "bbox": [1, 2, 3, 4]})") ==
        "gt.json: annotations[1] (id 6): there is no category with id 9");
}

TEST_CASE("a field of a wrong type is the one that is named, in every record, wherever it stands") {
  struct Record {
    const char* list;
    std::vector<std::pair<std::string, std::string>> fields;  // key and sound value
  };
  const std::vector<Record> records = {
      {"images", {{"id", "1"}, {"file_name", "\"a.png\""}, {"width", "8"}, {"height", "6"}}},
      {"categories", {{"id", "1"}, {"name", "\"pore\""}, {"supercategory", "\"all\""}}},
      {"annotations",
       {{"id", "1"},
        {"image_id", "1"},
        {"category_id", "1"},
        {"bbox", "[1, 2, 3, 4]"},
        {"area", "12"},
        {"iscrowd", "0"},
        {"ignore", "0"}}},
      {"results", {{"image_id", "1"}, {"category_id", "1"}, {"bbox", "[1, 2, 3, 4]"}, {"score", "0.5"}}}};
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"[]", "a list"}, {"[1, [2], {}]", "a list"}, {"{}", "an object"}, {R"({"id": [1], "bbox": 3})", "an object"}};
  for (const Record& record : records)
    for (std::size_t faulty = 0; faulty < record.fields.size(); ++faulty)
      for (const auto& [value, called] : wrong)
        for (const bool first : {false, true}) {  // of the keys of the record, or where it usually stands
          const std::string& name = record.fields[faulty].first;
          const bool is_box = name == "bbox", list = called == "a list";
          if (is_box && value.size() < 3 && list) continue;  // has 0 numbers, see above
          std::string entry = first ? "\"" + name + "\": " + value : "";
          for (std::size_t i = 0; i < record.fields.size(); ++i)
            if (i != faulty || !first)
              entry += (entry.empty() ? "\"" : ", \"") + record.fields[i].first +
                       "\": " + (i == faulty ? value : record.fields[i].second);
          entry = "{" + entry + "}";
          CAPTURE(entry);
          std::string message;
          if (std::string(record.list) == "results") {
            message = results_error("[" + entry + "]");
          } else {
            std::string text;
            for (const char* other : {"images", "categories", "annotations"})
              text += (text.empty() ? "{\"" : ", \"") + std::string(other) + "\": [" +
                      (std::string(other) == record.list ? entry : "") + "]";
            message = annotations_error(text + "}", CocoStrictness::evaluation);
          }
          CHECK(message.find(std::string(record.list) + "[0]") != std::string::npos);
          CHECK(message.find(": \"" + name + "\" " + (is_box && list ? "holds a list" : "is " + called) +
                             ", expected ") != std::string::npos);
          CHECK(std::count(message.begin(), message.end(), '"') == 2);  // no other field is accused
        }
}

TEST_CASE("evaluation tolerates annotations of unknown images and categories and images without name") {
  const TemporaryFolder folder;
  const auto path = folder.write("gt.json", R"({"images": [{"id": 1}], "categories": [],
      "annotations": [{"id": 6, "image_id": 2, "category_id": 9, "bbox": [1, 2, 3, 4]}]})");
  CHECK(read_coco_annotations(path, CocoStrictness::evaluation).annotations.size() == 1);
}

TEST_CASE("broken results give one error that names the entry") {
  CHECK(results_error("{}") == "dt.json: is a JSON object, expected a list of results (JSON Lines are not read)");
  CHECK(results_error("[3]") == "dt.json: results[0] is a number, expected an object");
  CHECK(results_error(R"([{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}])") ==
        "dt.json: results[0]: has no \"score\", expected a number");
  CHECK(results_error(R"([{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "score": "0.5"}])") ==
        "dt.json: results[0]: \"score\" is \"0.5\", expected a number");
  CHECK(results_error(R"([{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "score": NaN}])")
            .starts_with("dt.json: results[0]: not valid JSON: "));
  CHECK(results_error(R"([{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, -4], "score": 1}])")
            .find("negative width or height") != std::string::npos);
  CHECK(results_error(R"([{"image_id": 1, "category_id": 1, "segmentation": {}, "score": 1}])") ==
        "dt.json: results[0]: has no \"bbox\", expected [x, y, width, height]");
  CocoDataset dataset;
  dataset.images = {{1, "", 0, 0}};
  const std::vector<CocoResult> results = {{1, 3, {}, 0.5}, {2, 3, {}, 0.5}};
  CHECK(error_of([&] { require_known_references("dt.json", dataset, results, CocoStrictness::evaluation); }) ==
        "dt.json: results[1]: there is no image with id 2");
  CHECK(error_of([&] { require_known_references("dt.json", dataset, results, CocoStrictness::training); }) ==
        "dt.json: results[0]: there is no category with id 3");
}

TEST_CASE("what people take for a COCO file is named") {
  using namespace std::string_literals;
  for (const auto& [content, name] :
       {std::pair("\x1f\x8b\x08\0\0"s, "compressed by gzip (unpack it with gunzip)"),
        {"PK\x03\x04\x14", "a ZIP archive (unpack it)"},
        {"\xff\xfe{\0\"\0"s, "text in UTF-16 (save it as UTF-8)"},
        {"\xfe\xff\0{"s, "text in UTF-16 (save it as UTF-8)"},
        {"{\0\"\0"s, "text in UTF-16 (save it as UTF-8)"},
        {"\xff\xfe\0\0{\0\0\0"s, "text in UTF-32 (save it as UTF-8)"},
        {"<?xml version", "an XML file, perhaps of Pascal VOC"},
        {"version https://git-lfs.github.com", "a pointer of Git LFS, not the file itself (git lfs pull)"}}) {
    CHECK(annotations_error(content) == "gt.json: is "s + name + ", expected JSON");
    CHECK(results_error(content) == "dt.json: is "s + name + ", expected JSON");
  }
  const std::string lines = R"({"image": "a.png", "boxes": []})";
  const std::string more = ": has more behind the end of its JSON, expected one ";
  CHECK(annotations_error(lines + '\n' + lines) ==
        "gt.json" + more + "object with all lists (JSON Lines are not read)");
  CHECK(annotations_error(R"({"images": [], "annotations": [], "categories": []} x)").starts_with("gt.json" + more));
  CHECK(results_error("[] []") == "dt.json" + more + "list of results (JSON Lines are not read)");
  CHECK(results_error("{\"image_id\": 1}\n{\"image_id\": 2}\n").find("JSON Lines") != std::string::npos);
  CHECK(annotations_error(R"({"images": []]})").find("not valid JSON") != std::string::npos);
}

TEST_CASE("missing files, folders, deep nesting and garbage give one error and stay small") {
  const TemporaryFolder folder;
  CHECK(error_of([&] { read_coco_results(folder / "no.json"); }) ==
        (folder / "no.json").string() + ": cannot be opened: No such file or directory");
  CHECK(error_of([&] { read_coco_results(folder.path()); }) ==
        folder.path().string() + ": is a folder, expected a JSON file");
  CHECK(results_error(std::string(10'000'000, '[')).find("results[0] is a list, expected an object") !=
        std::string::npos);
  CHECK(annotations_error(R"({"info": )" + std::string(10'000'000, '[')) ==
        "gt.json: is nested more than 500 levels deep");
  std::string objects = R"({"info": )";
  for (int i = 0; i < 1'000'000; ++i) objects += R"({"a":)";
  CHECK(annotations_error(objects) == "gt.json: is nested more than 500 levels deep");
  CHECK(annotations_error(std::string(1000, '\0')).find("not valid JSON") != std::string::npos);
  CHECK(annotations_error("{\"" + std::string(100'000, 'x') + "\": \x01").size() < 300);
}

TEST_CASE("a single value of more than 64 MiB is refused, whatever it is") {
  const TemporaryFolder folder;
  for (const char filling : {'x', ' ', '1'}) {
    const std::string start = filling == 'x' ? R"({"a": "x)" : filling == ' ' ? R"({"a": )" : R"({"a": 1)";
    const auto path = folder.write("gt.json", start + std::string(detail::JsonBytes::longest_value + 200'000, filling));
    CHECK(error_of([&] { read_coco_annotations(path); }) ==
          path.string() + ": not a COCO file: a single value is longer than 64 MiB");
  }
}
