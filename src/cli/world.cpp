#include "cli/world.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/options.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "world/caption.h"
#include "world/truth.h"

namespace hotshot::cli {
namespace {

struct CaptionOptions {
  SceneChoice scene;
  int count = 1;
  std::string language = "both";
  std::string length = "full";
  std::uint64_t variant = 0;

  FieldList fields() {
    FieldList fields = scene.fields();
    fields.push_back({"count", "scenes, from index on", &count, {1, 1000000}});
    fields.push_back({"language", "english, chinese or both", &language});
    fields.push_back({"length", "brief, medium or full", &length});
    fields.push_back({"variant", "which of several phrasings", &variant});
    return fields;
  }
};

template <class Value>
Value parse_choice(const char* field, const std::string& name,
                   const std::vector<std::pair<std::string, Value>>& choices) {
  std::vector<std::string> known;
  for (const auto& [known_name, value] : choices) {
    if (known_name == name) return value;
    known.push_back(known_name);
  }
  throw_unknown(field, name, known);
}

int caption(int argc, char** argv) {
  CaptionOptions options;
  Arguments arguments("hotshot world caption [OPTIONS]", "Prints exact captions of scenes.");
  arguments.fields(options.fields());
  if (!arguments.parse(argc, argv)) return 0;
  using Languages = std::vector<world::Language>;
  const auto languages = parse_choice<Languages>("--language", options.language,
                                                 {{"both", {world::Language::english, world::Language::chinese}},
                                                  {"english", {world::Language::english}},
                                                  {"chinese", {world::Language::chinese}}});
  const auto length = parse_choice<world::CaptionLength>("--length", options.length,
                                                         {{"brief", world::CaptionLength::brief},
                                                          {"medium", world::CaptionLength::medium},
                                                          {"full", world::CaptionLength::full}});
  for (int i = 0; i < options.count; ++i) {
    const world::Scene scene = options.scene.pick(static_cast<std::uint64_t>(i));
    for (const world::Language language : languages) {
      std::puts(world::caption(scene, language, length, options.variant).c_str());
    }
  }
  return 0;
}

int truth(int argc, char** argv) {
  SceneChoice choice;
  int count = 1;
  Arguments arguments("hotshot world truth [OPTIONS]", "Prints what scenes show as JSON, one scene per line.");
  FieldList fields = choice.fields();
  fields.push_back({"count", "scenes, from index on", &count, {1, 1000000}});
  arguments.fields(fields);
  if (!arguments.parse(argc, argv)) return 0;
  for (int i = 0; i < count; ++i) std::puts(world::truth(choice.pick(static_cast<std::uint64_t>(i))).dump().c_str());
  return 0;
}

constexpr auto kWorldActions = std::to_array<Command>({
#ifndef HOTSHOT_TRAINER_ONLY
    {"sheet", "one picture of many scenes", world_sheet},
    {"render", "a clip of one scene", world_render},
#endif
    {"caption", "sentences that say what scenes show", caption},
    {"truth", "what scenes show, as JSON", truth},
});

}  // namespace

FieldList SceneChoice::fields() {
  return {{"seed", "number that picks a series of scenes", &seed},
          {"index", "which scene of the series", &index},
          {"split", "train; held-out: combinations never trained on; guest, guest-away: the robot", &split},
          {"scene", "a scene as JSON, or @FILE with it, instead of seed and index", &scene}};
}

world::Scene SceneChoice::pick(std::uint64_t offset) const {
  if (scene.empty()) return world::sample_scene(seed, index + offset, parse_split(split));
  const std::string text = scene.front() == '@' ? read_file(scene.substr(1), 1u << 20) : scene;
  const auto json = parse_json(text);
  require(!json.is_discarded(), "--scene", "expected JSON but got '{}'", text.substr(0, 100));
  return world::scene_from_truth(json);
}

world::Split parse_split(const std::string& name) {
  return world::named<world::Split>(name, "--split");
}

int world(int argc, char** argv) {
  return run_row("hotshot world", "The cartoon world that the small models learn from.", kWorldActions, argc, argv);
}

}  // namespace hotshot::cli
