#include "world/truth.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/options.h"
#include "world/grammar.h"

namespace hotshot::world {
namespace {

constexpr Word<Subject> kSubjects[] = {
    {Subject::cat, "cat", "cat", "猫"},
    {Subject::dog, "dog", "dog", "狗"},
    {Subject::rabbit, "rabbit", "rabbit", "兔子"},
    {Subject::elephant, "elephant", "elephant", "大象"},
    {Subject::bird, "bird", "bird", "鸟"},
    {Subject::butterfly, "butterfly", "butterfly", "蝴蝶"},
    {Subject::fish, "fish", "fish", "鱼"},
    {Subject::whale, "whale", "whale", "鲸鱼"},
    {Subject::car, "car", "car", "汽车"},
    {Subject::train, "train", "train", "火车"},
    {Subject::boat, "boat", "boat", "船"},
    {Subject::plane, "plane", "plane", "飞机"},
    {Subject::balloon, "balloon", "balloon", "气球"},
    {Subject::rocket, "rocket", "rocket", "火箭"},
    {Subject::ball, "ball", "ball", "球"},
    {Subject::star, "star", "star", "星星"},
    {Subject::robot, "robot", "robot", "机器人"},
};
constexpr Word<Color> kColors[] = {
    {Color::red, "red", "red", "红色"},          {Color::orange, "orange", "orange", "橙色"},
    {Color::yellow, "yellow", "yellow", "黄色"}, {Color::green, "green", "green", "绿色"},
    {Color::blue, "blue", "blue", "蓝色"},       {Color::purple, "purple", "purple", "紫色"},
    {Color::pink, "pink", "pink", "粉色"},       {Color::white, "white", "white", "白色"},
    {Color::black, "black", "black", "黑色"},    {Color::brown, "brown", "brown", "棕色"},
    {Color::gray, "gray", "gray", "灰色"},
};
constexpr Word<Action> kActions[] = {
    {Action::walk, "walk", "walk", "走"},      {Action::run, "run", "run", "奔跑"},
    {Action::jump, "jump", "jump", "跳跃"},    {Action::sit, "sit", "sit", "坐着"},
    {Action::fly, "fly", "fly", "飞行"},       {Action::swim, "swim", "swim", "游动"},
    {Action::drive, "drive", "drive", "行驶"}, {Action::sail, "sail", "sail", "航行"},
    {Action::roll, "roll", "roll", "滚动"},    {Action::bounce, "bounce", "bounce", "弹跳"},
    {Action::spin, "spin", "spin", "旋转"},    {Action::rise, "rise", "rise", "上升"},
    {Action::fall, "fall", "fall", "下落"},    {Action::float_, "float", "float", "飘浮"},
    {Action::grow, "grow", "grow", "变大"},    {Action::twinkle, "twinkle", "twinkle", "闪烁"},
};
constexpr Word<Direction> kDirections[] = {
    {Direction::none, "none", "in place", "原地"},       {Direction::left, "left", "to the left", "向左"},
    {Direction::right, "right", "to the right", "向右"}, {Direction::up, "up", "up", "向上"},
    {Direction::down, "down", "down", "向下"},
};
constexpr Word<Speed> kSpeeds[] = {
    {Speed::slow, "slow", "slowly", "缓慢地"},
    {Speed::normal, "normal", "", ""},
    {Speed::fast, "fast", "quickly", "快速地"},
};
constexpr Word<Size> kSizes[] = {
    {Size::small, "small", "small", "小"},
    {Size::normal, "normal", "", ""},
    {Size::big, "big", "big", "大"},
};
constexpr Word<Place> kPlaces[] = {
    {Place::meadow, "meadow", "meadow", "草地"}, {Place::forest, "forest", "forest", "森林"},
    {Place::desert, "desert", "desert", "沙漠"}, {Place::sea, "sea", "sea", "大海"},
    {Place::city, "city", "city", "城市"},       {Place::snow, "snow", "snow", "雪地"},
    {Place::space, "space", "space", "太空"},    {Place::room, "room", "room", "房间"},
};
constexpr Word<TimeOfDay> kTimes[] = {
    {TimeOfDay::day, "day", "during the day", "白天"},
    {TimeOfDay::sunset, "sunset", "at sunset", "日落时"},
    {TimeOfDay::night, "night", "at night", "夜晚"},
};
constexpr Word<Weather> kWeathers[] = {
    {Weather::clear, "clear", "clear", "晴朗"},
    {Weather::rain, "rain", "rain", "下雨"},
    {Weather::snow, "snow", "snow", "下雪"},
};
constexpr Word<Camera> kCameras[] = {
    {Camera::still, "still", "the camera is still", "镜头静止"},
    {Camera::pan_left, "pan_left", "the camera pans left", "镜头向左平移"},
    {Camera::pan_right, "pan_right", "the camera pans right", "镜头向右平移"},
    {Camera::zoom_in, "zoom_in", "the camera zooms in", "镜头推近"},
    {Camera::zoom_out, "zoom_out", "the camera zooms out", "镜头拉远"},
};
constexpr Word<Split> kSplits[] = {
    {Split::train, "train", "seen", "见过"},
    {Split::held_out, "held-out", "unseen", "未见过"},
    {Split::guest, "guest", "guest", "客人"},
    {Split::guest_away, "guest-away", "guest elsewhere", "客人在别处"},
};
constexpr Word<Relation> kRelations[] = {
    {Relation::none, "none", "", ""},
    {Relation::left_of, "left_of", "to the left of", "左边"},
    {Relation::right_of, "right_of", "to the right of", "右边"},
    {Relation::above, "above", "above", "上方"},
};

template <class Enum>
std::string name_of(Enum value) {
  return std::string(word(value).name);
}

// Sets `value` from object[key] if it is there.
template <class Enum>
void read(const nlohmann::json& object, const char* key, Enum& value) {
  if (!object.contains(key)) return;
  require(object[key].is_string(), "world.truth", "expected a string for {} but got {}", key, shown(object[key]));
  value = named<Enum>(object[key].get<std::string>(), fmt::format("world.truth.{}", key));
}

nlohmann::json actor_truth(const Actor& actor) {
  return {{"subject", name_of(actor.subject)},     {"color", name_of(actor.color)}, {"action", name_of(actor.action)},
          {"direction", name_of(actor.direction)}, {"speed", name_of(actor.speed)}, {"size", name_of(actor.size)}};
}

Actor read_actor(const nlohmann::json& object) {
  require(object.is_object(), "world.truth", "expected an actor object but got {}", shown(object));
  Actor actor;
  read(object, "subject", actor.subject);
  read(object, "color", actor.color);
  read(object, "action", actor.action);
  read(object, "direction", actor.direction);
  read(object, "speed", actor.speed);
  read(object, "size", actor.size);
  return actor;
}

}  // namespace

template <>
std::span<const Word<Subject>> words<Subject>() {
  return kSubjects;
}
template <>
std::span<const Word<Color>> words<Color>() {
  return kColors;
}
template <>
std::span<const Word<Action>> words<Action>() {
  return kActions;
}
template <>
std::span<const Word<Direction>> words<Direction>() {
  return kDirections;
}
template <>
std::span<const Word<Speed>> words<Speed>() {
  return kSpeeds;
}
template <>
std::span<const Word<Size>> words<Size>() {
  return kSizes;
}
template <>
std::span<const Word<Place>> words<Place>() {
  return kPlaces;
}
template <>
std::span<const Word<TimeOfDay>> words<TimeOfDay>() {
  return kTimes;
}
template <>
std::span<const Word<Weather>> words<Weather>() {
  return kWeathers;
}
template <>
std::span<const Word<Camera>> words<Camera>() {
  return kCameras;
}
template <>
std::span<const Word<Split>> words<Split>() {
  return kSplits;
}
template <>
std::span<const Word<Relation>> words<Relation>() {
  return kRelations;
}

nlohmann::json truth(const Scene& scene) {
  nlohmann::json actors = nlohmann::json::array();
  for (const Actor& actor : scene.actors) actors.push_back(actor_truth(actor));
  return {{"actors", actors},
          {"count", scene.actors.size()},
          {"relation", name_of(scene.relation)},
          {"place", name_of(scene.place)},
          {"time", name_of(scene.time)},
          {"weather", name_of(scene.weather)},
          {"camera", name_of(scene.camera)},
          {"detail_seed", scene.detail_seed},
          {"held_out", is_held_out(scene)}};
}

Scene scene_from_truth(const nlohmann::json& object) {
  require(object.is_object(), "world.truth", "expected an object but got {}", shown(object));
  Scene scene;
  require(object.contains("actors") && object["actors"].is_array(), "world.truth", "expected a list of actors");
  for (const auto& actor : object["actors"]) scene.actors.push_back(read_actor(actor));
  read(object, "relation", scene.relation);
  read(object, "place", scene.place);
  read(object, "time", scene.time);
  read(object, "weather", scene.weather);
  read(object, "camera", scene.camera);
  if (object.contains("detail_seed")) {
    require(object["detail_seed"].is_number_integer(), "world.truth", "expected an integer detail_seed but got {}",
            shown(object["detail_seed"]));
    scene.detail_seed = object["detail_seed"].get<std::uint64_t>();
  }
  const std::string problem = complaint(scene);
  require(problem.empty(), "world.truth", "expected a scene that can be but got one where {}", problem);
  return scene;
}

}  // namespace hotshot::world
