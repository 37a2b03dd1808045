// How each subject looks: one draw function and one row. Subjects are drawn facing right in their own coordinates,
// about one unit tall, standing on y = 0 (walkers, vehicles) or around the origin (flyers, see SubjectLook).
#pragma once

#include "world/canvas.h"
#include "world/scene.h"

namespace hotshot::world {

/// What moves within a subject at one moment.
struct Motion {
  Action action = Action::walk;
  float phase = 0;        // radians: steps, wing beats, or the turn of wheels (distance / radius)
  float seconds = 0;      // scene time, for blinking, smoke, flames
  float offset = 0;       // radians, different for every actor
  float tilt = 0;         // radians the body is turned, for faces that stay upright
  bool is_dark = false;   // night: windows and lamps are lit
  bool in_space = false;  // animals wear a helmet
};

/// The paints of a colour: the body, a pale belly and a deep shade.
struct Look {
  Rgb body;
  Rgb pale;
  Rgb deep;
};
Look look_of(Color color);

using DrawSubject = void (*)(const Brush& brush, const Look& look, const Motion& motion);

struct SubjectLook {
  Subject subject;
  DrawSubject draw;
  float scale;           // frame heights per unit at normal size
  Point center;          // middle of the body, in its own units: what turns and stretches around it
  float half_width;      // in its own units
  float stride;          // units travelled per radian of phase
  bool turns_by_flight;  // rockets point where they fly
};
const SubjectLook& look_of(Subject subject);

void draw_cat(const Brush& brush, const Look& look, const Motion& motion);
void draw_dog(const Brush& brush, const Look& look, const Motion& motion);
void draw_rabbit(const Brush& brush, const Look& look, const Motion& motion);
void draw_elephant(const Brush& brush, const Look& look, const Motion& motion);
void draw_bird(const Brush& brush, const Look& look, const Motion& motion);
void draw_butterfly(const Brush& brush, const Look& look, const Motion& motion);
void draw_fish(const Brush& brush, const Look& look, const Motion& motion);
void draw_whale(const Brush& brush, const Look& look, const Motion& motion);
void draw_car(const Brush& brush, const Look& look, const Motion& motion);
void draw_train(const Brush& brush, const Look& look, const Motion& motion);
void draw_boat(const Brush& brush, const Look& look, const Motion& motion);
void draw_plane(const Brush& brush, const Look& look, const Motion& motion);
void draw_balloon(const Brush& brush, const Look& look, const Motion& motion);
void draw_rocket(const Brush& brush, const Look& look, const Motion& motion);
void draw_ball(const Brush& brush, const Look& look, const Motion& motion);
void draw_star(const Brush& brush, const Look& look, const Motion& motion);
void draw_robot(const Brush& brush, const Look& look, const Motion& motion);

/// A cartoon eye with a highlight that blinks now and then.
void draw_eye(const Brush& brush, Point center, float radius, const Motion& motion);
/// A smile from left to right, `width` wide.
void draw_smile(const Brush& brush, Point center, float width, float thickness);
/// Two spots of pink.
void draw_blush(const Brush& brush, Point left, Point right, float radius);

}  // namespace hotshot::world
