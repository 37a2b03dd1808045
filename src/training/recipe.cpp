#include "training/recipe.h"

#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/error.h"
#include "training/autoencoder_task.h"
#include "training/caption_task.h"
#include "training/distillation_task.h"
#include "training/judge_task.h"
#include "training/lora_task.h"
#include "training/picture_autoencoder_task.h"
#include "training/transformer_task.h"
#include "training/unet_task.h"
#include "world/truth.h"

namespace hotshot::training {
namespace {

using nlohmann::json;
using MakeTask = std::function<std::unique_ptr<Task>(const RunPlaces&, at::Device)>;

// The [data] table of every recipe.
struct DataOptions {
  std::int64_t seed = 1;
  std::string split = "train";
  int fps = 8;
  double english_share = 0.6;
  std::string folder;
  FieldList fields() {
    return {{"seed", "of the world's scenes", &seed, {0, 9e15}},
            {"split", "of the world: train, held-out, guest or guest-away", &split},
            {"fps", "frames per second", &fps, {1, 240}},
            {"english_share", "of captions; the others are Chinese", &english_share, {0, 1}},
            {"folder", "of picture files, seen from the recipe; empty for the world", &folder}};
  }
  data::WorldSource source() const {
    return {static_cast<std::uint64_t>(seed), world::named<world::Split>(split, "recipe"), Rational{fps, 1},
            english_share};
  }
};

// A recipe whose tables are taken out one by one; what remains at the end is unknown.
class Tables {
 public:
  Tables(json file, const std::filesystem::path& path)
      : file_(std::move(file)), where_(path.filename().string()), folder_(path.parent_path()) {}

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
  /// Nothing where the recipe has no such table.
  template <class Options>
  std::optional<Options> take_if_there(const std::string& table) {
    known_.push_back("[" + table + "]");
    return file_.contains(table) ? std::optional<Options>(take<Options>(table)) : std::nullopt;
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
  /// Where the recipe lies.
  const std::filesystem::path& folder() const { return folder_; }

 private:
  json file_;
  std::string where_;
  std::filesystem::path folder_;
  std::vector<std::string> known_;
};

// Both kinds of autoencoder are read alike.
template <class Config, class Options, class AutoencoderTask>
MakeTask autoencoder(Tables& recipe, const Recipe& head) {
  auto config = recipe.take<Config>("vae");
  auto options = recipe.take<Options>("autoencoder");
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
    const auto folder = [&](const std::string& name) {
      return name.empty() ? std::filesystem::path() : places.model_folder / name;
    };
    return std::make_unique<TransformerTask>(
        config, text, options, density, buckets, source,
        TransformerInputs{places.model_folder, places.latent_folder, folder(initial),
                          folder(options.initial_text.empty() ? initial : options.initial_text)},
        seed, device);
  };
}

MakeTask distillation(Tables& recipe, const Recipe& head) {
  require(!head.top.initial.empty(), recipe.where(), "expected `initial`, a model folder with the teacher, but got {}",
          "none");
  auto options = recipe.take<DistillationOptions>("distillation");
  const auto source = recipe.take<DataOptions>("data").source();
  auto buckets = recipe.take_buckets();
  const auto seed = static_cast<std::uint64_t>(head.loop.seed);
  return [=, initial = head.top.initial](const RunPlaces& places, at::Device device) {
    const std::filesystem::path teacher = places.model_folder / initial;
    return std::make_unique<DistillationTask>(
        options, buckets, source, TransformerInputs{places.model_folder, places.latent_folder, teacher, teacher}, seed,
        device);
  };
}

MakeTask captions(Tables& recipe, const Recipe& head) {
  auto config = recipe.take<model::Umt5Config>("text_encoder");
  auto options = recipe.take<CaptionTaskOptions>("captions");
  const auto source = recipe.take<DataOptions>("data").source();
  const auto seed = static_cast<std::uint64_t>(head.loop.seed);
  return [=, initial = head.top.initial](const RunPlaces& places, at::Device device) {
    const std::filesystem::path folder = initial.empty() ? "" : places.model_folder / initial;
    return std::make_unique<CaptionTask>(config, options, source, places.model_folder, folder, seed, device);
  };
}

// The judge learns all of the world: its [data] table says of which one.
struct WorldSeed {
  std::int64_t seed = 1;
  FieldList fields() { return {{"seed", "of the world's scenes", &seed, {0, 9e15}}}; }
};

MakeTask judge(Tables& recipe, const Recipe& head) {
  auto config = recipe.take<model::ClipClassifierConfig>("judge");
  auto options = recipe.take<JudgeOptions>("judging");
  const auto world_seed = static_cast<std::uint64_t>(recipe.take<WorldSeed>("data").seed);
  auto buckets = recipe.take_buckets();
  const auto seed = static_cast<std::uint64_t>(head.loop.seed);
  return [=, initial = head.top.initial](const RunPlaces& places, at::Device device) {
    const std::filesystem::path folder = initial.empty() ? "" : places.model_folder / initial / "judge";
    return std::make_unique<JudgeTask>(config, options, buckets, world_seed, seed, device, folder);
  };
}

// The [denoising] table, which also names the step.
struct UnetOptions {
  std::string step = "spatial";
  DenoisingOptions denoising;
  FieldList fields() {
    FieldList all = denoising.fields();
    all.push_back({"step", "what learns: spatial or temporal", &step});
    return all;
  }
};

// The world, or the samples of a folder.
std::unique_ptr<data::ClipSet> clips_of(const DataOptions& data, const std::filesystem::path& recipe_folder,
                                        const std::vector<data::Bucket>& buckets, const data::PictureReader& reader) {
  if (data.folder.empty()) return std::make_unique<data::WorldClips>(data.source(), buckets);
  return std::make_unique<data::FileClips>(data::read_samples(recipe_folder / data.folder), buckets, reader);
}

ImageInputs image_inputs(const RunPlaces& places, const std::string& initial) {
  return {places.model_folder, places.latent_folder, initial.empty() ? "" : places.model_folder / initial};
}

MakeTask unet(Tables& recipe, const Recipe& head) {
  const auto options = recipe.take<UnetOptions>("denoising");
  UnetRecipe unet;
  unet.step = find_unet_step(options.step).name;
  unet.denoising = options.denoising;
  unet.unet = recipe.take_if_there<model::UnetConfig>("unet");
  for (const char* tower : {"text_encoder", "text_encoder_2"}) {
    if (auto config = recipe.take_if_there<model::ClipTextConfig>(tower)) unet.text_encoders.push_back(*config);
  }
  unet.tokenizer = recipe.take<ClipTokenizerOptions>("tokenizer");
  const auto data = recipe.take<DataOptions>("data");
  auto buckets = recipe.take_buckets();
  const auto seed = static_cast<std::uint64_t>(head.loop.seed);
  return [=, folder = recipe.folder(), initial = head.top.initial](const RunPlaces& places, at::Device device) {
    return std::make_unique<UnetTask>(unet, buckets, clips_of(data, folder, buckets, places.pictures), data.fps,
                                      image_inputs(places, initial), seed, device);
  };
}

LoraPictures lora_pictures(const LoraRecipe& lora, const DataOptions& data, const std::filesystem::path& recipe_folder,
                           const std::vector<data::Bucket>& buckets, const data::PictureReader& reader) {
  const auto pictures = [&](const std::string& folder, const std::string& prompt) {
    return std::make_unique<data::FileClips>(data::read_pictures(recipe_folder / folder, prompt), buckets, reader);
  };
  LoraPictures sets;
  if (data.folder.empty()) {
    sets.subject = std::make_unique<data::WorldClips>(data.source(), buckets);
  } else {
    sets.subject = pictures(data.folder, lora.lora.prompt);
  }
  if (!lora.prior.folder.empty()) sets.prior = pictures(lora.prior.folder, lora.prior.prompt);
  return sets;
}

MakeTask lora(Tables& recipe, const Recipe& head) {
  const LoraRecipe lora{.lora = recipe.take<LoraOptions>("lora"),
                        .prior = recipe.take<PriorOptions>("prior"),
                        .denoising = recipe.take<DenoisingOptions>("denoising")};
  lora.lora.check();
  const auto data = recipe.take<DataOptions>("data");
  auto buckets = recipe.take_buckets();
  const auto seed = static_cast<std::uint64_t>(head.loop.seed);
  return [=, folder = recipe.folder()](const RunPlaces& places, at::Device device) {
    return std::make_unique<LoraTask>(lora, buckets, lora_pictures(lora, data, folder, buckets, places.pictures),
                                      image_inputs(places, {}), places.run_folder / (lora.lora.name + ".safetensors"),
                                      seed, device);
  };
}

struct Part {
  const char* name;
  MakeTask (*read)(Tables& recipe, const Recipe& head);
  bool changes_model = true;
};

// Everything a recipe can train.
constexpr Part kParts[] = {
    {"autoencoder", autoencoder<model::WanVaeConfig, AutoencoderOptions, AutoencoderTask>},
    {"transformer", transformer},
    {"captions", captions},
    {"distillation", distillation},
    {"judge", judge},
    {"picture-autoencoder", autoencoder<model::KlVaeConfig, PictureAutoencoderOptions, PictureAutoencoderTask>},
    {"unet", unet},
    {"lora", lora, /*changes_model=*/false}};

// What may change between a run and its continuation.
std::string digest_of(json recipe) {
  for (const char* field : {"log_every", "checkpoint_every", "keep", "preview_every"}) {
    if (recipe.contains("loop")) recipe["loop"].erase(field);
  }
  return sha256_text(recipe.dump());
}

}  // namespace

FieldList RecipeOptions::fields() {
  return {{"part", "what is trained", &part},
          {"model", "name of the model folder", &model},
          {"initial", "model folder to start from, seen from the one being trained: \".\" is itself", &initial}};
}

Recipe read_recipe(const std::filesystem::path& path) {
  const json file = read_toml(path);
  Tables tables(file, path);
  Recipe recipe;
  tables.take_top(recipe.top.fields());
  recipe.loop = tables.take<LoopOptions>("loop");
  recipe.optimizer = tables.take<OptimizerOptions>("optimizer");
  std::vector<std::string> known;
  for (const Part& part : kParts) {
    known.push_back(part.name);
    if (recipe.top.part != part.name) continue;
    recipe.make_task = part.read(tables, recipe);
    recipe.changes_model = part.changes_model;
  }
  if (!recipe.make_task) throw_unknown(tables.where() + " part", recipe.top.part, known);
  tables.expect_empty();
  recipe.digest = digest_of(file);
  return recipe;
}

}  // namespace hotshot::training
