#include "world/canvas.h"

#include <gtest/gtest.h>

namespace hotshot::world {
namespace {

double painted_area(Canvas& canvas) {
  double area = 0;
  for (int y = 0; y < canvas.height(); ++y) {
    for (int x = 0; x < canvas.width(); ++x) area += canvas.row(y)[x].r;
  }
  return area;
}

const Fill kWhite = flat({1, 1, 1});

TEST(Canvas, CoversTheAreaOfAShape) {
  Canvas canvas(64, 64);
  const Brush brush(canvas, scaled(20, 20));
  brush.circle({1.6f, 1.6f}, 1.0f, kWhite);
  EXPECT_NEAR(painted_area(canvas), kPi * 400, 4);
  Canvas other(64, 64);
  Brush(other, moved({32, 32}) * turned(0.7f) * scaled(10, 10)).box({0, 0}, 1.5f, 1.0f, 0, kWhite);
  EXPECT_NEAR(painted_area(other), 600, 4);
}

TEST(Canvas, ClipsWhatLiesOutside) {
  Canvas canvas(16, 16);
  const Brush brush(canvas, scaled(1, 1));
  brush.circle({-100, -100}, 5, kWhite);
  EXPECT_EQ(painted_area(canvas), 0);
  brush.circle({8, 8}, 1000, kWhite);
  EXPECT_EQ(painted_area(canvas), 256);
}

TEST(Canvas, OutlineGrowsTheShapeAndSkipsTranslucentPaint) {
  Canvas canvas(64, 64);
  const Brush brush = Brush(canvas, scaled(1, 1)).outlining(2, {1, 1, 1});
  brush.circle({32, 32}, 10, flat({0, 0, 0}));
  EXPECT_NEAR(painted_area(canvas), kPi * 144, 4);
  Canvas empty(64, 64);
  Brush(empty, scaled(1, 1)).outlining(2, {1, 1, 1}).circle({32, 32}, 10, flat({1, 1, 1}, 0.5f));
  EXPECT_EQ(painted_area(empty), 0);
}

TEST(Canvas, LightDimsEverythingThatDoesNotGlow) {
  Canvas canvas(8, 8);
  const Brush brush = Brush(canvas, scaled(1, 1)).lit({0.5f, 0.5f, 0.5f});
  brush.box({4, 4}, 4, 4, 0, kWhite);
  EXPECT_NEAR(canvas.row(4)[4].r, 0.5f, 1e-6);
  brush.box({4, 4}, 4, 4, 0, {{1, 1, 1}, {1, 1, 1}, 1, 0, true});
  EXPECT_NEAR(canvas.row(4)[4].r, 1.0f, 1e-6);
}

TEST(Shapes, TransformsInvert) {
  const Transform there = moved({3, -2}) * turned(0.4f) * scaled(-2, 0.5f);
  const Point back = inverse(there)(there({0.7f, 1.3f}));
  EXPECT_NEAR(back.x, 0.7f, 1e-5);
  EXPECT_NEAR(back.y, 1.3f, 1e-5);
}

TEST(Shapes, DistancesAreNegativeInsideAndExactAtTheEdge) {
  EXPECT_NEAR(circle_distance({3, 4}, {}, 2), 3, 1e-6);
  EXPECT_NEAR(ellipse_distance({2, 0}, {}, 2, 1), 0, 1e-6);
  EXPECT_LT(ellipse_distance({0, 0}, {}, 2, 1), 0);
  EXPECT_NEAR(capsule_distance({1, 1}, {0, 0}, {2, 0}, 0.5f, 0.5f), 0.5, 1e-6);
  EXPECT_NEAR(box_distance({5, 0}, {}, 2, 1, 0.3f), 3, 1e-6);
  EXPECT_NEAR(box_distance({0, 0}, {}, 2, 1, 0.3f), -1, 1e-6);
  const Point triangle[] = {{0, 0}, {4, 0}, {0, 4}};
  EXPECT_NEAR(polygon_distance({1, -2}, triangle, 0), 2, 1e-6);
  EXPECT_NEAR(polygon_distance({1, 1}, triangle, 0), -1, 1e-6);
  EXPECT_NEAR(star_distance({0, 1}, 1, 0.5f, 0), 0, 1e-5);
  EXPECT_LT(star_distance({0, 0}, 1, 0.5f, 0), -0.3f);
}

TEST(Shapes, SoftUnionFillsTheCorner) {
  EXPECT_LT(soft_union(0.1f, 0.1f, 0.2f), 0.1f);
  EXPECT_EQ(soft_union(0.1f, 0.5f, 0.2f), 0.1f);
}

}  // namespace
}  // namespace hotshot::world
