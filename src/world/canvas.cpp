#include "world/canvas.h"

namespace hotshot::world {
namespace {

// Catmull-Rom curve through the points, three pieces between neighbours.
std::vector<Point> smoothed(std::span<const Point> points) {
  std::vector<Point> curve;
  const std::size_t last = points.size() - 1;
  for (std::size_t i = 0; i < last; ++i) {
    const Point a = points[i == 0 ? 0 : i - 1], b = points[i], c = points[i + 1], d = points[std::min(i + 2, last)];
    for (int step = 0; step < 3; ++step) {
      const float t = static_cast<float>(step) / 3;
      curve.push_back(
          (b * 2 + (c - a) * t + (a * 2 - b * 5 + c * 4 - d) * (t * t) + (b * 3 - a - c * 3 + d) * (t * t * t)) * 0.5f);
    }
  }
  curve.push_back(points[last]);
  return curve;
}

}  // namespace

void Canvas::write(std::uint8_t* out) const {
  const auto byte = [](float value) {
    return static_cast<std::uint8_t>(std::clamp(value, 0.0f, 1.0f) * 255.0f + 0.5f);
  };
  for (const Rgb& pixel : pixels_) {
    *out++ = byte(pixel.r);
    *out++ = byte(pixel.g);
    *out++ = byte(pixel.b);
  }
}

Fill shaded(Rgb color) { return {lighter(color, 0.12f), darker(color, 0.14f)}; }

Fill flat(Rgb color, float opacity) { return {color, color, opacity}; }

Fill glow(Rgb color, float opacity, float soft) { return {color, color, opacity, soft, true}; }

Brush::Region Brush::region(const Box& box, float margin) const {
  const Point corners[] = {to_pixel_({box.x0, box.y0}), to_pixel_({box.x1, box.y0}), to_pixel_({box.x0, box.y1}),
                           to_pixel_({box.x1, box.y1})};
  float x0 = 1e9f, y0 = 1e9f, x1 = -1e9f, y1 = -1e9f;
  for (const Point& corner : corners) {
    x0 = std::min(x0, corner.x);
    y0 = std::min(y0, corner.y);
    x1 = std::max(x1, corner.x);
    y1 = std::max(y1, corner.y);
  }
  const auto clip = [](float value, int limit) {
    return static_cast<int>(std::clamp(value, 0.0f, static_cast<float>(limit)));
  };
  return {clip(std::floor(x0 - margin), canvas_->width()), clip(std::floor(y0 - margin), canvas_->height()),
          clip(std::ceil(x1 + margin), canvas_->width()), clip(std::ceil(y1 + margin), canvas_->height())};
}

void Brush::circle(Point center, float radius, const Fill& paint) const {
  fill(box_around(center, radius, radius), paint, [&](Point p) { return circle_distance(p, center, radius); });
}

void Brush::ellipse(Point center, float rx, float ry, const Fill& paint, float angle) const {
  const Brush brush = angle == 0 ? *this : at(moved(center) * turned(angle));
  const Point middle = angle == 0 ? center : Point{};
  brush.fill(box_around(middle, rx, ry), paint, [&](Point p) { return ellipse_distance(p, middle, rx, ry); });
}

void Brush::capsule(Point a, Point b, float ra, float rb, const Fill& paint) const {
  const float r = std::max(ra, rb);
  fill({std::min(a.x, b.x) - r, std::min(a.y, b.y) - r, std::max(a.x, b.x) + r, std::max(a.y, b.y) + r}, paint,
       [&](Point p) { return capsule_distance(p, a, b, ra, rb); });
}

void Brush::box(Point center, float half_width, float half_height, float radius, const Fill& paint) const {
  fill(box_around(center, half_width, half_height), paint,
       [&](Point p) { return box_distance(p, center, half_width, half_height, radius); });
}

void Brush::polygon(std::initializer_list<Point> corners, float radius, const Fill& paint) const {
  Box bounds{1e9f, 1e9f, -1e9f, -1e9f};
  for (const Point& corner : corners) {
    bounds = {std::min(bounds.x0, corner.x - radius), std::min(bounds.y0, corner.y - radius),
              std::max(bounds.x1, corner.x + radius), std::max(bounds.y1, corner.y + radius)};
  }
  const std::span<const Point> points(corners.begin(), corners.size());
  fill(bounds, paint, [&](Point p) { return polygon_distance(p, points, radius); });
}

void Brush::tube(std::span<const Point> points, float ra, float rb, const Fill& paint) const {
  const std::vector<Point> curve = smoothed(points);
  const float r = std::max(ra, rb);
  Box bounds{1e9f, 1e9f, -1e9f, -1e9f};
  for (const Point& point : curve) {
    bounds = {std::min(bounds.x0, point.x - r), std::min(bounds.y0, point.y - r), std::max(bounds.x1, point.x + r),
              std::max(bounds.y1, point.y + r)};
  }
  const float steps = static_cast<float>(curve.size() - 1);
  fill(bounds, paint, [&](Point p) {
    float nearest = 1e9f;
    for (std::size_t i = 0; i + 1 < curve.size(); ++i) {
      const float from = ra + (rb - ra) * static_cast<float>(i) / steps;
      const float to = ra + (rb - ra) * static_cast<float>(i + 1) / steps;
      nearest = std::min(nearest, capsule_distance(p, curve[i], curve[i + 1], from, to));
    }
    return nearest;
  });
}

}  // namespace hotshot::world
