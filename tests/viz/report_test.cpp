#include "amdefect/viz/report.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>

#include "amdefect/coco/coco_json.hpp"
#include "amdefect/viz/comparison.hpp"
#include "outside_data.hpp"
#include "temporary_folder.hpp"
#include "viz/page_check.hpp"
#include "viz/xml_check.hpp"

using namespace amdefect;
namespace fs = std::filesystem;

namespace {

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE(in.is_open());
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Two classes, four images: found; taken for the other class; missed, with a false alarm; empty.
CocoDataset small_dataset() {
  CocoDataset dataset;
  dataset.images = {
      {40, "empty.png", 64, 48}, {30, "missed.png", 64, 48}, {20, "wrong.png", 64, 48}, {10, "found.png", 64, 48}};
  dataset.categories = {{7, "pore", ""}, {3, "crack", ""}};
  dataset.annotations = {{1, 10, 3, {4, 4, 10, 10}, 100},
                         {2, 10, 7, {30, 20, 8, 8}, 64},
                         {3, 20, 7, {5, 5, 20, 20}, 400},
                         {4, 30, 3, {5, 5, 20, 20}, 400}};
  return dataset;
}
std::vector<CocoResult> small_results() {
  return {{10, 3, {4, 4, 10, 10}, 0.9},
          {10, 7, {30, 20, 8, 8}, 0.6},
          {10, 7, {50, 30, 8, 8}, 0.2},  // below the threshold
          {20, 3, {5, 5, 20, 20}, 0.8},
          {30, 3, {40, 30, 9, 9}, 0.7}};
}
Image grey_picture(const CocoImage& image) { return Image(image.height, image.width, 3, 128); }

Comparison two_runs() {
  return {.columns = {"this run", "other"},
          .rows = {{"F1", {0.5, 0.236}, false, "at score 0.5"}, {"missed objects", {2, std::nan("")}, true}}};
}

ReportData small_report() {
  ReportData data{.title = "Small", .subtitle = "two classes"};
  const CocoDataset dataset = small_dataset();
  const std::vector<CocoResult> results = small_results();
  data.summary = {{"images", "4"}};
  data.configuration = {{"batch_size", "8"}};
  for (Index epoch = 1; epoch <= 4; ++epoch) {
    EpochLog log{.epoch = epoch, .epochs = 4};
    log.values = {{"loss", 1.0 / static_cast<double>(epoch)},
                  {"val_loss", 1.5 / static_cast<double>(epoch)},
                  {"learning_rate", 1e-4}};
    if (epoch == 4) log.values.emplace_back("mAP50", 0.5);
    data.history.push_back(log);
  }
  data.class_names = class_names(dataset);
  data.evaluation = measure_detections(dataset, results);
  data.tables.push_back(comparison_table(two_runs()));
  data.gallery = select_gallery(dataset, results, grey_picture);
  return data;
}

std::string page_of(const ReportData& data) {
  const TemporaryFolder folder;
  write_report(folder / "report.html", data);
  const std::string html = read_text(folder / "report.html");
  check_page(html);
  if (fs::exists(folder / "plots"))
    for (const fs::directory_entry& file : fs::directory_iterator(folder / "plots"))
      if (file.path().extension() == ".svg") CHECK(xml_error(read_text(file.path())) == "");
  return html;
}

}  // namespace

TEST_CASE("base64 of RFC 4648") {
  const auto encode = [](std::string_view text) {
    return detail::base64(std::vector<std::uint8_t>(text.begin(), text.end()));
  };
  CHECK(encode("") == "");
  CHECK(encode("f") == "Zg==");
  CHECK(encode("fo") == "Zm8=");
  CHECK(encode("foo") == "Zm9v");
  CHECK(encode("foobar") == "Zm9vYmFy");
  CHECK(encode("\xff\xfe\xfb") == "//77");
}

TEST_CASE("the gallery shows the best, worst and most confused images once each, with verdicts") {
  const CocoDataset dataset = small_dataset();
  const std::vector<CocoResult> results = small_results();
  const std::vector<GalleryItem> all =
      select_gallery(dataset, results, grey_picture, {.best = 1, .worst = 1, .confused = 1});
  REQUIRE(all.size() == 3);
  CHECK(all[0].group == "Best");
  CHECK(all[0].name == "found.png");
  CHECK(all[1].group == "Worst");
  CHECK(all[1].name == "wrong.png");  // as many errors as missed.png, and the lower id
  CHECK(all[2].group == "Most confused");
  CHECK(all[2].name == "missed.png");
  CHECK(class_names(dataset) == std::vector<std::string>{"crack", "pore"});

  const GalleryItem& found = all[0];
  CHECK(found.picture.width == 64);
  CHECK(found.picture.height == 48);
  REQUIRE(found.truths.size() == 2);
  CHECK(found.truths[0] == GalleryTruth{{{4, 4, 14, 14}, 0}, 0.9});
  CHECK(found.truths[1] == GalleryTruth{{{30, 20, 38, 28}, 1}, 0.6});
  REQUIRE(found.detections.size() == 3);
  CHECK(found.detections[0].verdict == Verdict::correct);
  CHECK(found.detections[2].verdict == Verdict::false_positive);
  CHECK(all[1].detections.at(0).verdict == Verdict::wrong_class);
  CHECK(all[1].truths.at(0).found_score == -std::numeric_limits<double>::infinity());
  CHECK(all[2].detections.at(0).verdict == Verdict::false_positive);

  const auto confused = select_gallery(dataset, results, grey_picture, {.best = 0, .worst = 0, .confused = 5});
  REQUIRE(confused.size() == 2);  // the others have no errors
  CHECK(confused[0].name == "wrong.png");
  CHECK(select_gallery({}, {}, grey_picture).empty());
  const auto few =
      select_gallery(dataset, results, grey_picture, {.best = 1, .worst = 0, .confused = 0, .max_detections = 1});
  REQUIRE(few.at(0).detections.size() == 1);
  CHECK(few[0].detections[0].detection.score == 0.9);
}

TEST_CASE("gallery pictures are small, whatever the image") {
  const GalleryPicture wide = make_gallery_picture(Image(10, 4000, 1, 7), 400);
  CHECK(wide.width == 4000);
  CHECK(wide.height == 10);
  const Image decoded = decode_image(wide.jpeg, "wide");
  CHECK(decoded.width() == 400);
  CHECK(decoded.height() == 1);
  CHECK(decode_image(make_gallery_picture(Image(5, 5, 4, 7)).jpeg, "rgba").width() == 5);
  CHECK(decode_image(make_gallery_picture(Image(5, 5, 2, 7)).jpeg, "two channels").width() == 5);
  CHECK_THROWS_AS(make_gallery_picture(Image()), ShapeError);
}

TEST_CASE("a whole report has all its parts, and is always the same") {
  const TemporaryFolder folder;
  const ReportData data = small_report();
  write_report(folder / "deep/er/report.html", data);
  const std::string html = read_text(folder / "deep/er/report.html");
  check_page(html);
  for (const char* part :
       {"id=\"summary\"", "id=\"configuration\"", "id=\"training\"", "id=\"detection\"", "id=\"classes\"",
        "id=\"gallery\"", "<title>Loss</title>", "<title>Learning rate</title>", "mAP50", "crack  AP",
        "data:image/jpeg;base64,/9j/", "prefers-color-scheme:dark", "@media print", "0.236",
        "data-t=\"crack 0.80, wrong class\"", "data-t=\"pore, ground truth\"", "lowest val_loss"})
    CHECK_MESSAGE(html.find(part) != std::string::npos, part);
  CHECK(count_text(html, "<figure class=\"chart\">") == 7);
  CHECK(count_text(html, "<figure class=\"shot\">") == 3);
  CHECK(html.find("2 found, 0 missed, 0 false") != std::string::npos);
  for (const char* name :
       {"loss.svg", "loss.csv", "learning_rate.svg", "validation_metrics.csv", "precision_recall.svg", "f1.csv",
        "f1_by_class.svg", "confusion.svg", "confusion.csv", "coco.csv", "classes.csv", "comparison.csv"}) {
    CHECK_MESSAGE(fs::file_size(folder / "deep/er/plots" / name) > 10, name);
    CHECK_MESSAGE(html.find(concat("href=\"plots/", name, "\"")) != std::string::npos, name);
  }
  CHECK(read_text(folder / "deep/er/plots/confusion.csv") ==
        "true \\ predicted,crack,pore,background\ncrack,1,0,1\npore,1,1,0\nbackground,1,0,0\n");
  CHECK(read_text(folder / "deep/er/plots/loss.csv").starts_with("epoch,loss,val_loss\n1,1,1.5\n2,0.5,0.75\n"));
  write_report(folder / "again/report.html", data);
  CHECK(html == read_text(folder / "again/report.html"));
  CHECK(read_text(folder / "deep/er/plots/f1.svg") == read_text(folder / "again/plots/f1.svg"));
}

TEST_CASE("a report shows tables and sections of its caller, and writes their numbers") {
  const TemporaryFolder folder;
  ReportData data = small_report();
  data.sections.push_back({.id = "cost",
                           .title = "Cost",
                           .note = "On one machine.",
                           .tables = {{.name = "seconds",
                                       .rows = {{"step", "s"}, {"forward", "0.33"}},
                                       .exact = {{"step", "s"}, {"forward", "0.333333"}},
                                       .caption = "Time"}}});
  write_report(folder / "report.html", data);
  const std::string html = read_text(folder / "report.html");
  check_page(html);
  for (const char* part : {"id=\"cost\"", "<p>On one machine.</p>", "<caption>Time</caption>", "<td>0.33</td>",
                           "<th scope=\"row\">missed objects</th><td>2</td><td>\xE2\x80\x93</td>", "at score 0.5"})
    CHECK_MESSAGE(html.find(part) != std::string::npos, part);
  CHECK(html.find("id=\"cost\"") < html.find("id=\"gallery\""));
  CHECK(read_text(folder / "plots/seconds.csv") == "step,s\nforward,0.333333\n");
  CHECK(read_text(folder / "plots/comparison.csv") ==
        "figure,this run,other,note\nF1,0.5,0.236,at score 0.5\nmissed objects,2,,\n");
}

TEST_CASE("a comparison gets a column between others, and fits a terminal") {
  Comparison comparison = two_runs();
  comparison.insert_column(1, "a longer name", [](const Comparison::Row& row) { return row.count ? 1 : 0.25; });
  CHECK(to_text(comparison) ==
        "figure                        this run  a longer name    other\n"
        "F1                               0.500          0.250    0.236\n"
        "missed objects                       2              1        -\n");
}

TEST_CASE("every part of a report may be missing") {
  CHECK(page_of({}).find("There is nothing to show.") != std::string::npos);
  {
    ReportData data = small_report();
    data.history.clear();
    CHECK(page_of(data).find("id=\"training\"") == std::string::npos);
  }
  {
    ReportData data = small_report();
    data.evaluation.reset();
    data.tables.clear();
    data.class_names.clear();
    const std::string html = page_of(data);
    CHECK(html.find("id=\"detection\"") == std::string::npos);
    CHECK(html.find("class 0 0.90") != std::string::npos);  // a class without a name has a number
  }
  {
    ReportData data = small_report();
    data.gallery.clear();
    CHECK(page_of(data).find("id=\"gallery\"") == std::string::npos);
  }
}

TEST_CASE("evaluations without detections, ground truth, images or categories") {
  CocoDataset dataset = small_dataset();
  const auto evaluated = [](const CocoDataset& truth, const std::vector<CocoResult>& found,
                            const CocoEvalOptions& options = {}) {
    ReportData data;
    data.class_names = class_names(truth);
    data.evaluation = measure_detections(truth, found, {}, options);
    data.tables.push_back(comparison_table(two_runs()));
    data.gallery = select_gallery(truth, found, grey_picture);
    return page_of(data);
  };
  CHECK(evaluated(dataset, {}).find("<dd>0.000 (0.000 to 0.000)</dd>") != std::string::npos);
  CocoEvalOptions one_class;
  one_class.use_categories = false;
  CHECK(evaluated(dataset, small_results(), one_class).find("all classes") != std::string::npos);
  dataset.annotations.clear();
  CHECK(evaluated(dataset, small_results()).find("<dd>\xE2\x80\x93</dd>") != std::string::npos);
  CHECK(evaluated(dataset, {}).find("id=\"classes\"") != std::string::npos);
  CHECK(evaluated({}, {}).find("id=\"classes\"") != std::string::npos);
}

TEST_CASE("histories of one epoch, of NaN losses and without a learning rate") {
  ReportData data;
  data.history = {{.epoch = 1, .epochs = 1, .values = {{"loss", 0.5}}}};
  CHECK(page_of(data).find("<title>Loss</title>") != std::string::npos);
  data.history = {{.epoch = 1, .epochs = 2, .values = {{"loss", std::nan("")}, {"learning_rate", 0}}},
                  {.epoch = 2, .epochs = 2, .values = {}}};
  CHECK(page_of(data).find("no data") != std::string::npos);
  data.history = {{}};
  page_of(data);
}

TEST_CASE("F1 is drawn of the classes that have objects, if there are two") {
  DetectionMetrics evaluation;
  evaluation.curves.per_class = {{1, 1, {}}, {2, 0, {}}, {3, 5, {}}};
  const LinePlot plot = detail::class_f1_plot(evaluation, {"pore", "crack", "wire"});
  REQUIRE(plot.series.size() == 2);
  CHECK(plot.series[1].name == "wire");
  evaluation.curves.per_class.pop_back();
  CHECK(detail::class_f1_plot(evaluation, {"pore", "crack"}).series.empty());
}

TEST_CASE("80 classes") {
  CocoDataset dataset{{{1, "a.png", 640, 480}}, {}, {}};
  std::vector<CocoResult> results;
  for (std::int64_t k = 0; k < 80; ++k) {
    const CocoBox box{static_cast<double>(k * 7), 10, 6, 6};
    dataset.categories.push_back({k * 3 + 1, concat("class number ", k), ""});
    dataset.annotations.push_back({k + 1, 1, k * 3 + 1, box, 36});
    results.push_back({1, k * 3 + 1, box, 0.5 + 0.005 * static_cast<double>(k)});
  }
  ReportData data;
  data.class_names = class_names(dataset);
  data.evaluation = measure_detections(dataset, results);
  data.gallery = select_gallery(dataset, results, grey_picture);
  const std::string html = page_of(data);
  CHECK(html.find("mean of 80 classes  AP 1.000") != std::string::npos);
  CHECK(html.find("confusion dense") != std::string::npos);
  CHECK(html.size() < 1'000'000);
}

TEST_CASE("names from files cannot break out of the page") {
  const std::string evil = "</script><img src=x onerror=alert(1)>\"' & \xff";
  ReportData data = small_report();
  data.title = data.subtitle = evil;
  data.summary = data.configuration = {{evil, evil}};
  data.class_names = {evil, evil};
  data.tables = {{.name = "evil", .rows = {{evil}, {evil}}, .caption = evil, .note = evil}};
  data.sections = {{.id = "more", .title = evil, .note = evil}};
  for (EpochLog& log : data.history) log.values[0].first = evil;
  for (GalleryItem& item : data.gallery) item.group = item.name = evil;
  const TemporaryFolder folder;
  write_report(folder / "report.html", data);
  write_gallery(folder / "gallery.html", evil, evil, data.gallery, data.class_names);
  for (const char* name : {"report.html", "gallery.html"}) {
    const std::string html = read_text(folder / name);
    CHECK(html.find("<img") == std::string::npos);
    CHECK(html.find('\xff') == std::string::npos);
    CHECK(count_text(html, "</script>") == 1);
    CHECK(count_text(html, "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&#39; &amp; \xEF\xBF\xBD") > 5);
    for (std::size_t at = html.find("<figure"); at != std::string::npos; at = html.find("<figure", at + 1))
      CHECK(xml_error(html.substr(at, html.find("</figure>", at) + 9 - at)) == "");
  }
}

TEST_CASE("a gallery of predictions without ground truth") {
  std::vector<GalleryItem> items(2);
  items[0].name = "a.png";
  items[0].picture = make_gallery_picture(Image(20, 30, 3, 50));
  items[0].detections = {{{{1, 2, 11, 12}, 0.8, 0}}, {{{5, 5, 6, 6}, 0.3, 1}}};
  items[1].name = "nothing found.png";
  items[1].picture = make_gallery_picture(Image(20, 30, 3, 50));
  const TemporaryFolder folder;
  write_gallery(folder / "predictions.html", "Predictions", "", items, {"pore"}, 0.5);
  const std::string html = read_text(folder / "predictions.html");
  check_page(html);
  CHECK(html.find("no-truth\" checked") == std::string::npos);
  CHECK(html.find(">1 detection<") != std::string::npos);
  CHECK(html.find(">0 detections<") != std::string::npos);
  CHECK(html.find("found plain off\" data-s=\"0.3\" data-t=\"class 1 0.30\"") != std::string::npos);
  CHECK(html.find("x=\"1\" y=\"2\" width=\"10\" height=\"10\"") != std::string::npos);
  // The frame of the score 0.8 is closed (above half of the way from 0.5 to 1), that of 0.3 is of corners.
  CHECK(count_text(html, "<rect x=\"1\" y=\"2\"") == 1);
  CHECK(html.find("d=\"M5.16 5H5V5.16M5.84 5H6V5.16M5.16 6H5V5.84M5.84 6H6V5.84\"") != std::string::npos);
  CHECK(html.find("score from 0.75</li>") != std::string::npos);
  CHECK(html.find("value=\"labels\" data-adds checked") != std::string::npos);
  write_gallery(folder / "empty.html", "Predictions", "", {}, {});
  CHECK(read_text(folder / "empty.html").find("There is nothing to show.") != std::string::npos);
}

TEST_CASE("where there is one class, its name is in the key and not on each box") {
  GalleryItem item{.name = "layer.png", .picture = make_gallery_picture(Image(20, 30, 3, 50))};
  for (const double x : {1.0, 15.0}) item.detections.push_back({{{x, 2, x + 6, 8}, 0.8, 0}});
  const TemporaryFolder folder;
  const auto page = [&](const GalleryItem& shown) {
    write_gallery(folder / "page.html", "Predictions", "", {shown}, {"pore", "crack"}, 0.5);
    return read_text(folder / "page.html");
  };
  CHECK(count_text(page(item), ">0.80</text>") == 2);
  CHECK(count_text(page(item), "pore</li>") == 1);
  item.detections[1].detection.label = 1;
  CHECK(count_text(page(item), ">pore 0.80</text>") == 1);
  CHECK(count_text(page(item), ">crack 0.80</text>") == 1);
}

TEST_CASE("a report that cannot be written is one clear error") {
  const TemporaryFolder folder;
  const fs::path file = folder.write("file", "text");
  CHECK_THROWS_AS(write_report(file / "report.html", small_report()), FileError);
  CHECK_THROWS_AS(write_gallery(folder / "no/folder/gallery.html", "", "", {}, {}), FileError);
  CHECK(read_text(file) == "text");
}

TEST_CASE("a report of real images") {
  const fs::path coco = outside_data("coco/02_real_valid_mid_noise"), images = outside_data("lpbf/valid/images");
  if (coco.empty() || images.empty()) return;
  const CocoDataset dataset = read_coco_annotations(coco / "gt.json", CocoStrictness::evaluation);
  const std::vector<CocoResult> results = read_coco_results(coco / "dt.json");
  ReportData data;
  data.class_names = class_names(dataset);
  data.evaluation = measure_detections(dataset, results);
  data.gallery =
      select_gallery(dataset, results, [&](const CocoImage& image) { return load_image(images / image.file_name); });
  CHECK(data.gallery.size() == 18);
  const std::string html = page_of(data);
  CHECK(count_text(html, "data:image/jpeg;base64,") == 18);
  CHECK(html.size() < 4'000'000);
}
