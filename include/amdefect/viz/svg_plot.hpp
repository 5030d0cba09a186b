#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/shape.hpp"
#include "amdefect/viz/axis.hpp"
#include "amdefect/viz/text.hpp"

namespace amdefect {

/// A line of a plot: the points (x[i], y[i]) in their order. A point that cannot be drawn (NaN, infinite, not positive
/// on a logarithmic axis) leaves a gap; a point between two gaps becomes a dot.
struct PlotSeries {
  std::string name{};
  std::vector<double> x{}, y{};
  bool step = false;     ///< holds each value until the next x
  bool markers = false;  ///< a dot on every point
  bool muted = false;    ///< thin, grey and without an entry in the legend
  int color = -1;        ///< index into the palette and the dash patterns; -1: the position among the series
  int dash = -1;
};

/// A vertical line at x with a short text.
struct PlotMark {
  double x = 0;
  std::string text;
};

/// A plot of lines over a common x axis.
struct LinePlot {
  std::string title{};
  std::string description{};  ///< for people who cannot see it; empty: made of the titles and names
  PlotAxis x{}, y{};
  std::vector<PlotSeries> series{};
  std::vector<PlotMark> marks{};
  Index width = 440, height = 280;  ///< without the legend, in units of the text (11 high); the drawing scales
};

/// Colours of Okabe and Ito (2008), which people with any colour vision can tell apart, the darkest first for a light
/// ground. Order and lightness differ from `class_color`, which is for frames on photographs.
inline constexpr std::array<std::string_view, 7> plot_palette_light = {"#0072b2", "#d55e00", "#009e73", "#b8578e",
                                                                       "#b07800", "#3a95c9", "#000000"};
/// The same hues, lighter, for a dark ground.
inline constexpr std::array<std::string_view, 7> plot_palette_dark = {"#56b4e9", "#f08a4b", "#35c79a", "#e29cc3",
                                                                      "#f0e442", "#8ab8ff", "#ffffff"};

/// Style rules that let plots inside an HTML page follow its variables: --plot-ink (text), --plot-muted, --plot-rule
/// (lines of the grid), --plot-ground, and the palette --plot-s0 to --plot-s6. On their own, plots have fixed colours
/// on white.
inline std::string plot_css() {
  std::string css = ".plot{font-family:inherit;width:100%;height:auto;display:block}";
  for (const std::string_view name : {"ink", "muted", "rule", "ground"})
    css += concat(".plot-", name, "{color:var(--plot-", name, ")}");
  for (std::size_t i = 0; i < plot_palette_light.size(); ++i)
    css += concat(".plot-s", i, "{color:var(--plot-s", i, ")}");
  return css;
}

/// The values of --plot-s0 to --plot-s6 for a light or dark page.
inline std::string plot_palette_css(bool dark) {
  std::string css;
  for (std::size_t i = 0; i < plot_palette_light.size(); ++i)
    css += concat("--plot-s", i, ':', (dark ? plot_palette_dark : plot_palette_light)[i], ';');
  return css;
}

namespace detail {

inline constexpr std::array<std::string_view, 6> plot_dashes = {"", "6 3", "2 2.5", "9 3 2 3", "12 4", "4 2 1 2 1 2"};
inline constexpr double plot_character_width = 6.0;  // of 11 units high sans-serif text, on average, rounded up

/// A coordinate: two decimals, no trailing zeros.
inline std::string svg_number(double value) {
  std::string text = fixed_number(value, 2);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

inline std::string svg_attribute(std::string_view name, double value) {
  return concat(' ', name, "=\"", svg_number(value), '"');
}

/// Starts a drawing: its size, its accessible name and description, and the ground.
inline std::string open_svg(double width, double height, const std::string& title, const std::string& description) {
  return concat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" role=\"img\" viewBox=\"0 0 ", svg_number(width), ' ',
      svg_number(height), "\" font-family=\"system-ui, sans-serif\" font-size=\"11\"", "><title>", escape_markup(title),
      "</title><desc>", escape_markup(description), "</desc>\n",
      "<rect class=\"plot-ground\" color=\"#ffffff\" fill=\"currentColor\" width=\"100%\" height=\"100%\"/>\n");
}

inline std::string open_group(std::string_view name, std::string_view color, std::string_view attributes = "") {
  return concat("<g class=\"plot-", name, "\" color=\"", color, "\"", attributes.empty() ? "" : " ", attributes, ">");
}
inline std::string open_ink() { return open_group("ink", "#1b1f24", "fill=\"currentColor\""); }
inline std::string open_muted() { return open_group("muted", "#59626d", "fill=\"currentColor\""); }

inline std::string svg_text(double x, double y, const std::string& text, std::string_view attributes = "") {
  return concat("<text", svg_attribute("x", x), svg_attribute("y", y), attributes.empty() ? "" : " ", attributes, '>',
                escape_markup(text), "</text>");
}
inline std::string svg_line(double x1, double y1, double x2, double y2) {
  return concat("<path d=\"M", svg_number(x1), ' ', svg_number(y1), 'L', svg_number(x2), ' ', svg_number(y2), "\"/>");
}

/// Draws a LinePlot.
class LinePlotWriter {
 public:
  explicit LinePlotWriter(const LinePlot& plot)
      : plot_(plot), x_(plot.x, values(&PlotSeries::x)), y_(plot.y, values(&PlotSeries::y)) {
    for (const PlotSeries& series : plot.series)
      require(series.x.size() == series.y.size(), "plot '", plot.title, "': series '", series.name, "' has ",
              series.x.size(), " x and ", series.y.size(), " y values");
    lay_out_legend();
    std::size_t longest = 0;
    for (const PlotTick& tick : y_.ticks()) longest = std::max(longest, tick.label.size());
    left_ = (plot.y.title.empty() ? 12 : 28) + plot_character_width * static_cast<double>(longest);
    width_ = static_cast<double>(plot.width) - left_ - 16;
    height_ = static_cast<double>(plot.height) - 30 - (plot.x.title.empty() ? 24 : 40);
    top_ = 30 + legend_height_;
  }

  std::string write() const {
    const auto width = static_cast<double>(plot_.width);
    std::string svg = open_svg(width, static_cast<double>(plot_.height) + legend_height_, plot_.title, description());
    svg += open_ink() + svg_text(8, 18, plot_.title, "font-size=\"13\" font-weight=\"600\"") + "</g>\n";
    svg += legend_;
    svg += axes();
    // An inner drawing cuts off what lies outside of the axes, apart from a few units for lines along the border.
    const double edge = 4;
    svg += concat("<svg", svg_attribute("x", left_ - edge), svg_attribute("y", top_ - edge),
                  svg_attribute("width", width_ + 2 * edge), svg_attribute("height", height_ + 2 * edge), " viewBox=\"",
                  svg_number(-edge), ' ', svg_number(-edge), ' ', svg_number(width_ + 2 * edge), ' ',
                  svg_number(height_ + 2 * edge), "\">\n");
    bool drawn = false;
    for (const bool muted : {true, false})
      for (std::size_t i = 0; i < plot_.series.size(); ++i)
        if (plot_.series[i].muted == muted) svg += line(plot_.series[i], i, drawn);
    for (const PlotMark& mark : plot_.marks) svg += mark_line(mark);
    if (!drawn) svg += open_muted() + svg_text(width_ / 2, height_ / 2, "no data", "text-anchor=\"middle\"") + "</g>\n";
    return svg + "</svg>\n</svg>\n";
  }

 private:
  std::vector<double> values(std::vector<double> PlotSeries::*member) const {
    std::vector<double> all;
    for (const PlotSeries& series : plot_.series)
      all.insert(all.end(), (series.*member).begin(), (series.*member).end());
    return all;
  }

  std::string description() const {
    if (!plot_.description.empty()) return plot_.description;
    std::string names;
    for (const PlotSeries& series : plot_.series) names += (names.empty() ? "" : ", ") + series.name;
    return concat("Lines of ", plot_.y.title.empty() ? plot_.title : plot_.y.title, " over ", plot_.x.title, ": ",
                  names.empty() ? "no data" : names);
  }

  /// Attributes and colour of a series as an opened group.
  std::string open_series(const PlotSeries& series, std::size_t position) const {
    if (series.muted) return open_group("muted", "#59626d", "opacity=\"0.45\" stroke-width=\"0.8\"");
    const std::size_t color = (series.color < 0 ? position : static_cast<std::size_t>(series.color)) % 7;
    const std::size_t dash = (series.dash < 0 ? position : static_cast<std::size_t>(series.dash)) % plot_dashes.size();
    const std::string dashes = dash == 0 ? "" : concat(" stroke-dasharray=\"", plot_dashes[dash], '"');
    return open_group(concat('s', color), plot_palette_light[color], concat("stroke-width=\"1.8\"", dashes));
  }

  /// Entries from left to right in as many rows as they need.
  void lay_out_legend() {
    double x = 8;
    const double room = static_cast<double>(plot_.width) - 8;
    for (std::size_t i = 0; i < plot_.series.size(); ++i) {
      const PlotSeries& series = plot_.series[i];
      if (series.muted || series.name.empty()) continue;
      const std::string name = shorten(series.name, 40);
      const double width = 30 + plot_character_width * static_cast<double>(count_characters(name));
      if (legend_height_ == 0 || x + width > room) {
        legend_height_ += 16;
        x = 8;
      }
      const double y = 22 + legend_height_;
      legend_ += open_series(series, i) + "<g fill=\"none\" stroke=\"currentColor\">" +
                 svg_line(x, y - 4, x + 22, y - 4) + "</g></g>" + open_ink() + svg_text(x + 26, y, name) + "</g>\n";
      x += width + 10;
    }
    if (legend_height_ > 0) legend_height_ += 4;
  }

  std::string axes() const {
    const double right = left_ + width_, bottom = top_ + height_;
    std::string grid = open_group("rule", "#dde1e6", "stroke=\"currentColor\" fill=\"none\"");
    std::string labels = open_muted();
    double free_from = -1e9;  // labels that would overlap the one before are left out
    for (const PlotTick& tick : x_.ticks()) {
      const double x = left_ + width_ * x_.position(tick.value);
      const double half = plot_character_width * static_cast<double>(tick.label.size()) / 2;
      grid += svg_line(x, top_, x, bottom);
      if (x - half < free_from) continue;
      labels += svg_text(x, bottom + 15, tick.label, "text-anchor=\"middle\"");
      free_from = x + half + 4;
    }
    for (const PlotTick& tick : y_.ticks()) {
      const double y = bottom - height_ * y_.position(tick.value);
      grid += svg_line(left_, y, right, y);
      labels += svg_text(left_ - 6, y + 4, tick.label, "text-anchor=\"end\"");
    }
    if (!plot_.x.title.empty())
      labels += svg_text(left_ + width_ / 2, bottom + 32, plot_.x.title, "text-anchor=\"middle\"");
    if (!plot_.y.title.empty()) {
      const double middle = top_ + height_ / 2;
      labels += svg_text(14, middle, plot_.y.title,
                         concat("text-anchor=\"middle\" transform=\"rotate(-90 14 ", svg_number(middle), ")\""));
    }
    const std::string frame =
        concat(open_group("muted", "#59626d", "stroke=\"currentColor\" fill=\"none\" opacity=\"0.6\""), "<path d=\"M",
               svg_number(left_), ' ', svg_number(top_), 'V', svg_number(bottom), 'H', svg_number(right), "\"/></g>\n");
    return grid + "</g>\n" + frame + labels + "</g>\n";
  }

  /// The path of a series and its dots; `drawn` becomes true if there are any.
  std::string line(const PlotSeries& series, std::size_t position, bool& drawn) const {
    std::string path, dots, before;
    bool pen_down = false;
    const auto visible = [&](std::size_t i) {
      return i < series.x.size() && can_plot(series.x[i], plot_.x.logarithmic) &&
             can_plot(series.y[i], plot_.y.logarithmic);
    };
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      if (!visible(i)) {
        pen_down = false;
        continue;
      }
      const std::string x = svg_number(width_ * x_.position(series.x[i]));
      const std::string y = svg_number(height_ * (1 - y_.position(series.y[i])));
      const std::string point = concat(x, ' ', y);
      const bool alone = !pen_down && !visible(i + 1);
      if (alone || series.markers) dots += concat("<circle cx=\"", x, "\" cy=\"", y, "\" r=\"2.4\"/>");
      if (!pen_down)
        path.append("M").append(point);
      else if (point != before)
        path += series.step ? concat('H', x, 'V', y) : concat('L', point);
      pen_down = true;
      before = point;
    }
    if (path.empty()) return "";
    drawn = true;
    return concat(open_series(series, position), "<title>", escape_markup(series.name), "</title>",
                  "<path fill=\"none\" stroke=\"currentColor\" stroke-linejoin=\"round\" d=\"", path, "\"/>",
                  dots.empty() ? "" : "<g fill=\"currentColor\">" + dots + "</g>", "</g>\n");
  }

  std::string mark_line(const PlotMark& mark) const {
    if (!can_plot(mark.x, plot_.x.logarithmic)) return "";
    const double x = width_ * x_.position(mark.x);
    const bool left = x > width_ / 2;
    return open_group("ink", "#1b1f24", "stroke=\"currentColor\" stroke-dasharray=\"1 3\"") +
           svg_line(x, 0, x, height_) + "</g>" + open_ink() +
           svg_text(x + (left ? -5 : 5), 11, mark.text, left ? "text-anchor=\"end\"" : "") + "</g>\n";
  }

  const LinePlot& plot_;
  AxisScale x_, y_;
  std::string legend_;
  double legend_height_ = 0;
  double left_ = 0, top_ = 0, width_ = 0, height_ = 0;  ///< the rectangle between the axes
};

}  // namespace detail

/// The plot as an SVG file, the same for the same input on every machine. Embedded in a page it takes the colours of
/// `plot_css`. @throws Error if a series has not as many x as y values.
inline std::string line_plot_svg(const LinePlot& plot) { return detail::LinePlotWriter(plot).write(); }

/// The numbers of a plot: a column of all x in ascending order, then one per series, empty where it has no such point.
inline std::string line_plot_csv(const LinePlot& plot) {
  std::vector<double> all;
  for (const PlotSeries& series : plot.series)
    std::copy_if(series.x.begin(), series.x.end(), std::back_inserter(all),
                 [](double x) { return detail::is_finite(x); });
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  std::vector<std::vector<std::string>> rows(all.size() + 1, std::vector<std::string>(plot.series.size() + 1));
  rows[0][0] = plot.x.title.empty() ? "x" : plot.x.title;
  for (std::size_t i = 0; i < all.size(); ++i) rows[i + 1][0] = exact_number(all[i]);
  for (std::size_t s = 0; s < plot.series.size(); ++s) {
    const PlotSeries& series = plot.series[s];
    rows[0][s + 1] = series.name;
    for (std::size_t i = 0; i < std::min(series.x.size(), series.y.size()); ++i) {
      if (!detail::is_finite(series.x[i])) continue;
      const auto row = std::lower_bound(all.begin(), all.end(), series.x[i]) - all.begin();
      rows[static_cast<std::size_t>(row) + 1][s + 1] = exact_number(series.y[i]);
    }
  }
  return csv_text(rows);
}

}  // namespace amdefect
