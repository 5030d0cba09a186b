#include "amdefect/viz/svg_plot.hpp"

#include <doctest/doctest.h>

#include <clocale>
#include <cmath>
#include <limits>

#include "amdefect/viz/bar_plot.hpp"
#include "amdefect/viz/heat_map.hpp"
#include "viz/xml_check.hpp"

using namespace amdefect;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

std::vector<std::string> tick_labels(const PlotAxis& axis, const std::vector<double>& values) {
  std::vector<std::string> labels;
  const detail::AxisScale scale(axis, values);
  for (const PlotTick& tick : scale.ticks()) labels.push_back(tick.label);
  return labels;
}

using Labels = std::vector<std::string>;

}  // namespace

TEST_CASE("the XML checker of these tests finds faults") {
  CHECK(xml_error("<a x=\"1\" y=\"&lt;\"><b/>t &amp; t</a>\n").empty());
  for (const char* broken : {"<a>", "<a></b>", "</a>", "<a x=1/>", "<a x=\"1\"y=\"2\"/>", "<a x=\"\" x=\"\"/>",
                             "<a>&</a>", "<a>&x;</a>", "<a/><b/>", "<a x=\"<\"/>", "<a", "<>"})
    CHECK_FALSE(xml_error(broken).empty());
}

TEST_CASE("markup is escaped and made valid") {
  CHECK(escape_markup("<a href=\"x\">&'") == "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
  CHECK(escape_markup("B\xC3\xB6hm \xF0\x9F\x94\xA5\t\n") == "B\xC3\xB6hm \xF0\x9F\x94\xA5\t\n");
  CHECK(escape_markup("a\xff"
                      "b\x01"
                      "c") ==
        "a\xEF\xBF\xBD"
        "b\xEF\xBF\xBD"
        "c");
  CHECK(escape_markup(std::string("\0", 1)) == "\xEF\xBF\xBD");
  CHECK(escape_markup("\xEF\xBF\xBF") == "\xEF\xBF\xBD");  // U+FFFF
}

TEST_CASE("numbers are compact and do not depend on the locale") {
  const auto check = [] {
    CHECK(compact_number(0) == "0");
    CHECK(compact_number(0.25) == "0.25");
    CHECK(compact_number(-1.0 / 3) == "-0.3333");
    CHECK(compact_number(12000) == "12000");
    CHECK(compact_number(1e-5) == "1e-5");
    CHECK(compact_number(1.25e-10) == "1.25e-10");
    CHECK(compact_number(3e20) == "3e20");
    CHECK(compact_number(not_a_number) == "\xE2\x80\x93");
    CHECK(fixed_number(0.5, 3) == "0.500");
    CHECK(fixed_number(-infinity, 3) == "\xE2\x80\x93");
    CHECK(exact_number(0.1) == "0.1");
    CHECK(exact_number(not_a_number).empty());
  };
  check();
  std::setlocale(LC_ALL, "de_DE.UTF-8");  // where it is installed
  check();
  std::setlocale(LC_ALL, "C");
}

TEST_CASE("long names are shortened by characters, not by bytes") {
  CHECK(shorten("abc", 3) == "abc");
  CHECK(shorten("abcd", 3) == "ab\xE2\x80\xA6");
  CHECK(shorten("\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F", 3) == "\xC3\xA4\xC3\xB6\xE2\x80\xA6");
  CHECK(shorten("", 3).empty());
}

TEST_CASE("CSV cells are quoted where they must be") {
  CHECK(csv_text({{"a", "b,c", "d\"e"}, {"", "1"}}) == "a,\"b,c\",\"d\"\"e\"\n,1\n");
}

TEST_CASE("ticks are round numbers") {
  CHECK(tick_labels({}, {0, 1}) == Labels{"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"});
  CHECK(tick_labels({}, {3, 97}) == Labels{"0", "20", "40", "60", "80", "100"});
  CHECK(tick_labels({}, {-0.02, 0.031}) == Labels{"-0.02", "0.00", "0.02", "0.04"});
  CHECK(tick_labels({.low = 1, .high = 37}, {}) == Labels{"10", "20", "30"});
  CHECK(tick_labels({.low = 1, .high = 2, .whole_numbers = true}, {}) == Labels{std::string("1"), std::string("2")});
  CHECK(tick_labels({}, {0, 4e-7}) == Labels{"0", "1e-7", "2e-7", "3e-7", "4e-7"});
  CHECK(tick_labels({.logarithmic = true}, {1e-6, 1}) == Labels{"1e-6", "1e-5", "0.0001", "0.001", "0.01", "0.1", "1"});
  CHECK(tick_labels({.logarithmic = true}, {3, 4}) == Labels{std::string("2"), std::string("5")});
  CHECK(tick_labels({.logarithmic = true}, {1e-4, 1e-4}).size() >= 2);
}

TEST_CASE("an axis copes with any values") {
  const std::vector<std::vector<double>> awkward = {
      {},        {not_a_number},          {infinity, -infinity}, {0},         {-5},
      {7, 7, 7}, {1e300, -1e300, 1e-300}, {1e16, 1e16 + 2},      {5e-324, 1}, {1e308, 1}};
  for (const bool logarithmic : {false, true})
    for (const std::vector<double>& values : awkward) {
      const detail::AxisScale scale({.logarithmic = logarithmic}, values);
      CHECK(scale.ticks().size() >= 1);
      CHECK(scale.ticks().size() <= 40);
      for (const PlotTick& tick : scale.ticks()) {
        CHECK(scale.position(tick.value) >= -1e-6);
        CHECK(scale.position(tick.value) <= 1 + 1e-6);
      }
    }
}

TEST_CASE("a plot is well-formed, says what it shows, and is always the same") {
  LinePlot plot{.title = "Loss <&> \"x\"", .x = {.title = "epoch"}, .y = {.title = "loss", .logarithmic = true}};
  plot.series.push_back({.name = "train </svg>", .x = {1, 2, 3}, .y = {1, 0.1, 0.01}, .markers = true});
  plot.series.push_back({.name = "held", .x = {1, 2, 3}, .y = {1, 0.5, 0.5}, .step = true});
  plot.series.push_back({.name = "one of many", .x = {1, 3}, .y = {1, 0.5}, .muted = true});
  plot.marks.push_back({2, "best & last"});
  const std::string svg = line_plot_svg(plot);
  CHECK(xml_error(svg) == "");
  CHECK(svg == line_plot_svg(plot));
  CHECK(svg.find("role=\"img\"") != std::string::npos);
  CHECK(svg.find("<title>Loss &lt;&amp;&gt; &quot;x&quot;</title><desc>Lines of loss over epoch") != std::string::npos);
  CHECK(svg.find("best &amp; last") != std::string::npos);
  CHECK(count_text(svg, "<circle") == 3);
  CHECK(count_text(svg, ">one of many<") == 1);  // its title, no entry in the legend
  CHECK(count_text(svg, ">held<") == 2);
  CHECK(svg.find("stroke-dasharray=\"6 3\"") != std::string::npos);  // the second line differs by more than colour
}

TEST_CASE("points that cannot be drawn leave gaps") {
  LinePlot plot{.title = "gaps"};
  plot.series.push_back({.name = "a", .x = {0, 1, 2, 3, 4, 5}, .y = {1, 2, not_a_number, 3, infinity, 1}});
  std::string svg = line_plot_svg(plot);
  CHECK(xml_error(svg) == "");
  CHECK(count_text(svg, "<circle") == 2);  // x = 3 and x = 5 stand alone
  CHECK(svg.find("nan") == std::string::npos);
  CHECK(svg.find("inf") == std::string::npos);
  CHECK(svg.find("no data") == std::string::npos);

  plot.y.logarithmic = true;
  plot.series[0].y = {1, 0, -1, not_a_number, 0, 2};
  CHECK(count_text(line_plot_svg(plot), "<circle") == 2);
}

TEST_CASE("plots without data say so") {
  for (const bool logarithmic : {false, true}) {
    LinePlot plot{.title = "empty", .y = {.logarithmic = logarithmic}};
    CHECK(line_plot_svg(plot).find("no data") != std::string::npos);
    plot.series.push_back({.name = "nothing"});
    plot.series.push_back({.name = "only gaps", .x = {1, 2}, .y = {not_a_number, not_a_number}});
    plot.marks.push_back({not_a_number, "nowhere"});
    const std::string svg = line_plot_svg(plot);
    CHECK(xml_error(svg) == "");
    CHECK(svg.find("no data") != std::string::npos);
    CHECK(svg.find("nowhere") == std::string::npos);
  }
  CHECK_THROWS_WITH_AS(line_plot_svg({.title = "t", .series = {{.name = "s", .x = {1}, .y = {}}}}),
                       "plot 't': series 's' has 1 x and 0 y values", Error);
}

TEST_CASE("a line passes through its points") {
  // Between fixed limits of 0 and 1 the corners of the plot are the corners of the inner drawing.
  LinePlot plot{
      .title = "", .x = {.low = 0.0, .high = 1.0}, .y = {.low = 0.0, .high = 1.0}, .width = 200, .height = 100};
  plot.series.push_back({.name = "d", .x = {0, 0.5, 1}, .y = {0, 1, 0}});
  const double left = 12 + 6 * 3, width = 200 - left - 16, height = 100 - 30 - 24;
  const std::string path = concat("d=\"M0 ", height, 'L', width / 2, " 0L", width, ' ', height, '"');
  CHECK(line_plot_svg(plot).find(path) != std::string::npos);
  CHECK(line_plot_svg(plot).find("width=\"162\" height=\"54\" viewBox=\"-4 -4 162 54\"") != std::string::npos);
}

TEST_CASE("a legend that is wider than the plot has a further row") {
  LinePlot plot{.title = "", .width = 200, .height = 100};
  for (const char* name : {"first name", "a second 1"}) plot.series.push_back({.name = name, .x = {0, 1}, .y = {0, 1}});
  CHECK(line_plot_svg(plot).find("0 0 200 136\"") != std::string::npos);  // 8 + 90 + 10 + 90 units are too many
  plot.width = 206;
  CHECK(line_plot_svg(plot).find("0 0 206 120\"") != std::string::npos);
}

TEST_CASE("the numbers of a plot as a table") {
  LinePlot plot{.title = "t", .x = {.title = "epoch"}};
  plot.series.push_back({.name = "a,b", .x = {1, 2}, .y = {0.1, not_a_number}});
  plot.series.push_back({.name = "c", .x = {3, 2}, .y = {7, 1e-9}});
  CHECK(line_plot_csv(plot) == "epoch,\"a,b\",c\n1,0.1,\n2,,1e-09\n3,,7\n");
}

TEST_CASE("a heat map is well-formed and checks its shape") {
  HeatMap map{.title = "Confusion", .row_title = "true", .column_title = "predicted"};
  map.row_names = map.column_names = {"a<b", "background"};
  map.values = {{3, 1}, {not_a_number, 123456789}};
  map.shades = {{0.75, 0.25}, {not_a_number, 7}};
  const std::string svg = heat_map_svg(map);
  CHECK(xml_error(svg) == "");
  CHECK(svg == heat_map_svg(map));
  CHECK(svg.find("true a&lt;b, predicted background: 1") != std::string::npos);
  CHECK(svg.find("fill-opacity=\"0.75\"") != std::string::npos);
  const auto y_of = [&](std::size_t at) { return std::stod(svg.substr(svg.find(" y=\"", at) + 4)); };
  const double top = y_of(svg.rfind("<rect", svg.find("background: 1<"))),
               base = y_of(svg.rfind("<text", svg.find(">1<")));
  CHECK(base > top + 4);
  CHECK(base < top + 40);
  CHECK(svg.find("nan") == std::string::npos);
  map.shades.pop_back();
  CHECK_THROWS_AS(heat_map_svg(map), Error);
  CHECK(xml_error(heat_map_svg({})) == "");
}

TEST_CASE("many classes fit into a heat map") {
  HeatMap map{.title = "Confusion"};
  for (int i = 0; i < 81; ++i) map.row_names.push_back(concat("class with a long name ", i));
  map.column_names = map.row_names;
  map.values.assign(81, std::vector<double>(81, 1000));
  map.shades.assign(81, std::vector<double>(81, 0.5));
  const std::string svg = heat_map_svg(map);
  CHECK(xml_error(svg) == "");
  CHECK(count_text(svg, "<rect") == 1 + 81 * 81);
  CHECK(svg.find(">1000<") == std::string::npos);  // too wide for the cells
}

TEST_CASE("bars are as long as their values") {
  BarPlot plot{.title = "Boxes <&>", .bars = {{"pore", 200}, {"crack & more", 50}, {"none", 0}, {"odd", not_a_number}}};
  const std::string svg = bar_plot_svg(plot);
  CHECK(xml_error(svg) == "");
  CHECK(count_text(svg, "<rect x=") == 2);
  CHECK(count_text(svg, ">crack &amp; more<") == 1);
  CHECK(svg.find("<title>crack &amp; more: 50</title>") != std::string::npos);
  const auto width = [&](std::size_t bar) {
    std::size_t at = 0;
    for (std::size_t i = 0; i <= bar; ++i) at = svg.find("<rect x=", at + 1);
    return std::stod(svg.substr(svg.find("width=\"", at) + 7));
  };
  CHECK(width(0) == doctest::Approx(4 * width(1)).epsilon(0.001));
  CHECK(xml_error(bar_plot_svg({})) == "");
  CHECK(bar_plot_svg({}).find("no data") != std::string::npos);
  plot.bars = {{"a", 0}};
  CHECK(xml_error(bar_plot_svg(plot)) == "");
}
