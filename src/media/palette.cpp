#include "media/palette.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"

namespace hotshot::media {
namespace {

constexpr int kCells = 1 << 18;
constexpr int kLloydSteps = 4;
// Weight of a cell in the fit: count^0.75, so that small but distinct things (an eye, a star) keep their colour.
constexpr double kWeightPower = 0.75;
// Cost of a mix of two entries: |mean error|² + kGrain · variance of the mix. 1 would never dither, 0 always.
constexpr float kGrain = 0.15f;

struct Lab {
  float l = 0, a = 0, b = 0;
};

Lab operator-(Lab x, Lab y) { return {x.l - y.l, x.a - y.a, x.b - y.b}; }
float dot(Lab x, Lab y) { return x.l * y.l + x.a * y.a + x.b * y.b; }
float axis_of(const Lab& x, int axis) { return axis == 0 ? x.l : axis == 1 ? x.a : x.b; }

float linear_of(double srgb) {
  return static_cast<float>(srgb <= 0.04045 ? srgb / 12.92 : std::pow((srgb + 0.055) / 1.055, 2.4));
}
double srgb_of(double linear) {
  return linear <= 0.0031308 ? 12.92 * linear : 1.055 * std::pow(linear, 1 / 2.4) - 0.055;
}

/// Oklab of an sRGB colour with channels in 0..255.
Lab lab_of(double red, double green, double blue) {
  const float r = linear_of(red / 255), g = linear_of(green / 255), b = linear_of(blue / 255);
  const float l = std::cbrt(0.4122214708f * r + 0.5363325363f * g + 0.0514459929f * b);
  const float m = std::cbrt(0.2119034982f * r + 0.6806995451f * g + 0.1073969566f * b);
  const float s = std::cbrt(0.0883024619f * r + 0.2817188376f * g + 0.6299787005f * b);
  return {0.2104542553f * l + 0.7936177850f * m - 0.0040720468f * s,
          1.9779984951f * l - 2.4285922050f * m + 0.4505937099f * s,
          0.0259040371f * l + 0.7827717662f * m - 0.8086757660f * s};
}

Rgb rgb_of(const Lab& x) {
  const auto cube = [](double v) { return v * v * v; };
  const double l = cube(x.l + 0.3963377774 * x.a + 0.2158037573 * x.b);
  const double m = cube(x.l - 0.1055613458 * x.a - 0.0638541728 * x.b);
  const double s = cube(x.l - 0.0894841775 * x.a - 1.2914855480 * x.b);
  const auto byte = [](double linear) {
    return static_cast<std::uint8_t>(std::lround(255 * srgb_of(std::clamp(linear, 0.0, 1.0))));
  };
  return {byte(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
          byte(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
          byte(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s)};
}

int cell_of(const std::uint8_t* rgb) { return rgb[0] >> 2 << 12 | rgb[1] >> 2 << 6 | rgb[2] >> 2; }

struct Colour {
  Lab lab;
  std::array<float, 3> mean{};  // sRGB, 0..255
  float weight = 0;
  int cell = 0;
};

/// One colour per cell that occurs: the mean of its pixels.
std::vector<Colour> histogram(const Frames& frames) {
  struct Sum {
    std::uint64_t count = 0, red = 0, green = 0, blue = 0;
  };
  std::vector<Sum> sums(kCells);
  for (std::size_t i = 0; i + 2 < frames.pixels.size(); i += 3) {
    const std::uint8_t* p = &frames.pixels[i];
    Sum& sum = sums[cell_of(p)];
    ++sum.count, sum.red += p[0], sum.green += p[1], sum.blue += p[2];
  }
  std::vector<Colour> colours;
  for (int cell = 0; cell < kCells; ++cell) {
    const Sum& sum = sums[cell];
    if (!sum.count) continue;
    const auto n = static_cast<double>(sum.count);
    const double red = static_cast<double>(sum.red) / n, green = static_cast<double>(sum.green) / n,
                 blue = static_cast<double>(sum.blue) / n;
    colours.push_back({lab_of(red, green, blue),
                       {static_cast<float>(red), static_cast<float>(green), static_cast<float>(blue)},
                       static_cast<float>(std::pow(n, kWeightPower)),
                       cell});
  }
  return colours;
}

/// A range of colours, its mean, and the axis along which it spreads most.
struct Box {
  std::size_t begin = 0, end = 0;
  Lab mean;
  int axis = 0;
  double spread = 0;  // weighted sum of squared deviations along that axis
};

Box measure(const std::vector<Colour>& colours, std::size_t begin, std::size_t end) {
  double weight = 0, sum[3] = {}, square[3] = {};
  for (std::size_t i = begin; i < end; ++i) {
    weight += colours[i].weight;
    for (int k = 0; k < 3; ++k) {
      const double v = axis_of(colours[i].lab, k);
      sum[k] += colours[i].weight * v;
      square[k] += colours[i].weight * v * v;
    }
  }
  Box box{begin, end, {}, 0, 0};
  box.mean = {static_cast<float>(sum[0] / weight), static_cast<float>(sum[1] / weight),
              static_cast<float>(sum[2] / weight)};
  for (int k = 0; k < 3; ++k) {
    const double spread = square[k] - sum[k] * sum[k] / weight;
    if (spread > box.spread) box.spread = spread, box.axis = k;
  }
  if (end - begin < 2) box.spread = 0;
  return box;
}

/// Cuts the box with the largest spread at its mean until there are `count` or all are single colours.
std::vector<Lab> cut(std::vector<Colour>& colours, int count) {
  std::vector<Box> boxes{measure(colours, 0, colours.size())};
  while (static_cast<int>(boxes.size()) < count) {
    const auto widest =
        std::max_element(boxes.begin(), boxes.end(), [](const Box& x, const Box& y) { return x.spread < y.spread; });
    if (widest->spread <= 1e-12) break;
    const Box box = *widest;
    const float threshold = axis_of(box.mean, box.axis);
    const auto first = colours.begin() + static_cast<std::ptrdiff_t>(box.begin);
    const auto last = colours.begin() + static_cast<std::ptrdiff_t>(box.end);
    const auto middle =
        std::stable_partition(first, last, [&](const Colour& c) { return axis_of(c.lab, box.axis) <= threshold; });
    if (middle == first || middle == last) {
      widest->spread = 0;
      continue;
    }
    const std::size_t split = box.begin + static_cast<std::size_t>(middle - first);
    *widest = measure(colours, box.begin, split);
    boxes.push_back(measure(colours, split, box.end));
  }
  std::vector<Lab> means;
  for (const Box& box : boxes) means.push_back(box.mean);
  return means;
}

int nearest(const std::vector<Lab>& entries, const Lab& colour) {
  int best = 0;
  float best_distance = 1e9f;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Lab d = entries[i] - colour;
    const float distance = dot(d, d);
    if (distance < best_distance) best_distance = distance, best = static_cast<int>(i);
  }
  return best;
}

/// Lloyd's iteration: each entry moves to the mean of the colours nearest to it; an entry without colours stays.
void refine(std::vector<Lab>& entries, const std::vector<Colour>& colours) {
  for (int step = 0; step < kLloydSteps; ++step) {
    std::vector<std::array<double, 4>> sums(entries.size());
    for (const Colour& colour : colours) {
      auto& sum = sums[nearest(entries, colour.lab)];
      for (int k = 0; k < 3; ++k) sum[k] += colour.weight * axis_of(colour.lab, k);
      sum[3] += colour.weight;
    }
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const auto& sum = sums[i];
      if (sum[3] <= 0) continue;
      entries[i] = {static_cast<float>(sum[0] / sum[3]), static_cast<float>(sum[1] / sum[3]),
                    static_cast<float>(sum[2] / sum[3])};
    }
  }
}

// Mixing two entries averages their sRGB values where a picture is scaled or looked at from afar, and an average in
// Oklab is another colour, so mixes are judged in sRGB, with channels weighted by how much they show.
constexpr std::array<float, 3> kChannel{0.3f, 0.59f, 0.11f};

float weighted(const std::array<float, 3>& a, const std::array<float, 3>& b) {
  return kChannel[0] * a[0] * b[0] + kChannel[1] * a[1] * b[1] + kChannel[2] * a[2] * b[2];
}
std::array<float, 3> minus(const std::array<float, 3>& a, const std::array<float, 3>& b) {
  return {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
}
std::array<float, 3> floats(const Rgb& rgb) {
  return {static_cast<float>(rgb[0]), static_cast<float>(rgb[1]), static_cast<float>(rgb[2])};
}

constexpr std::uint8_t kBayer[8][8] = {{0, 32, 8, 40, 2, 34, 10, 42},  {48, 16, 56, 24, 50, 18, 58, 26},
                                       {12, 44, 4, 36, 14, 46, 6, 38}, {60, 28, 52, 20, 62, 30, 54, 22},
                                       {3, 35, 11, 43, 1, 33, 9, 41},  {51, 19, 59, 27, 49, 17, 57, 25},
                                       {15, 47, 7, 39, 13, 45, 5, 37}, {63, 31, 55, 23, 61, 29, 53, 21}};

}  // namespace

Palette::Palette(const Frames& frames, int colours, bool dither) : mix_of_cell_(kCells) {
  ensure(colours >= 2 && colours <= 256 && frames.count > 0, "palette", "expected 2..256 colours but got {}", colours);
  std::vector<Colour> occurring = histogram(frames);
  std::vector<Lab> labs = cut(occurring, colours);
  if (static_cast<int>(labs.size()) == colours) refine(labs, occurring);
  for (Lab& lab : labs) {
    const Rgb rgb = rgb_of(lab);
    entries_.push_back(rgb);
    lab = lab_of(rgb[0], rgb[1], rgb[2]);
  }
  for (const Colour& colour : occurring) {
    const int first = nearest(labs, colour.lab);
    Mix& mix = mix_of_cell_[colour.cell];
    mix.first = mix.second = static_cast<std::uint8_t>(first);
    if (dither) mix = best_mix(colour.mean, first);
  }
}

Palette::Mix Palette::best_mix(const std::array<float, 3>& mean, int first) const {
  Mix best{static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(first), 0, {}};
  const std::array<float, 3> origin = floats(entries_[first]), error = minus(mean, origin);
  float best_cost = weighted(error, error);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const std::array<float, 3> way = minus(floats(entries_[i]), origin);
    const float length = weighted(way, way);
    if (length <= 0) continue;
    const float share = std::clamp(weighted(error, way) / length, 0.0f, 0.5f);
    const std::array<float, 3> rest{error[0] - share * way[0], error[1] - share * way[1], error[2] - share * way[2]};
    const float cost = weighted(rest, rest) + kGrain * share * (1 - share) * length;
    if (cost >= best_cost) continue;
    best_cost = cost;
    best.second = static_cast<std::uint8_t>(i);
    for (std::size_t k = 0; k < 3; ++k) best.slope[k] = kChannel[k] * way[k] / length;
    best.base = -weighted(origin, way) / length;
  }
  return best;
}

std::vector<std::uint8_t> Palette::map(const std::uint8_t* frame_hwc, int height, int width) const {
  std::vector<std::uint8_t> indices(static_cast<std::size_t>(height) * width);
  std::size_t i = 0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x, ++i) {
      const std::uint8_t* rgb = frame_hwc + 3 * i;
      const Mix& mix = mix_of_cell_[cell_of(rgb)];
      const float share = mix.base + mix.slope[0] * rgb[0] + mix.slope[1] * rgb[1] + mix.slope[2] * rgb[2];
      const bool second = share * 128 > static_cast<float>(2 * kBayer[y & 7][x & 7] + 1);
      indices[i] = second ? mix.second : mix.first;
    }
  }
  return indices;
}

}  // namespace hotshot::media
