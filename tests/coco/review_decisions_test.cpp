#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "amdefect/review/decisions.hpp"
#include "contains.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

namespace {

/// With fields that amdefect does not know, an order of its own, and large numbers.
const char* const reviewed_file = R"({"info": {"year": 2024, "ratio": 0.10000000000000001},
"annotations": [
{"id": 9007199254740993, "image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4], "area": 12, "iscrowd": 0,
 "attributes": {"by": "Zo\u00eb", "tags": [1, null, true]}, "segmentation": [[1, 2, 4, 2, 4, 6, 1, 6]]},
{"bbox": [5.5, 6.25, 7, 8], "id": 4, "image_id": 1, "category_id": 1, "segmentation": [[1, 2, 3, 4, 5, 6]]},
{"id": 5, "image_id": 1, "category_id": 1, "bbox": [20, 20, 5, 5], "area": 25}],
"images": [{"id": 1, "file_name": "a.png", "width": 50, "height": 40, "date": "today"}],
"licenses": [{"id": 0, "name": "none"}], "version": 1.50,
"categories": [{"id": 1, "name": "pore"}, {"id": 2, "name": "crack", "color": "#fff"}]})";

const AnnotationState first_state{9007199254740993, 2, {1, 2, 3, 4}}, second_state{4, 1, {5.5, 6.25, 7, 8}},
    third_state{5, 1, {20, 20, 5, 5}};

const Suggestion missing{Mistake::missing, 1, {}, 2, {30, 30, 4, 2}, 0.5, "one"};
const Suggestion spurious{Mistake::spurious, 1, third_state, 1, third_state.box, 0.5, ""};
const Suggestion renamed{Mistake::wrong_class, 1, first_state, 1, first_state.box, 0.5, ""};
const Suggestion loose{Mistake::loose_box, 1, second_state, 1, {5, 6, 8, 9}, 0.5, ""};

using Json = nlohmann::ordered_json;

struct Folder : TemporaryFolder {
  std::filesystem::path file = write("a.json", reviewed_file);

  Json apply(const std::vector<Suggestion>& accepted) const {
    apply_decisions(file, accepted, *this / "b.json");
    return Json::parse(read("b.json"));
  }
  /// The complaint; no file is left behind.
  std::string refusal(const std::vector<Suggestion>& accepted) const {
    const std::string error = error_of([&] { apply_decisions(file, accepted, *this / "c.json"); });
    CHECK_FALSE(std::filesystem::exists(*this / "c.json"));
    return error;
  }
  std::string read_error(const std::string& text) const {
    write("d.json", text);
    return error_of([&] { read_decisions(*this / "d.json"); });
  }
};

}  // namespace

TEST_CASE("without decisions a file stays as it is, all fields and their order") {
  const Folder folder;
  CHECK(folder.apply({}).dump() == Json::parse(reviewed_file).dump());
}

TEST_CASE("decisions change what they say and nothing else") {
  const Folder folder;
  Json expected = Json::parse(reviewed_file);
  Json& list = expected["annotations"];
  list[0]["category_id"] = 1;
  list[1]["bbox"] = Json{5.0, 6.0, 8.0, 9.0};
  list[1]["segmentation"] = Json::array();  // was the outline of the old box
  list[1]["area"] = 72.0;
  list.erase(2);
  list.push_back({{"id", 9007199254740994},
                  {"image_id", 1},
                  {"category_id", 2},
                  {"bbox", {30.0, 30.0, 4.0, 2.0}},
                  {"area", 8.0},
                  {"iscrowd", 0}});
  CHECK(folder.apply({missing, spurious, renamed, loose}).dump() == expected.dump());
  CHECK(folder.read("a.json") == reviewed_file);
}

TEST_CASE("decisions that do not fit the file are refused, and nothing is written") {
  const Folder folder;
  const auto with = [](Suggestion suggestion, auto&& change) {
    change(suggestion);
    return suggestion;
  };
  const auto gone = with(spurious, [](Suggestion& s) { s.was->id = 77; });
  CHECK(contains(folder.refusal({missing, gone}), "accepted[1] (spurious): "));
  CHECK(contains(folder.refusal({gone}), "has no annotation with id 77"));
  for (const auto& changed : {with(spurious, [](Suggestion& s) { s.was->box.x = 21; }),
                              with(spurious, [](Suggestion& s) { s.was->category_id = 2; })})
    CHECK(contains(folder.refusal({changed}), "annotation 5 of " + folder.file.string() + " is no longer the one"));
  CHECK(contains(folder.refusal({with(missing, [](Suggestion& s) { s.image_id = 3; })}), "has no image with id 3"));
  CHECK(contains(folder.refusal({with(missing, [](Suggestion& s) { s.category_id = 3; })}), "no category with id 3"));
  CHECK(contains(folder.refusal({spurious, spurious}), "another decision about annotation 5"));
}

TEST_CASE("decisions that were followed are not followed again") {
  const Folder folder;
  for (const Suggestion& decision : {missing, spurious, renamed, loose}) {
    apply_decisions(folder.file, {decision}, folder / "b.json");
    CHECK(
        contains(error_of([&] { apply_decisions(folder / "b.json", {decision}, folder / "c.json"); }), "decisions: "));
  }
}

TEST_CASE("suggestions are read as they were written, ids of 64 bits included") {
  const Folder folder;
  std::string list;
  for (const Suggestion& suggestion : {missing, spurious, renamed, loose})
    list += (list.empty() ? "" : ",") + std::string("{\"accepted\":") + (list.empty() ? "false" : "true") + "," +
            to_json(suggestion).to_text().substr(1);
  folder.write("d.json", R"({"annotation_file":"a.json","decisions":[)" + list + "]}");
  const Decisions decisions = read_decisions(folder / "d.json");
  CHECK(decisions.annotation_file == "a.json");
  CHECK(decisions.rejected == 1);
  CHECK(decisions.accepted == std::vector{spurious, renamed, loose});
}

TEST_CASE("a file of decisions is read strictly") {
  const Folder folder;
  const auto one = [](const std::string& decision) {
    return R"({"annotation_file": "a.json", "decisions": [)" + decision + "]}";
  };
  CHECK(folder.read_error(one("")) == "no error");
  CHECK(contains(folder.read_error("{"), "d.json"));
  CHECK(contains(folder.read_error(R"({"decisions": []})"), "annotation_file"));
  CHECK(contains(folder.read_error(R"({"annotation_file": "a", "decisions": [], "more": 1})"), "\"more\""));
  CHECK(contains(folder.read_error(one(R"({"accepted": true, "kind": "odd"})")),
                 "decisions[0].kind: expected one of missing, spurious, class, box, duplicate, found 'odd'"));
  const std::string start = R"({"accepted": true, "kind": "missing", "image_id": 1, "category_id": 1)";
  CHECK(contains(folder.read_error(one(start + "}")), "\"bbox\""));
  CHECK(folder.read_error(one(start + R"(, "bbox": [1, 2, 3, 4]})")) == "no error");
  for (const char* box : {"[1, 2, 3]", "[1, 2, 0, 4]", "[1, 2, 3, -4]"})
    CHECK(contains(folder.read_error(one(start + R"(, "bbox": )" + box + "}")), "decisions[0].bbox: expected [x, y"));
  CHECK(contains(folder.read_error(one(start + R"(, "bbox": [1, 2, 3, 4], "annotation": {}})")),
                 "a missing box has none"));
  CHECK(contains(folder.read_error(one(R"({"accepted": true, "kind": "spurious", "image_id": 1, "category_id": 1})")),
                 "\"annotation\""));
  CHECK(
      contains(folder.read_error(one(R"({"kind": "missing", "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]})")),
               "\"accepted\""));
}
