#include <fmt/format.h>

#include "world/caption_choice.h"
#include "world/grammar.h"
#include "world/truth.h"

namespace hotshot::world {
namespace {

std::string plural(Subject subject) {
  if (subject == Subject::fish) return "fish";
  if (subject == Subject::butterfly) return "butterflies";
  return fmt::format("{}s", word(subject).english);
}

bool is_vowel(char letter) { return std::string_view("aeiou").find(letter) != std::string_view::npos; }

std::string_view size_word(Size size, Choice& choice) {
  if (size == Size::small) return choice.of({"small", "little"});
  if (size == Size::big) return choice.of({"big", "large"});
  return "";
}

// "a small red car", "two green balloons"
std::string indefinite(const Actor& actor, std::size_t count, Choice& choice) {
  std::string noun(size_word(actor.size, choice));
  if (!noun.empty()) noun += ' ';
  noun += word(actor.color).english;
  noun += ' ';
  if (count > 1) return fmt::format("{} {}{}", count == 2 ? "two" : "three", noun, plural(actor.subject));
  return fmt::format("{} {}{}", is_vowel(noun[0]) ? "an" : "a", noun, word(actor.subject).english);
}

std::string definite(const Actor& actor) {
  return fmt::format("the {} {}", word(actor.color).english, word(actor.subject).english);
}

std::string conjugated(Action action, bool many) {
  const std::string_view base = word(action).english;
  if (many) return std::string(base);
  return action == Action::fly ? "flies" : fmt::format("{}s", base);
}

// What follows the verb where no direction is said: "jumps up and down".
std::string_view manner(const Actor& actor, bool has_adverb, Choice& choice) {
  if (has_adverb) return "";
  switch (actor.action) {
    case Action::jump:
    case Action::bounce:
      return choice.of({"", " up and down"});
    case Action::spin:
      return choice.of({"", " around"});
    case Action::rise:
      return choice.of({"", " up"});
    case Action::fall:
      return choice.of({"", " down"});
    default:
      return "";
  }
}

// "drives slowly to the left"
std::string verb_phrase(const Actor& actor, bool many, bool with_speed, Choice& choice) {
  std::string phrase = conjugated(actor.action, many);
  if (actor.action == Action::grow) phrase += choice.of({" bigger", " larger"});
  const bool has_adverb = with_speed && actor.speed != Speed::normal;
  if (has_adverb) phrase += actor.speed == Speed::slow ? " slowly" : choice.of({" quickly", " fast"});
  if (moves_sideways(actor)) {
    const bool left = actor.direction == Direction::left;
    phrase += left ? choice.of({" to the left", " left"}) : choice.of({" to the right", " right"});
    return phrase;
  }
  return phrase.append(manner(actor, has_adverb, choice));
}

std::string_view ground_phrase(Place place, bool moves, Choice& choice) {
  switch (place) {
    case Place::meadow:
      return moves ? choice.of({"in the meadow", "through the meadow", "across the meadow"}) : "in the meadow";
    case Place::forest:
      return moves ? choice.of({"in the forest", "through the forest"}) : "in the forest";
    case Place::desert:
      return moves ? choice.of({"in the desert", "through the desert", "across the desert"}) : "in the desert";
    case Place::city:
      return moves ? choice.of({"in the city", "through the city"}) : "in the city";
    case Place::snow:
      return moves ? choice.of({"in the snow", "through the snow", "across the snow"}) : "in the snow";
    case Place::space:
      return moves ? choice.of({"in space", "through space"}) : "in space";
    case Place::room:
      return moves ? choice.of({"in the room", "across the room"}) : "in the room";
    case Place::sea:
      return choice.of({"at sea", "on the sea"});
  }
  return "";
}

std::string place_phrase(const Scene& scene, Lane lane, bool moves, Choice& choice) {
  const Place place = scene.place;
  if (place == Place::sea) {
    if (lane == Lane::underwater) return std::string(choice.of({"in the sea", "under the water"}));
    if (lane == Lane::surface && scene.actors[0].subject == Subject::whale) return "in the sea";
    if (lane == Lane::surface) return std::string(moves ? choice.of({"on the sea", "across the sea"}) : "on the sea");
  }
  const bool is_sky = place != Place::space && place != Place::room && place != Place::forest;
  if (lane == Lane::air && is_sky) {
    return fmt::format("{} the {}", choice.of({"over", "above"}), word(place).english);
  }
  return std::string(ground_phrase(place, moves, choice));
}

// Where the whole scene is, for one actor, a group or a pair.
std::string scene_place(const Scene& scene, bool with_verb, Choice& choice) {
  const Lane first = lane_of(scene.actors[0], scene.place);
  bool moves = with_verb, shared = true;
  for (const Actor& actor : scene.actors) {
    moves = moves && moves_sideways(actor);
    shared = shared && lane_of(actor, scene.place) == first;
  }
  if (scene.relation != Relation::none && scene.place == Place::sea && first != Lane::air) shared = false;
  if (shared) return place_phrase(scene, first, moves, choice);
  return scene.place == Place::sea ? "at sea" : std::string(ground_phrase(scene.place, false, choice));
}

std::string time_phrase(const Scene& scene, bool even_day, Choice& choice) {
  if (scene.place == Place::space) return "";
  if (scene.time == TimeOfDay::day) return even_day ? std::string(choice.of({"during the day", "by day"})) : "";
  return std::string(word(scene.time).english);
}

std::string_view weather_phrase(const Scene& scene, Choice& choice) {
  if (scene.weather == Weather::rain) return choice.of({"in the rain", "while it rains"});
  if (scene.weather == Weather::snow) return choice.of({"while it snows", "as snow falls"});
  return "";
}

// Who does what, where; without time and weather.
std::string clause(const Scene& scene, bool with_speed, Choice& choice) {
  const Actor& first = scene.actors[0];
  if (scene.relation == Relation::none) {
    const std::size_t count = scene.actors.size();
    const std::string who = indefinite(first, count, choice);
    const std::string does = verb_phrase(first, count > 1, with_speed, choice);
    return fmt::format("{} {} {}", who, does, scene_place(scene, true, choice));
  }
  const Actor& second = scene.actors[1];
  const std::string who = indefinite(first, 1, choice), other = indefinite(second, 1, choice);
  const bool together =
      first.action == second.action && first.direction == second.direction && first.speed == second.speed;
  if (together) {
    const std::string does = verb_phrase(first, true, with_speed, choice);
    return fmt::format("{} and {} {} {}", who, other, does, scene_place(scene, true, choice));
  }
  const std::string does = verb_phrase(first, false, with_speed, choice);
  const std::string other_does = verb_phrase(second, false, with_speed, choice);
  return fmt::format("{} {} and {} {} {}", who, does, other, other_does, scene_place(scene, true, choice));
}

std::string relation_clause(const Scene& scene, Choice& choice) {
  if (scene.relation == Relation::none) return "";
  const std::string first = definite(scene.actors[0]), second = definite(scene.actors[1]);
  const std::string_view where = word(scene.relation).english;
  return choice.next(2) == 0 ? fmt::format(", with {} {} {}", first, where, second)
                             : fmt::format("; {} is {} {}", first, where, second);
}

std::string_view camera_sentence(Camera camera, Choice& choice) {
  switch (camera) {
    case Camera::pan_left:
      return choice.of({"The camera pans left", "The camera pans to the left"});
    case Camera::pan_right:
      return choice.of({"The camera pans right", "The camera pans to the right"});
    case Camera::zoom_in:
      return choice.of({"The camera zooms in", "The camera slowly zooms in"});
    case Camera::zoom_out:
      return choice.of({"The camera zooms out", "The camera slowly zooms out"});
    default:
      return choice.of({"The camera is still", "The camera does not move"});
  }
}

std::string sentence(std::string text) {
  if (text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text + ".";
}

std::string brief(const Scene& scene, Choice& choice) {
  const std::size_t form = choice.next(3);
  std::string text;
  if (form == 1 && scene.relation == Relation::none) {
    text = clause(scene, false, choice);
  } else if (scene.relation == Relation::none) {
    text = indefinite(scene.actors[0], scene.actors.size(), choice);
    text += ' ';
    text += scene_place(scene, false, choice);
  } else {
    const std::string first = indefinite(scene.actors[0], 1, choice), second = indefinite(scene.actors[1], 1, choice);
    const std::string_view joint = form == 1 ? word(scene.relation).english : "and";
    text = fmt::format("{} {} {} {}", first, joint, second, scene_place(scene, false, choice));
  }
  const std::string time = form == 2 ? time_phrase(scene, false, choice) : "";
  return time.empty() ? text : text + " " + time;
}

}  // namespace

std::string english_caption(const Scene& scene, CaptionLength length, Choice choice) {
  if (length == CaptionLength::brief) return brief(scene, choice);
  const bool full = length == CaptionLength::full;
  const bool time_first = choice.next(3) == 1;
  std::string time = time_phrase(scene, full, choice);
  std::string text = clause(scene, full, choice);
  if (!time.empty()) text = time_first ? time + ", " + text : text + " " + time;
  if (const auto weather = weather_phrase(scene, choice); !weather.empty()) text += fmt::format(" {}", weather);
  text += relation_clause(scene, choice);
  if (!full) return choice.next(2) == 0 ? text : sentence(text);
  text = sentence(text);
  const bool outdoors = scene.place != Place::space && scene.place != Place::room;
  if (scene.weather == Weather::clear && outdoors && choice.next(2) == 1) text += " The weather is clear.";
  return fmt::format("{} {}.", text, camera_sentence(scene.camera, choice));
}

}  // namespace hotshot::world
