// What the tests of media share: a synthetic cartoon and its comparison.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/clip.h"
#include "base/test_support.h"

namespace hotshot::media {

/// A sky with a gradient, a striped meadow and a ball with an eye that moves right, with soft edges.
inline Frames cartoon(int count, int height, int width) {
  Frames frames(count, height, width);
  for (int t = 0; t < count; ++t) {
    const double centre_x = width * (0.2 + 0.03 * t), centre_y = height * (0.5 - 0.2 * std::abs(std::sin(t * 0.4)));
    std::uint8_t* pixel = frames.frame(t);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x, pixel += 3) {
        const double v = static_cast<double>(y) / height;
        double rgb[3] = {120 + 80 * v, 180 + 40 * v, 250 - 20 * v};
        if (v > 0.7) rgb[0] = 80 + 30 * std::sin(x * 0.1), rgb[1] = 170, rgb[2] = 70;
        const double ball = std::clamp(0.5 + height * 0.15 - std::hypot(x - centre_x, y - centre_y), 0.0, 1.0);
        const double eye = std::clamp(0.5 + height * 0.03 - std::hypot(x - centre_x - 4, y - centre_y + 4), 0.0, 1.0);
        const double orange[3] = {240, 110, 60};
        for (int k = 0; k < 3; ++k) {
          rgb[k] = (rgb[k] * (1 - ball) + orange[k] * ball) * (1 - eye);
          pixel[k] = static_cast<std::uint8_t>(std::lround(rgb[k]));
        }
      }
    }
  }
  return frames;
}

/// How many of `count` frames one file with this extension holds.
inline int in_one_file(const std::string& extension, int count) {
  return extension == "png" || extension == "jpg" ? 1 : count;
}

/// Peak signal to noise ratio in dB over all frames; 99 where equal.
inline double psnr(const Frames& a, const Frames& b) {
  if (a.count != b.count || a.height != b.height || a.width != b.width) return -1;
  double sum = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) {
    const double d = static_cast<double>(a.pixels[i]) - b.pixels[i];
    sum += d * d;
  }
  return sum == 0 ? 99 : 10 * std::log10(255.0 * 255.0 * static_cast<double>(a.pixels.size()) / sum);
}

inline std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

inline void spill(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace hotshot::media
