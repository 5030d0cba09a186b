#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "amdefect/metrics/coco_text.hpp"
#include "amdefect/viz/gallery_page.hpp"
#include "amdefect/viz/heat_map.hpp"
#include "amdefect/viz/report_data.hpp"

namespace amdefect::detail {

/// A figure in [0, 1]; a dash where it is undefined (-1 or NaN).
inline std::string ratio_text(double value) {
  return value < 0 || !is_finite(value) ? compact_number(std::numeric_limits<double>::quiet_NaN())
                                        : fixed_number(value, 3);
}

/// COCO's 12 figures: heading, names, values.
inline TableRows coco_rows(const CocoEvaluation& coco, bool exact) {
  static constexpr std::array<const char*, coco_stat_count> meanings = {
      "mean AP, IoU 0.50 to 0.95", "mean AP, IoU 0.50",   "mean AP, IoU 0.75",          "AP of small objects",
      "AP of medium objects",      "AP of large objects", "mean AR, fewest detections", "mean AR, some detections",
      "mean AR, most detections",  "AR of small objects", "AR of medium objects",       "AR of large objects"};
  const std::array<std::string, coco_stat_count> names = coco_stat_names(coco.options);
  TableRows rows{{"COCO figure", "value", "meaning"}};
  for (std::size_t i = 0; i < coco_stat_count; ++i)
    rows.push_back({names[i], exact ? exact_number(coco.stats[i]) : ratio_text(coco.stats[i]), meanings[i]});
  return rows;
}

/// A row per class, then one of all of them.
inline TableRows class_rows(const DetectionMetrics& evaluation, const std::vector<std::string>& names, bool exact) {
  const auto number = [&](double value) { return exact ? exact_number(value) : ratio_text(value); };
  TableRows rows{{"class", "objects", "AP", "AP50", "precision", "recall", "F1"}};
  if (exact) rows[0].insert(rows[0].end(), {"AP75", "AR", "TP", "FP", "FN", "best F1", "best threshold"});
  const auto add = [&](const std::string& name, const ScoreCurve& curve, const CocoCategoryResult& coco) {
    const DetectionCounts counts = curve.at(evaluation.match.score_threshold);
    const bool defined = counts.tp + counts.fp + counts.fn > 0;
    const auto ratio = [&](double value) { return number(defined ? value : -1); };
    rows.push_back({name, concat(curve.n_gt), number(coco.ap), number(coco.ap50), ratio(counts.precision()),
                    ratio(counts.recall()), ratio(counts.f1())});
    if (!exact) return;
    const ScorePoint best = curve.best_f1();
    rows.back().insert(rows.back().end(), {number(coco.ap75), number(coco.ar), concat(counts.tp), concat(counts.fp),
                                           concat(counts.fn), number(best.counts.f1()), number(best.threshold)});
  };
  const std::vector<ScoreCurve>& curves = evaluation.curves.per_class;
  const bool by_class = evaluation.coco.per_category.size() == curves.size();  // not without categories
  for (std::size_t k = 0; k < curves.size(); ++k)
    add(class_name(names, static_cast<Index>(k)), curves[k],
        by_class ? evaluation.coco.per_category[k] : CocoCategoryResult{});
  CocoCategoryResult all;
  all.ap = evaluation.coco.stats[stat_ap];
  all.ap50 = evaluation.coco.stats[stat_ap50];
  all.ap75 = evaluation.coco.stats[stat_ap75];
  all.ar = evaluation.coco.stats[stat_ar_max2];
  add("all", evaluation.curves.all, all);
  return rows;
}

/// The confusion matrix as an HTML table, each cell coloured by its share of the row.
inline std::string confusion_html(const HeatMap& map) {
  const bool dense = map.row_names.size() > 12;
  std::string html =
      concat("<p class=\"note\">", escape_markup(map.description), " The colour is the share of the row.</p>\n",
             open_table(dense ? "confusion dense" : "confusion", dense), "<caption>", escape_markup(map.title),
             "</caption><thead><tr><th scope=\"col\">true \xE2\x86\x93 predicted \xE2\x86\x92</th>");
  for (const std::string& name : map.column_names)
    html += concat("<th scope=\"col\">", escape_markup(shorten(name, 24)), "</th>");
  html += "</tr></thead>\n<tbody>";
  for (std::size_t i = 0; i < map.row_names.size(); ++i) {
    html += concat("<tr><th scope=\"row\">", escape_markup(shorten(map.row_names[i], 24)), "</th>");
    for (std::size_t j = 0; j < map.values[i].size(); ++j) {
      html += i == j ? "<td class=\"right\"" : "<td";
      if (map.shades[i][j] > 0) html += concat(" style=\"--v:", compact_number(map.shades[i][j], 3), '"');
      const bool blank = dense && map.values[i][j] == 0;
      html += blank ? "></td>" : concat('>', compact_number(map.values[i][j]), "</td>");
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

inline TableRows confusion_rows(const HeatMap& map) {
  TableRows rows{{"true \\ predicted"}};
  rows[0].insert(rows[0].end(), map.column_names.begin(), map.column_names.end());
  for (std::size_t i = 0; i < map.row_names.size(); ++i) {
    rows.push_back({map.row_names[i]});
    for (const double value : map.values[i]) rows.back().push_back(exact_number(value));
  }
  return rows;
}

}  // namespace amdefect::detail
