#include "training/recipe.h"

#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/error.h"
#include "training/autoencoder_task.h"
#include "training/judge_task.h"
#include "training/transformer_task.h"

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
  data::WorldSource source() const { return {static_cast<std::uint64_t>(seed), world::Split::train, Rational{fps, 1}}; }
};

// A recipe whose tables are taken out one by one; what remains at the end is unknown.
class Tables {
 public:
  Tables(json file, std::string where) : file_(std::move(file)), where_(std::move(where)) {}

  /// The fields at the top, outside of any table.
  void take_top(const FieldList& fields) {
    json top = json::object();
    for (const Field& field : fields) {
      known_.push_back(field.name);
      if (file_.contains(field.name)) top[field.name] = file_[field.name], file_.erase(field.name);
    }
    read_fields(fields, top, where_);
  }
  template <class Options>
  Options take(const std::string& table) {
    Options options;
    known_.push_back("[" + table + "]");
    if (file_.contains(table)) read_fields(options.fields(), file_[table], where_ + " [" + table + "]");
    file_.erase(table);
    return options;
  }
  std::vector<data::Bucket> take_buckets() {
    known_.push_back("[[bucket]]");
    const json tables = file_.value("bucket", json());
    require(tables.is_array() && !tables.empty(), where_, "expected [[bucket]] tables but got {}",
            tables.is_null() ? "none" : shown(tables));
    std::vector<data::Bucket> buckets(tables.size());
    for (std::size_t i = 0; i < buckets.size(); ++i)
      read_fields(buckets[i].fields(), tables[i], where_ + " [[bucket]]");
    file_.erase("bucket");
    return buckets;
  }
  void expect_empty() const {
    if (!file_.empty()) throw_unknown(where_, file_.begin().key(), known_);
  }
  const std::string& where() const { return where_; }

 private:
  json file_;
  std::string where_;
  std::vector<std::string> known_;
};

MakeTask autoencoder(Tables& recipe, const Recipe& head) {
  auto config = recipe.take<model::WanVaeConfig>("vae");
  auto options = recipe.take<AutoencoderOptions>("autoencoder");
  const auto source = recipe.take<DataOptions>("data").source();
  const auto seed = static_cast<std::uint64_t>(head.loop.seed);
  return [=, initial = head.top.initial](const RunPlaces& places, at::Device device) {
    const std::filesystem::path folder = initial.empty() ? "" : places.model_folder / initial / "vae";
    return std::make_unique<AutoencoderTask>(config, options, source, seed, device, folder);
  };
}

MakeTask transformer(Tables& recipe, const Recipe& head) {
  auto config = recipe.take<model::WanTransformerConfig>("transformer");
  auto text = recipe.take<model::Umt5Config>("text_encoder");
  auto options = recipe.take<TransformerOptions>("flow");
  auto density = recipe.take<diffusion::DensityOptions>("density");
  const auto source = recipe.take<DataOptions>("data").source();
  auto buckets = recipe.take_buckets();
  const auto seed = static_cast<std::uint64_t>(head.loop.seed);
  return [=, initial = head.top.initial](const RunPlaces& places, at::Device device) {
    return std::make_unique<TransformerTask>(config, text, options, density, buckets, source,
                                             TransformerInputs{places.model_folder, places.latent_folder,
                                                               initial.empty() ? "" : places.model_folder / initial},
                                             seed, device);
  };
}

MakeTask judge(Tables& recipe, const Recipe& head) {
  auto config = recipe.take<model::ClipClassifierConfig>("judge");
  auto options = recipe.take<JudgeOptions>("judging");
  const auto world_seed = static_cast<std::uint64_t>(recipe.take<DataOptions>("data").seed);
  auto buckets = recipe.take_buckets();
  const auto seed = static_cast<std::uint64_t>(head.loop.seed);
  return [=, initial = head.top.initial](const RunPlaces& places, at::Device device) {
    const std::filesystem::path folder = initial.empty() ? "" : places.model_folder / initial / "judge";
    return std::make_unique<JudgeTask>(config, options, buckets, world_seed, seed, device, folder);
  };
}

struct Part {
  const char* name;
  MakeTask (*read)(Tables& recipe, const Recipe& head);
};

// Everything a recipe can train.
constexpr Part kParts[] = {{"autoencoder", autoencoder}, {"transformer", transformer}, {"judge", judge}};

// What may change between a run and its continuation.
std::string digest_of(json recipe) {
  for (const char* field : {"log_every", "checkpoint_every", "keep", "preview_every"}) {
    if (recipe.contains("loop")) recipe["loop"].erase(field);
  }
  return sha256_text(recipe.dump());
}

}  // namespace

FieldList RecipeOptions::fields() {
  return {{"part", "autoencoder, transformer or judge", &part},
          {"model", "name of the model folder", &model},
          {"initial", "model folder to start from, seen from the one being trained: \".\" is itself", &initial}};
}

Recipe read_recipe(const std::filesystem::path& path) {
  const json file = read_toml(path);
  Tables tables(file, path.filename().string());
  Recipe recipe;
  tables.take_top(recipe.top.fields());
  recipe.loop = tables.take<LoopOptions>("loop");
  recipe.optimizer = tables.take<OptimizerOptions>("optimizer");
  std::vector<std::string> known;
  for (const Part& part : kParts) {
    known.push_back(part.name);
    if (recipe.top.part == part.name) recipe.make_task = part.read(tables, recipe);
  }
  if (!recipe.make_task) throw_unknown(tables.where() + " part", recipe.top.part, known);
  tables.expect_empty();
  recipe.digest = digest_of(file);
  return recipe;
}

}  // namespace hotshot::training
