#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "amdefect/io/atomic_file.hpp"
#include "amdefect/viz/gallery_page.hpp"
#include "amdefect/viz/page.hpp"
#include "amdefect/viz/report_data.hpp"
#include "amdefect/viz/report_plots.hpp"
#include "amdefect/viz/report_tables.hpp"

namespace amdefect {

namespace detail {

/// Collects the sections of a report and the files beside it.
class ReportWriter {
 public:
  ReportWriter(const ReportData& data, std::string folder) : data_(data), folder_(std::move(folder)) {
    add_summary();
    add_training();
    add_detection();
    add_classes();
    for (const ReportSection& section : data.sections) add(section);
    if (!data.gallery.empty()) {
      const double threshold = data.evaluation ? data.evaluation->match.score_threshold : 0.5;
      sections_.push_back({"gallery", "Images", GalleryWriter(data.gallery, data.class_names, threshold).write()});
    }
  }

  std::string html() const { return page_html(data_.title, data_.subtitle, sections_); }
  /// Names and contents of the plots and tables.
  const std::vector<std::pair<std::string, std::string>>& files() const { return files_; }

 private:
  static std::string with_interval(double figure, const Interval& interval) {
    if (figure < 0 || interval.low < 0) return ratio_text(figure);
    return concat(ratio_text(figure), " (", to_text(interval), ")");
  }

  void add_summary() {
    KeyValues tiles;
    if (data_.evaluation) {
      const DetectionMetrics& evaluation = *data_.evaluation;
      const DetectionCounts counts = evaluation.curves.all.at(evaluation.match.score_threshold);
      const ScorePoint best = evaluation.curves.all.best_f1();
      const DetectionIntervals& intervals = evaluation.intervals;
      tiles = {{"mAP, IoU 0.5", with_interval(evaluation.coco.stats[stat_ap50], intervals.ap50)},
               {"mAP, IoU 0.5 to 0.95", with_interval(evaluation.coco.stats[stat_ap], intervals.ap)},
               {concat("F1 at score ", compact_number(evaluation.match.score_threshold)),
                with_interval(counts.f1(), intervals.f1)},
               {concat("best F1, at score ", fixed_number(best.threshold, 2)),
                with_interval(best.counts.f1(), intervals.best_f1)},
               {"images", concat(evaluation.images)},
               {"objects", concat(evaluation.truths)},
               {"detections", concat(evaluation.detections)}};
    }
    KeyValues facts = data_.summary;
    if (data_.evaluation && !data_.evaluation->warning().empty())
      facts.emplace_back("note", data_.evaluation->warning());
    sections_.push_back({"summary", "Summary", list_html("tiles", tiles) + list_html("facts", facts)});
    sections_.push_back({"configuration", "Configuration", list_html("facts", data_.configuration)});
  }

  void add_training() {
    if (data_.history.empty()) return;
    std::string html;
    html += chart("loss", loss_plot(data_.history));
    html += chart("learning_rate", learning_rate_plot(data_.history));
    html += chart("validation_metrics", metrics_plot(data_.history));
    if (!html.empty()) html = "<div class=\"grid\">\n" + html + "</div>\n";
    sections_.push_back({"training", "Training", std::move(html)});
  }

  void add_detection() {
    std::string html;
    for (const ReportTable& extra : data_.tables) html += table(extra);
    if (data_.evaluation) {
      const DetectionMetrics& evaluation = *data_.evaluation;
      html += "<div class=\"grid\">\n" +
              chart("precision_recall", precision_recall_plot(evaluation.coco, data_.class_names)) +
              chart("f1", f1_plot(evaluation)) + chart("calibration", calibration_plot(evaluation)) +
              chart("f1_by_class", class_f1_plot(evaluation, data_.class_names)) + "</div>\n";
      html += table("coco", coco_rows(evaluation.coco, false), coco_rows(evaluation.coco, true),
                    "As pycocotools computes them", 2);
    }
    sections_.push_back({"detection", "Detection", std::move(html)});
  }

  void add_classes() {
    if (!data_.evaluation) return;
    const DetectionMetrics& evaluation = *data_.evaluation;
    std::string html = table(
        "classes", class_rows(evaluation, data_.class_names, false), class_rows(evaluation, data_.class_names, true),
        concat("Precision, recall and F1 at score ", compact_number(evaluation.match.score_threshold), ", IoU ",
               compact_number(evaluation.match.iou_threshold)));
    const HeatMap map = confusion_map(evaluation.confusion, data_.class_names);
    html += confusion_html(map);
    html +=
        links({add_file("confusion.svg", heat_map_svg(map)), add_file("confusion.csv", csv_text(confusion_rows(map)))});
    sections_.push_back({"classes", "Classes", std::move(html)});
  }

  void add(const ReportSection& section) {
    std::string html = note(section.note);
    for (const ReportTable& extra : section.tables) html += table(extra);
    sections_.push_back({section.id, section.title, std::move(html)});
  }

  /// Keeps a file and returns its name.
  std::string add_file(const std::string& name, std::string content) {
    files_.emplace_back(name, std::move(content));
    return name;
  }
  std::string anchors(const std::vector<std::string>& names) const {
    std::string html;
    for (const std::string& name : names)
      html += concat("<a href=\"", escape_markup(folder_), '/', name, "\">", name, "</a> ");
    return html;
  }
  std::string links(const std::vector<std::string>& names) const {
    return concat("<p class=\"note files\">", anchors(names), "</p>\n");
  }

  /// A plot in the page and as files; nothing for one without lines.
  std::string chart(const std::string& name, const LinePlot& plot) {
    if (plot.series.empty()) return "";
    const std::string svg = line_plot_svg(plot);
    return chart_html(svg, anchors({add_file(name + ".svg", svg), add_file(name + ".csv", line_plot_csv(plot))}));
  }

  std::string table(const std::string& name, const TableRows& shown, const TableRows& exact, const std::string& caption,
                    std::size_t text_from = SIZE_MAX) {
    return table_html(shown, caption, text_from) + links({add_file(name + ".csv", csv_text(exact))});
  }
  std::string table(const ReportTable& t) {
    return note(t.note) + table(t.name, t.rows, t.exact.empty() ? t.rows : t.exact, t.caption, t.text_from);
  }
  static std::string note(const std::string& text) {
    return text.empty() ? "" : concat("<p>", escape_markup(text), "</p>\n");
  }

  const ReportData& data_;
  std::string folder_;
  std::vector<PageSection> sections_;
  std::vector<std::pair<std::string, std::string>> files_;
};

}  // namespace detail

/// Writes `path`, a page that needs no other file and no network, and beside it the folder `plots` with every plot as
/// .svg and all numbers as .csv. Parts without data are left out. Folders are made. @throws FileError
inline void write_report(const std::filesystem::path& path, const ReportData& data,
                         const std::string& plots_folder = "plots") {
  const detail::ReportWriter writer(data, plots_folder);
  const std::filesystem::path folder = path.parent_path() / plots_folder;
  std::error_code failure;
  if (!path.parent_path().empty()) std::filesystem::create_directories(path.parent_path(), failure);
  if (!failure && !writer.files().empty()) std::filesystem::create_directories(folder, failure);
  require<FileError>(!failure, folder.string(), ": the folder cannot be made: ", failure.message());
  for (const auto& [name, content] : writer.files()) write_text_file(folder / name, content);
  write_text_file(path, writer.html());
}

}  // namespace amdefect
