#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "amdefect/metrics/calibration.hpp"
#include "amdefect/viz/gallery_page.hpp"
#include "amdefect/viz/heat_map.hpp"
#include "amdefect/viz/report_data.hpp"
#include "amdefect/viz/svg_plot.hpp"

namespace amdefect::detail {

/// Lines of more classes than this are drawn muted, without an entry in the legend.
inline constexpr std::size_t most_named_classes = 6;

/// The names of all values of a history in the order in which they first appear.
inline std::vector<std::string> history_names(const std::vector<EpochLog>& history) {
  std::vector<std::string> names;
  for (const EpochLog& log : history)
    for (const auto& value : log.values)
      if (std::find(names.begin(), names.end(), value.first) == names.end()) names.push_back(value.first);
  return names;
}

/// A value over the epochs that have it.
inline PlotSeries history_series(const std::vector<EpochLog>& history, const std::string& name) {
  PlotSeries series{.name = name};
  for (const EpochLog& log : history)
    if (const double* value = log.find(name)) {
      series.x.push_back(static_cast<double>(log.epoch));
      series.y.push_back(*value);
    }
  series.markers = series.x.size() <= 30;
  return series;
}

inline PlotAxis epoch_axis(const std::vector<EpochLog>& history) {
  PlotAxis axis{.title = "epoch", .whole_numbers = true};
  if (history.size() > 1) axis.low = static_cast<double>(history.front().epoch);
  if (history.size() > 1) axis.high = static_cast<double>(history.back().epoch);
  return axis;
}

/// Curves that span more than a factor of 20 are shown on a logarithmic axis.
inline bool spans_decades(const std::vector<PlotSeries>& lines) {
  double low = std::numeric_limits<double>::max(), high = 0;
  for (const PlotSeries& line : lines)
    for (const double y : line.y) {
      if (!is_finite(y)) continue;
      if (y <= 0) return false;
      low = std::min(low, y);
      high = std::max(high, y);
    }
  return high > 20 * low;
}

/// Values called loss or in front of the learning rate (the parts of the loss). A value and its val_ twin share a
/// colour; the validation is dashed.
inline LinePlot loss_plot(const std::vector<EpochLog>& history) {
  LinePlot plot{.title = "Loss", .x = epoch_axis(history)};
  std::vector<std::string> roots;
  const std::vector<std::string> names = history_names(history);
  const auto rate = std::find(names.begin(), names.end(), "learning_rate");
  for (auto name = names.begin(); name != names.end(); ++name) {
    if (name >= rate && (rate != names.end() || name->find("loss") == std::string::npos)) continue;
    const bool validation = name->starts_with("val_");
    const std::string root = validation ? name->substr(4) : *name;
    auto color = std::find(roots.begin(), roots.end(), root);
    if (color == roots.end()) color = roots.insert(color, root);
    PlotSeries series = history_series(history, *name);
    series.color = static_cast<int>(color - roots.begin());
    series.dash = validation ? 1 : 0;
    plot.series.push_back(std::move(series));
  }
  plot.y.logarithmic = spans_decades(plot.series);
  const double lowest = std::numeric_limits<double>::max();
  double best = lowest, best_epoch = 0;
  for (const PlotSeries& series : plot.series) {
    if (series.name != "val_loss") continue;
    for (std::size_t i = 0; i < series.y.size(); ++i)
      if (series.y[i] < best) {
        best = series.y[i];
        best_epoch = series.x[i];
      }
  }
  if (best < lowest) plot.marks.push_back({best_epoch, concat("lowest val_loss ", compact_number(best))});
  return plot;
}

inline LinePlot learning_rate_plot(const std::vector<EpochLog>& history) {
  LinePlot plot{.title = "Learning rate", .x = epoch_axis(history), .y = {.logarithmic = true}};
  PlotSeries series = history_series(history, "learning_rate");
  if (series.x.empty()) return plot;
  series.step = true;
  series.markers = false;
  series.name = "";
  plot.series.push_back(std::move(series));
  plot.description = "Learning rate over the epochs, on a logarithmic axis";
  return plot;
}

/// What callbacks have added behind the learning rate: mAP and the like.
inline LinePlot metrics_plot(const std::vector<EpochLog>& history) {
  LinePlot plot{.title = "Validation metrics", .x = epoch_axis(history)};
  const std::vector<std::string> names = history_names(history);
  auto name = std::find(names.begin(), names.end(), "learning_rate");
  if (name == names.end()) return plot;
  double highest = 0;
  for (++name; name != names.end(); ++name) {
    plot.series.push_back(history_series(history, *name));
    for (const double y : plot.series.back().y)
      if (is_finite(y)) highest = std::max(highest, y);
  }
  plot.y.low = 0;
  if (highest == 0) plot.y.high = 1;
  return plot;
}

/// COCO's interpolated precision at IoU 0.5, of each class and their mean.
inline LinePlot precision_recall_plot(const CocoEvaluation& coco, const std::vector<std::string>& names) {
  LinePlot plot{.title = "Precision over recall, IoU 0.5",
                .x = {.title = "recall", .low = 0.0, .high = 1.0},
                .y = {.title = "precision", .low = 0.0, .high = 1.0}};
  PlotSeries mean{.name = "", .color = 0, .dash = 0};
  std::size_t classes = 0;
  for (std::size_t k = 0; k < coco.per_category.size(); ++k) {
    const CocoCategoryResult& category = coco.per_category[k];
    if (category.ap50 < 0 || category.precision_iou50.empty()) continue;  // no ground truth
    ++classes;
    const std::string name = category.category_id == -1 && coco.per_category.size() == 1
                                 ? "all classes"
                                 : class_name(names, static_cast<Index>(k));
    PlotSeries line{.name = concat(name, "  AP ", fixed_number(category.ap50, 3))};
    mean.y.resize(category.precision_iou50.size());
    mean.x.clear();
    for (std::size_t r = 0; r < category.precision_iou50.size(); ++r) {
      const double recall = coco_recall(static_cast<Index>(r)), precision = category.precision_iou50[r];
      mean.x.push_back(recall);
      mean.y[r] += precision;
      if (precision == 0 && !line.y.empty() && line.y.back() == 0) continue;  // the line ends where it meets the axis
      line.x.push_back(recall);
      line.y.push_back(precision);
    }
    plot.series.push_back(std::move(line));
  }
  if (classes < 2) return plot;
  for (double& y : mean.y) y /= static_cast<double>(classes);
  mean.name = concat("mean of ", classes, " classes  AP ", fixed_number(coco.stats[stat_ap50], 3));
  for (std::size_t s = 0; s < classes; ++s) {
    plot.series[s].muted = classes > most_named_classes;
    plot.series[s].color = plot.series[s].dash = static_cast<int>(s) + 1;
  }
  plot.series.insert(plot.series.begin(), std::move(mean));
  return plot;
}

/// The thresholds at which curves are drawn: 201 in [0, 1], or as far as the scores reach.
inline std::vector<double> threshold_grid(const ScoreCurve& curve) {
  double low = 0, high = 1;
  if (!curve.points.empty()) {
    low = std::min(low, curve.points.back().threshold);
    high = std::max(high, curve.points.front().threshold);
  }
  std::vector<double> grid;
  for (int i = 0; i <= 200; ++i) grid.push_back(low + (high - low) * i / 200);
  return grid;
}

template <class Figure>
PlotSeries threshold_series(const std::string& name, const ScoreCurve& curve, const std::vector<double>& grid,
                            Figure&& figure) {
  PlotSeries series{.name = name};
  for (const double threshold : grid) {
    series.x.push_back(threshold);
    series.y.push_back(figure(curve.at(threshold)));
  }
  return series;
}

/// F1, precision and recall of all classes together, with the best threshold marked.
inline LinePlot f1_plot(const DetectionMetrics& evaluation) {
  const ScoreCurve& all = evaluation.curves.all;
  const std::vector<double> grid = threshold_grid(all);
  LinePlot plot{.title = "F1 over the score threshold",
                .x = {.title = "score threshold", .low = grid.front(), .high = grid.back()},
                .y = {.low = 0.0, .high = 1.0}};
  if (all.n_gt == 0 && all.points.empty()) return plot;
  plot.series.push_back(threshold_series("F1", all, grid, [](const DetectionCounts& c) { return c.f1(); }));
  plot.series.push_back(threshold_series("precision", all, grid, [](const DetectionCounts& c) {
    return c.tp + c.fp > 0 ? c.precision() : std::numeric_limits<double>::quiet_NaN();
  }));
  plot.series.push_back(threshold_series("recall", all, grid, [](const DetectionCounts& c) { return c.recall(); }));
  const ScorePoint best = all.best_f1();
  if (best.counts.tp > 0)
    plot.marks.push_back({best.threshold, concat("best F1 ", fixed_number(best.counts.f1(), 3), " at ",
                                                 fixed_number(best.threshold, 2))});
  return plot;
}

/// Precision over the scores (reliability diagram); a diagonal where a score is the probability of being right.
inline LinePlot calibration_plot(const DetectionMetrics& evaluation) {
  const Calibration found = calibration(evaluation.curves.all);
  LinePlot plot{.title = concat("Calibration, expected error ", fixed_number(found.expected_error(), 3)),
                .x = {.title = "mean score", .low = 0.0, .high = 1.0},
                .y = {.title = "precision", .low = 0.0, .high = 1.0}};
  if (found.detections == 0) return plot;
  PlotSeries series{.name = "detections", .markers = true};
  for (const CalibrationBin& bin : found.bins)
    if (bin.detections > 0) {
      series.x.push_back(bin.mean_score);
      series.y.push_back(bin.precision);
    }
  plot.series = {std::move(series), {.name = "calibrated", .x = {0, 1}, .y = {0, 1}}};
  return plot;
}

/// F1 of each class; empty for fewer than two.
inline LinePlot class_f1_plot(const DetectionMetrics& evaluation, const std::vector<std::string>& names) {
  const std::vector<double> grid = threshold_grid(evaluation.curves.all);
  LinePlot plot{.title = "F1 of each class",
                .x = {.title = "score threshold", .low = grid.front(), .high = grid.back()},
                .y = {.title = "F1", .low = 0.0, .high = 1.0}};
  const std::vector<ScoreCurve>& curves = evaluation.curves.per_class;
  for (std::size_t k = 0; k < curves.size(); ++k)
    if (curves[k].n_gt > 0)
      plot.series.push_back(threshold_series(class_name(names, static_cast<Index>(k)), curves[k], grid,
                                             [](const DetectionCounts& c) { return c.f1(); }));
  if (plot.series.size() < 2) plot.series.clear();
  for (PlotSeries& series : plot.series) series.muted = plot.series.size() > most_named_classes;
  for (std::size_t s = 0; s < plot.series.size(); ++s)
    plot.series[s].color = plot.series[s].dash = static_cast<int>(s) + 1;
  return plot;
}

/// Counts, shaded by their share of the row.
inline HeatMap confusion_map(const ConfusionMatrix& matrix, const std::vector<std::string>& names) {
  HeatMap map{.title = concat("Confusion at score ", compact_number(matrix.score_threshold), ", IoU ",
                              compact_number(matrix.iou_threshold)),
              .description = "Rows are true classes, columns predicted ones; the last of each is the background.",
              .row_title = "true",
              .column_title = "predicted"};
  for (std::size_t k = 0; k < matrix.class_ids.size(); ++k)
    map.row_names.push_back(class_name(names, static_cast<Index>(k)));
  map.row_names.emplace_back("background");
  map.column_names = map.row_names;
  for (const std::vector<Index>& row : matrix.counts) {
    Index sum = 0;
    for (const Index count : row) sum += count;
    map.values.emplace_back();
    map.shades.emplace_back();
    for (const Index count : row) {
      map.values.back().push_back(static_cast<double>(count));
      map.shades.back().push_back(sum ? static_cast<double>(count) / static_cast<double>(sum) : 0);
    }
  }
  return map;
}

}  // namespace amdefect::detail
