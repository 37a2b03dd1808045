#include "world/shapes.h"

namespace hotshot::world {

Transform operator*(const Transform& outer, const Transform& inner) {
  return {outer.direction(inner.x_axis), outer.direction(inner.y_axis), outer(inner.origin)};
}

Transform inverse(const Transform& t) {
  const float scale = 1.0f / t.determinant();
  Transform result{{t.y_axis.y * scale, -t.x_axis.y * scale}, {-t.y_axis.x * scale, t.x_axis.x * scale}, {}};
  result.origin = result.direction(t.origin) * -1.0f;
  return result;
}

Transform moved(Point by) { return {{1, 0}, {0, 1}, by}; }

Transform scaled(float x, float y) { return {{x, 0}, {0, y}, {}}; }

Transform turned(float angle) {
  const float c = std::cos(angle), s = std::sin(angle);
  return {{c, s}, {-s, c}, {}};
}

float polygon_distance(Point p, std::span<const Point> corners, float radius) {
  float nearest = dot(p - corners[0], p - corners[0]);
  bool inside = false;
  for (std::size_t i = 0, j = corners.size() - 1; i < corners.size(); j = i++) {
    const Point edge = corners[j] - corners[i];
    const Point w = p - corners[i];
    const float along = std::clamp(dot(w, edge) / dot(edge, edge), 0.0f, 1.0f);
    const Point gap = w - edge * along;
    nearest = std::min(nearest, dot(gap, gap));
    const bool above = p.y >= corners[i].y, below = p.y < corners[j].y;
    const bool left = edge.x * w.y > edge.y * w.x;
    if ((above && below && left) || (!above && !below && !left)) inside = !inside;
  }
  return (inside ? -1.0f : 1.0f) * std::sqrt(nearest) - radius;
}

float star_distance(Point p, float radius, float inner, float rounding) {
  Point corners[10];
  for (int i = 0; i < 10; ++i) {
    const float reach = i % 2 == 0 ? radius : inner;
    const float angle = kPi / 2 + static_cast<float>(i) * kPi / 5;
    corners[i] = {reach * std::cos(angle), reach * std::sin(angle)};
  }
  return polygon_distance(p, corners, rounding);
}

}  // namespace hotshot::world
