// Plane geometry of the cartoon world: points, transforms and signed distances (negative inside). Distances are exact
// near their edge, which is all that anti-aliasing and soft unions need. y points up.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

namespace hotshot::world {

inline constexpr float kPi = 3.14159265f;

struct Point {
  float x = 0;
  float y = 0;
};
inline Point operator+(Point a, Point b) { return {a.x + b.x, a.y + b.y}; }
inline Point operator-(Point a, Point b) { return {a.x - b.x, a.y - b.y}; }
inline Point operator*(Point a, float s) { return {a.x * s, a.y * s}; }
inline float dot(Point a, Point b) { return a.x * b.x + a.y * b.y; }
inline float length(Point a) { return std::sqrt(dot(a, a)); }
inline Point rotated(Point a, float angle) {
  const float c = std::cos(angle), s = std::sin(angle);
  return {c * a.x - s * a.y, s * a.x + c * a.y};
}

struct Box {
  float x0, y0, x1, y1;
};
inline Box box_around(Point center, float rx, float ry) {
  return {center.x - rx, center.y - ry, center.x + rx, center.y + ry};
}

/// An affine map; (outer * inner)(p) = outer(inner(p)).
struct Transform {
  Point x_axis{1, 0};
  Point y_axis{0, 1};
  Point origin{0, 0};
  Point operator()(Point p) const { return x_axis * p.x + y_axis * p.y + origin; }
  /// Without the translation.
  Point direction(Point p) const { return x_axis * p.x + y_axis * p.y; }
  float determinant() const { return x_axis.x * y_axis.y - x_axis.y * y_axis.x; }
};
Transform operator*(const Transform& outer, const Transform& inner);
Transform inverse(const Transform& transform);
Transform moved(Point by);
Transform scaled(float x, float y);
Transform turned(float angle);

inline float circle_distance(Point p, Point center, float radius) { return length(p - center) - radius; }

inline float ellipse_distance(Point p, Point center, float rx, float ry) {
  const Point q = p - center;
  const Point u{q.x / rx, q.y / ry};
  const Point v{u.x / rx, u.y / ry};
  const float k0 = length(u), k1 = length(v);
  return k1 > 1e-6f ? k0 * (k0 - 1) / k1 : -std::min(rx, ry);
}

/// A segment whose radius goes from ra at a to rb at b.
inline float capsule_distance(Point p, Point a, Point b, float ra, float rb) {
  const Point pa = p - a, ba = b - a;
  const float h = std::clamp(dot(pa, ba) / std::max(dot(ba, ba), 1e-8f), 0.0f, 1.0f);
  return length(pa - ba * h) - (ra + (rb - ra) * h);
}

inline float box_distance(Point p, Point center, float half_width, float half_height, float radius) {
  const Point q{std::abs(p.x - center.x) - half_width + radius, std::abs(p.y - center.y) - half_height + radius};
  const Point outside{std::max(q.x, 0.0f), std::max(q.y, 0.0f)};
  return length(outside) + std::min(std::max(q.x, q.y), 0.0f) - radius;
}

/// Any simple polygon, its corners rounded by growing it by `radius`.
float polygon_distance(Point p, std::span<const Point> corners, float radius);

/// A five-pointed star with one point up.
float star_distance(Point p, float radius, float inner, float rounding);

/// Union of two distances with a fillet of size k.
inline float soft_union(float a, float b, float k) {
  const float h = std::max(k - std::abs(a - b), 0.0f) / k;
  return std::min(a, b) - h * h * k * 0.25f;
}

}  // namespace hotshot::world
