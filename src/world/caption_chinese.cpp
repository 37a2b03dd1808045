#include <fmt/format.h>

#include "world/caption_choice.h"
#include "world/grammar.h"
#include "world/truth.h"

namespace hotshot::world {
namespace {

std::string_view measure(Subject subject) {
  switch (subject) {
    case Subject::elephant:
    case Subject::whale:
      return "头";
    case Subject::fish:
      return "条";
    case Subject::car:
      return "辆";
    case Subject::train:
      return "列";
    case Subject::boat:
      return "艘";
    case Subject::plane:
      return "架";
    case Subject::balloon:
    case Subject::ball:
    case Subject::robot:
      return "个";
    case Subject::rocket:
      return "枚";
    case Subject::star:
      return "颗";
    default:
      return "只";
  }
}

// 红色的小猫; the elephant's own name already says "big".
std::string noun(const Actor& actor) {
  const std::string_view color = word(actor.color).chinese;
  if (actor.subject == Subject::elephant && actor.size != Size::normal) {
    return actor.size == Size::small ? fmt::format("{}的小象", color) : fmt::format("巨大的{}大象", color);
  }
  return fmt::format("{}的{}{}", color, word(actor.size).chinese, word(actor.subject).chinese);
}

std::string counted(const Actor& actor, std::size_t count) {
  constexpr std::string_view kNumbers[] = {"一", "两", "三"};
  return fmt::format("{}{}{}", kNumbers[count - 1], measure(actor.subject), noun(actor));
}

std::string_view sideways_verb(Action action, Choice& choice) {
  switch (action) {
    case Action::run:
      return choice.of({"奔跑", "跑"});
    case Action::jump:
      return "跳";
    case Action::fly:
      return choice.of({"飞行", "飞"});
    case Action::swim:
      return choice.of({"游", "游动"});
    case Action::drive:
      return choice.of({"行驶", "开"});
    case Action::float_:
      return "飘";
    default:
      return word(action).chinese;
  }
}

// 缓慢地向左行驶
std::string verb_phrase(const Actor& actor, bool with_speed, Choice& choice) {
  std::string phrase;
  if (with_speed && actor.speed == Speed::slow) phrase = choice.of({"缓慢地", "慢慢地"});
  if (with_speed && actor.speed == Speed::fast) phrase = choice.of({"快速地", "飞快地"});
  if (moves_sideways(actor)) {
    phrase += word(actor.direction).chinese;
    return phrase.append(sideways_verb(actor.action, choice));
  }
  if (actor.action == Action::jump) return phrase.append(choice.of({"跳跃", "上下跳动"}));
  return phrase.append(word(actor.action).chinese);
}

std::string_view ground_phrase(Place place, Choice& choice) {
  switch (place) {
    case Place::meadow:
      return "草地上";
    case Place::forest:
      return choice.of({"森林里", "森林中"});
    case Place::desert:
      return choice.of({"沙漠里", "沙漠中"});
    case Place::sea:
      return choice.of({"海上", "海面上"});
    case Place::city:
      return choice.of({"城市里", "城市中"});
    case Place::snow:
      return choice.of({"雪地里", "雪地上"});
    case Place::space:
      return choice.of({"太空中", "太空里"});
    case Place::room:
      return "房间里";
  }
  return "";
}

// Where the scene is, without 在.
std::string scene_place(const Scene& scene, Choice& choice) {
  const Lane first = lane_of(scene.actors[0], scene.place);
  bool shared = true;
  for (const Actor& actor : scene.actors) shared = shared && lane_of(actor, scene.place) == first;
  if (!shared) return scene.place == Place::sea ? "海上" : std::string(ground_phrase(scene.place, choice));
  if (first == Lane::underwater || scene.actors[0].subject == Subject::whale) return "海里";
  const bool is_sky = scene.place != Place::space && scene.place != Place::room && scene.place != Place::forest;
  if (first == Lane::air && is_sky) return fmt::format("{}上空", word(scene.place).chinese);
  return std::string(ground_phrase(scene.place, choice));
}

std::string_view time_phrase(const Scene& scene, bool even_day, Choice& choice) {
  if (scene.place == Place::space) return "";
  switch (scene.time) {
    case TimeOfDay::sunset:
      return choice.of({"日落时", "日落时分"});
    case TimeOfDay::night:
      return choice.of({"夜晚", "夜里"});
    default:
      return even_day ? "白天" : "";
  }
}

std::string clause(const Scene& scene, bool with_speed, Choice& choice) {
  const Actor& first = scene.actors[0];
  const std::string place = scene_place(scene, choice);
  if (scene.relation == Relation::none) {
    return fmt::format("{}在{}{}", counted(first, scene.actors.size()), place, verb_phrase(first, with_speed, choice));
  }
  const Actor& second = scene.actors[1];
  const bool together =
      first.action == second.action && first.direction == second.direction && first.speed == second.speed;
  if (together) {
    return fmt::format("{}和{}在{}{}", counted(first, 1), counted(second, 1), place,
                       verb_phrase(first, with_speed, choice));
  }
  const std::string does = verb_phrase(first, with_speed, choice);
  return fmt::format("在{}，{}{}，{}{}", place, counted(first, 1), does, counted(second, 1),
                     verb_phrase(second, with_speed, choice));
}

std::string relation_clause(const Scene& scene) {
  if (scene.relation == Relation::none) return "";
  return fmt::format("，{}在{}的{}", noun(scene.actors[0]), noun(scene.actors[1]), word(scene.relation).chinese);
}

std::string_view camera_phrase(Camera camera, Choice& choice) {
  switch (camera) {
    case Camera::pan_left:
      return choice.of({"镜头向左平移", "镜头向左移动"});
    case Camera::pan_right:
      return choice.of({"镜头向右平移", "镜头向右移动"});
    case Camera::zoom_in:
      return choice.of({"镜头推近", "镜头拉近"});
    case Camera::zoom_out:
      return choice.of({"镜头拉远", "镜头后拉"});
    default:
      return choice.of({"镜头静止", "镜头固定不动"});
  }
}

std::string brief(const Scene& scene, Choice& choice) {
  const std::size_t form = choice.next(3);
  if (form == 1 && scene.relation == Relation::none) return clause(scene, false, choice);
  std::string who = counted(scene.actors[0], scene.actors.size());
  if (scene.relation != Relation::none) {
    const std::string second = counted(scene.actors[1], 1);
    who = counted(scene.actors[0], 1);
    if (form == 1)
      return fmt::format("{}，{}在{}的{}", scene_place(scene, choice), who, second, word(scene.relation).chinese);
    who += "和" + second;
  }
  if (form == 0) return fmt::format("{}在{}", who, scene_place(scene, choice));
  const std::string_view time = time_phrase(scene, false, choice);
  return fmt::format("{}{}的{}", time, scene_place(scene, choice), who);
}

}  // namespace

std::string chinese_caption(const Scene& scene, CaptionLength length, Choice choice) {
  if (length == CaptionLength::brief) return brief(scene, choice);
  const bool full = length == CaptionLength::full;
  const std::string_view time = time_phrase(scene, full, choice);
  std::string text = time.empty() ? "" : fmt::format("{}，", time);
  const bool weather_first = choice.next(2) == 1;
  const std::string_view weather = scene.weather == Weather::rain   ? "下着雨"
                                   : scene.weather == Weather::snow ? "下着雪"
                                                                    : "";
  if (!weather.empty() && weather_first) text += fmt::format("{}，", weather);
  text += clause(scene, full, choice);
  if (!weather.empty() && !weather_first) text += fmt::format("，{}", weather);
  text += relation_clause(scene);
  if (!full) return choice.next(2) == 0 ? text : text + "。";
  const bool outdoors = scene.place != Place::space && scene.place != Place::room;
  if (scene.weather == Weather::clear && outdoors && choice.next(2) == 1) text += "，天气晴朗";
  return fmt::format("{}。{}。", text, camera_phrase(scene.camera, choice));
}

}  // namespace hotshot::world
