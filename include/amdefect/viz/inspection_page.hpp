#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/io/atomic_file.hpp"
#include "amdefect/viz/bar_plot.hpp"
#include "amdefect/viz/inspection_pictures.hpp"
#include "amdefect/viz/page.hpp"

namespace amdefect {

struct InspectionPageOptions {
  std::string title = "Inspection", subtitle{};
  std::size_t pictures = 6;  ///< at most, of each thing that is shown
  std::size_t examples = 5;  ///< places named for each finding
  std::uint64_t seed = 0;    ///< of the images at random
};

namespace detail {

/// A row per split, percentiles of the box sizes behind the counts.
inline std::vector<std::vector<std::string>> inspection_rows(const Inspection& inspection) {
  std::vector<std::vector<std::string>> rows{
      {"split", "images", "unusable", "without boxes", "boxes", "most in an image"}};
  for (const int percent : AnnotationCheck::percents) rows[0].push_back(concat("side, ", percent, " %"));
  for (const Inspection::Split& split : inspection.splits) {
    const AnnotationCheck& check = split.annotations;
    rows.push_back({split.data.name, concat(split.data.size()), concat(split.unusable().size()),
                    concat(check.images_without_boxes()), concat(check.boxes()), concat(check.most_boxes())});
    for (const double side : check.sides) rows.back().push_back(compact_number(side));
  }
  return rows;
}

/// The commonest classes, and what is left in one bar.
inline BarPlot class_plot(const AnnotationCheck& check) {
  constexpr std::size_t most = 40;
  BarPlot plot{.title = "Boxes of each class"};
  std::vector<std::pair<std::string, Index>> classes = check.classes;
  if (classes.size() > most)
    std::stable_sort(classes.begin(), classes.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  Index others = 0;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    if (i < most) plot.bars.emplace_back(classes[i].first, static_cast<double>(classes[i].second));
    if (i >= most) others += classes[i].second;
  }
  if (classes.size() > most)
    plot.bars.emplace_back(concat(classes.size() - most, " others"), static_cast<double>(others));
  return plot;
}

/// The larger sides of the boxes, counted between powers of two.
inline BarPlot side_plot(const CocoDataset& data) {
  BarPlot plot{.title = "Boxes by their larger side in pixels"};
  std::vector<std::pair<int, double>> octaves;  // exponent, boxes; -1: sides below 1
  for (int exponent = -1; exponent < 24; ++exponent) octaves.emplace_back(exponent, 0);
  for (const CocoAnnotation& annotation : data.annotations) {
    const double side = std::max(annotation.box.width, annotation.box.height);
    const std::size_t octave =
        side < 1 ? 0 : std::min(static_cast<std::size_t>(std::ilogb(side)) + 1, octaves.size() - 1);
    ++octaves[octave].second;
  }
  const auto used = [](const auto& octave) { return octave.second > 0; };
  const auto first = std::find_if(octaves.begin(), octaves.end(), used);
  const auto end = std::find_if(octaves.rbegin(), octaves.rend(), used).base();
  for (auto octave = first; octave < end; ++octave) {
    const Index low = octave->first < 0 ? 0 : Index{1} << octave->first;
    plot.bars.emplace_back(low == 0 ? "below 1" : concat(low, " to ", 2 * low), octave->second);
  }
  return plot;
}

inline std::string findings_html(const std::vector<Finding>& list) {
  if (list.empty()) return "<p>Nothing to worry about was found.</p>\n";
  std::string html = "<ul class=\"findings\">\n";
  for (const Finding& finding : list) {
    html += "<li>" + escape_markup(finding.text);
    if (!finding.examples.empty()) html += "<ul>";
    for (const std::string& example : finding.examples) html += concat("<li>", escape_markup(example), "</li>");
    html += finding.examples.empty() ? "</li>\n" : "</ul></li>\n";
  }
  return html + "</ul>\n";
}

inline std::string split_html(const Inspection::Split& split, std::size_t examples) {
  constexpr std::size_t most_named = 200;  // of the images that cannot be used; the text of the program has them all
  std::vector<Finding> list = findings(split, examples);
  std::vector<std::string> unusable = split.unusable();
  if (!unusable.empty()) {
    Finding finding{concat("images that cannot be used: ", unusable.size()), std::move(unusable)};
    const std::size_t more = finding.examples.size() - std::min(finding.examples.size(), most_named);
    finding.examples.resize(finding.examples.size() - more);
    if (more > 0) finding.examples.push_back(concat("and ", more, " more"));
    list.insert(list.begin(), std::move(finding));
  }
  return concat(findings_html(list), "<div class=\"grid\">\n", chart_html(bar_plot_svg(class_plot(split.annotations))),
                chart_html(bar_plot_svg(side_plot(split.data.coco))), "</div>\n");
}

}  // namespace detail

/// Writes a page about an inspected data set, in one file that needs no other: counts and findings of each split, plots
/// of its classes and box sizes, and pictures: of each kind of finding, the most crowded ones, some at random.
/// @throws FileError
inline void write_inspection(const std::filesystem::path& path, const Inspection& inspection,
                             const InspectionPageOptions& options = {}) {
  std::vector<detail::PageSection> sections;
  sections.push_back({"overview", "Overview",
                      detail::table_html(detail::inspection_rows(inspection),
                                         "Side: percentiles of the larger sides of the boxes in pixels")});
  for (const Inspection::Split& split : inspection.splits)
    sections.push_back(
        {split.data.name, concat("Split ", split.data.name), detail::split_html(split, options.examples)});
  std::string overlaps;
  for (const Inspection::Overlap& overlap : inspection.overlaps)
    overlaps +=
        concat("<h3>", inspection.splits[overlap.first].data.name, " and ", inspection.splits[overlap.second].data.name,
               "</h3>\n", detail::findings_html(findings(inspection, overlap, options.examples)));
  sections.push_back({"overlaps", "In two splits", overlaps});
  const detail::InspectionPictures chosen(inspection, options.pictures, options.seed);
  std::vector<std::string> names;
  if (!inspection.splits.empty()) names = class_names(inspection.splits.front().data.coco);
  sections.push_back({"gallery", "Images", detail::annotation_gallery_html(chosen.pictures(), names)});
  write_text_file(path, detail::page_html(options.title, options.subtitle, sections));
}

}  // namespace amdefect
