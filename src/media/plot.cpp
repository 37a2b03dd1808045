#include "media/plot.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "media/font.h"

namespace hotshot::media {
namespace {

constexpr Rgb kPaper{255, 255, 255}, kInk{40, 40, 48}, kGrid{226, 226, 230};
// Distinguishable also for colour-blind eyes (Okabe and Ito 2008).
constexpr Rgb kLines[] = {{0, 114, 178}, {213, 94, 0}, {0, 158, 115}, {204, 121, 167}, {230, 159, 0}, {86, 180, 233}};
constexpr int kMargin = 12;
constexpr double kHalfLine = 0.9;  // half the width of a line in pixels

/// Values of one axis to pixels.
struct Axis {
  bool logarithmic = false;
  double low = std::numeric_limits<double>::max(), high = std::numeric_limits<double>::lowest();  // after the logarithm
  double begin = 0, end = 0;                                                                      // pixels

  bool can_show(double value) const { return std::isfinite(value) && (!logarithmic || value > 0); }
  double scaled(double value) const { return logarithmic ? std::log10(value) : value; }
  void cover(double value) {
    low = std::min(low, scaled(value));
    high = std::max(high, scaled(value));
  }
  /// Gives an axis without values, or with a single one, some room.
  void settle(double room) {
    if (low > high) low = 0, high = 1;
    if (high - low < 1e-12 * std::max(1.0, std::abs(high))) low -= 0.5, high += 0.5;
    const double extra = (high - low) * room;
    low -= extra, high += extra;
  }
  double pixel(double scaled_value) const { return begin + (scaled_value - low) / (high - low) * (end - begin); }
};

void blend(Frames& picture, int x, int y, Rgb colour, double share) {
  if (x < 0 || y < 0 || x >= picture.width || y >= picture.height) return;
  std::uint8_t* pixel = picture.frame(0) + (static_cast<std::size_t>(y) * picture.width + x) * 3;
  for (std::size_t k = 0; k < 3; ++k) {
    pixel[k] = static_cast<std::uint8_t>(std::lround(pixel[k] + share * (colour[k] - pixel[k])));
  }
}

void fill(Frames& picture, int left, int top, int right, int bottom, Rgb colour) {
  for (int y = top; y < bottom; ++y) {
    for (int x = left; x < right; ++x) blend(picture, x, y, colour, 1);
  }
}

struct Point {
  double x = 0, y = 0;
};

/// How much of the pixel around `at` the segment covers, from its distance.
double coverage(Point at, Point a, Point b) {
  const double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
  const double t = length > 0 ? std::clamp(((at.x - a.x) * dx + (at.y - a.y) * dy) / length, 0.0, 1.0) : 0;
  return std::clamp(kHalfLine + 0.5 - std::hypot(at.x - a.x - t * dx, at.y - a.y - t * dy), 0.0, 1.0);
}

/// Adds a segment to a mask_hw of coverage in 0..1 (the largest wins, so joints are not drawn twice).
void cover_segment(std::vector<float>& mask, int width, int height, Point a, Point b) {
  const int steps = std::max(1, static_cast<int>(std::abs(b.x - a.x)));
  // Column by column, so that a steep or long segment costs its length and not its bounding box.
  for (int i = 0; i < steps; ++i) {
    const auto at = [&](double t) { return Point{a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)}; };
    const Point p = at(static_cast<double>(i) / steps), q = at(static_cast<double>(i + 1) / steps);
    const int left = std::max(0, static_cast<int>(std::min(p.x, q.x)) - 2);
    const int right = std::min(width - 1, static_cast<int>(std::max(p.x, q.x)) + 2);
    const int top = std::max(0, static_cast<int>(std::min(p.y, q.y)) - 2);
    const int bottom = std::min(height - 1, static_cast<int>(std::max(p.y, q.y)) + 2);
    for (int y = top; y <= bottom; ++y) {
      for (int x = left; x <= right; ++x) {
        float& value = mask[static_cast<std::size_t>(y) * width + x];
        value = std::max(value, static_cast<float>(coverage({x + 0.5, y + 0.5}, p, q)));
      }
    }
  }
}

void draw_series(Frames& picture, const Series& series, const Axis& x_axis, const Axis& y_axis, Rgb colour) {
  std::vector<float> mask(picture.pixels.size() / 3);
  bool joined = false;
  Point last;
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    if (!x_axis.can_show(series.x[i]) || !y_axis.can_show(series.y[i])) {
      joined = false;
      continue;
    }
    const Point now{x_axis.pixel(x_axis.scaled(series.x[i])), y_axis.pixel(y_axis.scaled(series.y[i]))};
    cover_segment(mask, picture.width, picture.height, joined ? last : now, now);
    last = now;
    joined = true;
  }
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x) {
      const float share = mask[static_cast<std::size_t>(y) * picture.width + x];
      if (share > 0) blend(picture, x, y, colour, share);
    }
  }
}

/// Ticks in scaled values: round numbers; on a logarithmic axis 1, 2 and 5 times powers of ten, or the powers alone
/// where there are many.
std::vector<double> ticks_of(const Axis& axis, int wanted) {
  if (!axis.logarithmic) return round_ticks(axis.low, axis.high, wanted);
  const bool powers_only = axis.high - axis.low > 3;
  std::vector<double> ticks;
  for (double decade = std::floor(axis.low); decade <= axis.high && ticks.size() < 100; ++decade) {
    for (const int digit : {1, 2, 5}) {
      const double tick = decade + std::log10(digit);
      if (tick >= axis.low && tick <= axis.high && (digit == 1 || !powers_only)) ticks.push_back(tick);
    }
  }
  return ticks.size() >= 2 ? ticks : round_ticks(axis.low, axis.high, wanted);
}

std::string tick_text(const Axis& axis, double tick) {
  const double value = axis.logarithmic ? std::pow(10, tick) : std::abs(tick) < 1e-12 ? 0 : tick;
  return fmt::format("{:.{}g}", value, std::abs(value) >= 1e4 && std::abs(value) < 1e7 ? 7 : 4);
}

/// The frame of the chart: its axes, with the pixel ranges set.
struct Chart {
  Axis x, y;
};

void draw_axes(Frames& picture, const Chart& chart, const PlotOptions& options) {
  const int left = static_cast<int>(chart.x.begin), right = static_cast<int>(chart.x.end);
  const int top = static_cast<int>(chart.y.end), bottom = static_cast<int>(chart.y.begin);
  for (const double tick : ticks_of(chart.y, std::max(2, (bottom - top) / 50))) {
    const int y = static_cast<int>(chart.y.pixel(tick));
    const std::string text = tick_text(chart.y, tick);
    fill(picture, left, y, right, y + 1, kGrid);
    draw_text(picture, left - 5 - text_width(text), y - 3, text, kInk);
  }
  for (const double tick : ticks_of(chart.x, std::max(2, (right - left) / 90))) {
    const int x = static_cast<int>(chart.x.pixel(tick));
    const std::string text = tick_text(chart.x, tick);
    fill(picture, x, top, x + 1, bottom, kGrid);
    draw_text(picture, x - text_width(text) / 2, bottom + 5, text, kInk);
  }
  fill(picture, left, top, left + 1, bottom + 1, kInk);
  fill(picture, left, bottom, right, bottom + 1, kInk);
  draw_text(picture, (picture.width - text_width(options.title)) / 2, kMargin / 2, options.title, kInk);
  draw_text(picture, (left + right - text_width(options.x_label)) / 2, bottom + 7 + kLineHeight, options.x_label, kInk);
  draw_text(picture, kMargin / 2, top - kLineHeight - 3, options.y_label, kInk);
}

void draw_legend(Frames& picture, const std::vector<Series>& series, const Chart& chart) {
  int widest = 0;
  for (const Series& one : series) widest = std::max(widest, text_width(one.name));
  const int left = static_cast<int>(chart.x.end) - widest - 26;
  int y = static_cast<int>(chart.y.end) + 4;
  for (std::size_t i = 0; i < series.size(); ++i, y += kLineHeight + 2) {
    if (series[i].name.empty()) continue;
    fill(picture, left - 4, y - 2, static_cast<int>(chart.x.end), y + kLineHeight, kPaper);
    fill(picture, left, y + 2, left + 14, y + 5, kLines[i % std::size(kLines)]);
    draw_text(picture, left + 20, y, series[i].name, kInk);
  }
}

}  // namespace

std::vector<double> round_ticks(double low, double high, int wanted) {
  const double rough = (high - low) / std::max(1, wanted);
  const double power = std::pow(10, std::floor(std::log10(rough)));
  const double factor = rough / power;
  const double step = power * (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10);
  std::vector<double> ticks;
  for (double n = std::ceil(low / step - 1e-9); n * step <= high + step * 1e-9 && ticks.size() < 1000; ++n) {
    ticks.push_back(n * step);
  }
  return ticks;
}

Frames plot(const std::vector<Series>& series, const PlotOptions& options) {
  require(options.width >= 160 && options.height >= 120 && options.width <= 8192 && options.height <= 8192, "plot",
          "expected a size from 160x120 to 8192x8192 but got {}x{}", options.width, options.height);
  Chart chart;
  chart.x.logarithmic = options.log_x;
  chart.y.logarithmic = options.log_y;
  for (const Series& one : series) {
    require(one.x.size() == one.y.size(), "plot", "expected as many x as y in '{}' but got {} and {}", one.name,
            one.x.size(), one.y.size());
    for (std::size_t i = 0; i < one.x.size(); ++i) {
      if (!chart.x.can_show(one.x[i]) || !chart.y.can_show(one.y[i])) continue;
      chart.x.cover(one.x[i]);
      chart.y.cover(one.y[i]);
    }
  }
  chart.x.settle(0);
  chart.y.settle(0.05);
  chart.x.begin = 9 * kGlyphAdvance + kMargin, chart.x.end = options.width - kMargin * 2;
  chart.y.begin = options.height - 2 * kLineHeight - kMargin - 4, chart.y.end = 2 * kLineHeight + kMargin;

  Frames picture(1, options.height, options.width);
  std::fill(picture.pixels.begin(), picture.pixels.end(), std::uint8_t{255});
  draw_axes(picture, chart, options);
  for (std::size_t i = 0; i < series.size(); ++i) {
    draw_series(picture, series[i], chart.x, chart.y, kLines[i % std::size(kLines)]);
  }
  draw_legend(picture, series, chart);
  return picture;
}

}  // namespace hotshot::media
