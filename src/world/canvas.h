// Pixels being painted, and the brush that paints anti-aliased shapes on them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "world/shapes.h"

namespace hotshot::world {

/// sRGB components in [0, 1].
struct Rgb {
  float r = 0;
  float g = 0;
  float b = 0;
};
inline Rgb mix(Rgb a, Rgb b, float t) { return {a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t}; }
inline Rgb operator*(Rgb a, Rgb b) { return {a.r * b.r, a.g * b.g, a.b * b.b}; }
inline Rgb lighter(Rgb color, float by) { return mix(color, {1, 1, 1}, by); }
inline Rgb darker(Rgb color, float by) { return mix(color, {0.10f, 0.06f, 0.18f}, by); }

class Canvas {
 public:
  Canvas(int width, int height) : width_(width), height_(height), pixels_(static_cast<std::size_t>(width) * height) {}
  int width() const { return width_; }
  int height() const { return height_; }
  Rgb* row(int y) { return pixels_.data() + static_cast<std::size_t>(y) * width_; }
  /// width * height * 3 bytes.
  void write(std::uint8_t* out) const;

 private:
  int width_;
  int height_;
  std::vector<Rgb> pixels_;
};

/// How a shape is filled: a vertical gradient over its box.
struct Fill {
  Rgb top;
  Rgb bottom;
  float opacity = 1;
  float soft = 0;        // width of the blurred edge in the brush's units; 0 is a crisp, anti-aliased edge
  bool glowing = false;  // not dimmed by the light of the scene
};
/// Slightly lit from above.
Fill shaded(Rgb color);
Fill flat(Rgb color, float opacity = 1);
Fill glow(Rgb color, float opacity, float soft);

/// Paints in its own coordinates. Copies are cheap: at() gives a brush for a part.
class Brush {
 public:
  Brush(Canvas& canvas, const Transform& to_pixel) : canvas_(&canvas), to_pixel_(to_pixel) {}

  Brush at(const Transform& part) const {
    Brush brush = *this;
    brush.to_pixel_ = to_pixel_ * part;
    return brush;
  }
  /// The light of the scene: multiplies every colour that does not glow.
  Brush lit(Rgb light) const {
    Brush brush = *this;
    brush.light_ = light;
    return brush;
  }
  /// A brush that paints the same shapes grown by `pixels` in one colour; soft and translucent ones not at all.
  Brush outlining(float pixels, Rgb color) const {
    Brush brush = *this;
    brush.outline_ = pixels;
    brush.outline_color_ = color;
    return brush;
  }
  bool outlines() const { return outline_ > 0; }
  Canvas& canvas() const { return *canvas_; }
  const Transform& to_pixel() const { return to_pixel_; }

  /// distance(Point) in the brush's units; nothing is painted outside `box` grown by the edge.
  template <class Distance>
  void fill(const Box& box, const Fill& fill, const Distance& distance) const;

  void circle(Point center, float radius, const Fill& fill) const;
  void ellipse(Point center, float rx, float ry, const Fill& fill, float angle = 0) const;
  void capsule(Point a, Point b, float ra, float rb, const Fill& fill) const;
  void box(Point center, float half_width, float half_height, float radius, const Fill& fill) const;
  void polygon(std::initializer_list<Point> corners, float radius, const Fill& fill) const;
  /// A smooth tube through points, its radius going from ra to rb.
  void tube(std::span<const Point> points, float ra, float rb, const Fill& fill) const;

 private:
  struct Region {
    int x0, y0, x1, y1;
  };
  Region region(const Box& box, float margin_pixels) const;

  Canvas* canvas_;
  Transform to_pixel_;
  Rgb light_{1, 1, 1};
  float outline_ = 0;
  Rgb outline_color_;
};

template <class Distance>
void Brush::fill(const Box& box, const Fill& fill, const Distance& distance) const {
  if (outlines() && (fill.opacity < 1 || fill.soft > 0)) return;
  const float scale = std::sqrt(std::abs(to_pixel_.determinant()));
  const float soft = std::max(1.0f, fill.soft * scale);
  const Region area = region(box, outline_ + soft);
  if (area.x0 >= area.x1 || area.y0 >= area.y1) return;
  const Transform to_local = inverse(to_pixel_);
  const Rgb light = fill.glowing ? Rgb{1, 1, 1} : light_;
  const Rgb top = outlines() ? outline_color_ : fill.top * light;
  const Rgb bottom = outlines() ? outline_color_ : fill.bottom * light;
  const float gradient = 1.0f / std::max(box.y1 - box.y0, 1e-6f);
  const float inverse_soft = 1.0f / soft;
  for (int y = area.y0; y < area.y1; ++y) {
    Rgb* row = canvas_->row(y);
    for (int x = area.x0; x < area.x1; ++x) {
      const Point p = to_local({static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f});
      float cover = 0.5f - (distance(p) * scale - outline_) * inverse_soft;
      if (cover <= 0) continue;
      cover = std::min(cover, 1.0f);
      if (fill.soft > 0) cover = cover * cover * (3 - 2 * cover);
      const float height = std::clamp((p.y - box.y0) * gradient, 0.0f, 1.0f);
      row[x] = mix(row[x], mix(bottom, top, height), cover * fill.opacity);
    }
  }
}

}  // namespace hotshot::world
