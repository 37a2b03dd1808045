// Line charts as pictures: loss curves of a training run, scores over checkpoints.
#pragma once

#include <string>
#include <vector>

#include "base/clip.h"

namespace hotshot::media {

/// One line. x and y have the same length; a point with a value that is not finite (or not positive on a logarithmic
/// axis) interrupts the line.
struct Series {
  std::string name;  // ASCII, in the legend
  std::vector<double> x;
  std::vector<double> y;
};

struct PlotOptions {
  int width = 800;                                     // at least 160
  int height = 480;                                    // at least 120
  std::string title = {}, x_label = {}, y_label = {};  // ASCII
  bool log_x = false;
  bool log_y = false;
};

/// A picture with axes, ticks at round numbers, a grid, a legend and one anti-aliased line per series.
/// Without any point to draw the axes are empty. Throws InvalidArgument for a size too small or above 8192, or a
/// series whose x and y differ in length.
Frames plot(const std::vector<Series>& series, const PlotOptions& options = {});

/// Where ticks go on [low, high]: about `wanted` multiples of 1, 2 or 5 times a power of ten.
std::vector<double> round_ticks(double low, double high, int wanted);

}  // namespace hotshot::media
