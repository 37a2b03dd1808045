#include "training/recipe.h"

#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "training/autoencoder_task.h"
#include "training/transformer_task.h"
#include "weights/digest.h"

namespace hotshot::training {
namespace {

using nlohmann::json;
using MakeTask = std::function<std::unique_ptr<Task>(const RunPlaces&, at::Device)>;

// The [data] table of every recipe.
struct DataOptions {
  std::int64_t seed = 1;
  int fps = 8;
  FieldList fields() {
    return {{"seed", "of the world's scenes", &seed, {0, 9e15}}, {"fps", "frames per second", &fps, {1, 240}}};
  }
  data::WorldSource source() const {
    return {static_cast<std::uint64_t>(seed), world::Split::train, Rational{fps, 1}};
  }
};

// Takes one table out of the recipe; what remains at the end is unknown.
template <class Options>
Options take(json& recipe, const std::string& table, const std::string& where) {
  Options options;
  if (recipe.contains(table)) read_fields(options.fields(), recipe[table], where + " [" + table + "]");
  recipe.erase(table);
  return options;
}

std::vector<data::Bucket> take_buckets(json& recipe, const std::string& where) {
  std::vector<data::Bucket> buckets;
  require(recipe.contains("bucket") && recipe["bucket"].is_array(), where, "expected [[bucket]] tables but got {}", "none");
  for (const json& table : recipe["bucket"]) read_fields(buckets.emplace_back().fields(), table, where + " [[bucket]]");
  recipe.erase("bucket");
  return buckets;
}

MakeTask autoencoder(json& recipe, const Recipe& head, const std::string& where) {
  auto config = take<model::WanVaeConfig>(recipe, "vae", where);
  auto options = take<AutoencoderOptions>(recipe, "autoencoder", where);
  const auto source = take<DataOptions>(recipe, "data", where).source();
  const auto seed = static_cast<std::uint64_t>(head.loop.seed);
  return [=, initial = head.top.initial](const RunPlaces&, at::Device device) {
    const std::filesystem::path folder = initial.empty() ? "" : std::filesystem::path(initial) / "vae";
    return std::make_unique<AutoencoderTask>(config, options, source, seed, device, folder);
  };
}

MakeTask transformer(json& recipe, const Recipe& head, const std::string& where) {
  auto config = take<model::WanTransformerConfig>(recipe, "transformer", where);
  auto text = take<model::Umt5Config>(recipe, "text_encoder", where);
  auto options = take<TransformerOptions>(recipe, "flow", where);
  auto density = take<diffusion::DensityOptions>(recipe, "density", where);
  const auto source = take<DataOptions>(recipe, "data", where).source();
  auto buckets = take_buckets(recipe, where);
  const auto seed = static_cast<std::uint64_t>(head.loop.seed);
  return [=, initial = head.top.initial](const RunPlaces& places, at::Device device) {
    return std::make_unique<TransformerTask>(config, text, options, density, buckets, source,
                                             TransformerInputs{places.model_folder, places.latent_folder, initial}, seed,
                                             device);
  };
}

struct Part {
  const char* name;
  MakeTask (*read)(json& recipe, const Recipe& head, const std::string& where);
};

// Everything a recipe can train.
constexpr Part kParts[] = {{"autoencoder", autoencoder}, {"transformer", transformer}};

// What may change between a run and its continuation.
std::string digest_of(json recipe) {
  for (const char* field : {"log_every", "checkpoint_every", "keep", "preview_every"}) {
    if (recipe.contains("loop")) recipe["loop"].erase(field);
  }
  return weights::sha256(recipe.dump());
}

}  // namespace

FieldList RecipeOptions::fields() {
  return {{"part", "autoencoder or transformer", &part},
          {"model", "name of the model folder", &model},
          {"initial", "model folder to start from", &initial}};
}

Recipe read_recipe(const std::filesystem::path& path) {
  json file = read_toml(path);
  const std::string where = path.filename().string();
  Recipe recipe;
  recipe.digest = digest_of(file);
  recipe.loop = take<LoopOptions>(file, "loop", where);
  recipe.optimizer = take<OptimizerOptions>(file, "optimizer", where);
  json top = json::object();
  for (const Field& field : recipe.top.fields()) {
    if (file.contains(field.name)) top[field.name] = file[field.name], file.erase(field.name);
  }
  read_fields(recipe.top.fields(), top, where);
  std::vector<std::string> known;
  for (const Part& part : kParts) {
    known.push_back(part.name);
    if (recipe.top.part == part.name) recipe.make_task = part.read(file, recipe, where);
  }
  if (!recipe.make_task) throw_unknown(where + " part", recipe.top.part, known);
  require(file.empty(), where, "expected no other entries but got '{}'", file.empty() ? "" : file.begin().key());
  return recipe;
}

}  // namespace hotshot::training
