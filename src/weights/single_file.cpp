// Single-file checkpoints: all parts in one file, told apart by the beginnings of their names.
#include <array>

#include "base/error.h"
#include "weights/image_model.h"
#include "weights/names.h"
#include "weights/network_names.h"

namespace hotshot::weights {
namespace {

constexpr std::string_view kUnetPrefix = "model.diffusion_model.";

// What files hold besides the networks. A name that ends in '.' stands for all that begin with it.
struct Leftover {
  std::string_view name;
  std::string_view what;
};

constexpr std::string_view kSchedule = "the noise schedule, which is computed here";
constexpr std::string_view kClipTraining = "used in CLIP's training only";
constexpr std::string_view kAverages = "averaged weights of training; the plain ones are used";
constexpr std::string_view kMark = "a mark of the prediction type";

constexpr auto kLeftovers = std::to_array<Leftover>({
    {"model_ema.", kAverages},
    {"betas", kSchedule},
    {"alphas_cumprod", kSchedule},
    {"alphas_cumprod_prev", kSchedule},
    {"sqrt_alphas_cumprod", kSchedule},
    {"sqrt_one_minus_alphas_cumprod", kSchedule},
    {"log_one_minus_alphas_cumprod", kSchedule},
    {"sqrt_recip_alphas_cumprod", kSchedule},
    {"sqrt_recipm1_alphas_cumprod", kSchedule},
    {"posterior_variance", kSchedule},
    {"posterior_log_variance_clipped", kSchedule},
    {"posterior_mean_coef1", kSchedule},
    {"posterior_mean_coef2", kSchedule},
    {"logvar", kSchedule},
    {"denoiser.sigmas", kSchedule},
    {"model_sampling.sigmas", kSchedule},
    {"cond_stage_model.logit_scale", kClipTraining},
    {"cond_stage_model.text_projection", kClipTraining},
    {"cond_stage_model.transformer.text_projection.weight", kClipTraining},
    {"conditioner.embedders.0.logit_scale", kClipTraining},
    {"conditioner.embedders.0.text_projection", kClipTraining},
    {"conditioner.embedders.0.transformer.text_projection.weight", kClipTraining},
    {"v_pred", kMark},
    {"ztsnr", kMark},
});

const Leftover* find_leftover(std::string_view name) {
  for (const Leftover& leftover : kLeftovers)
    if (leftover.name.ends_with('.') ? name.starts_with(leftover.name) : name == leftover.name) return &leftover;
  return nullptr;
}

TensorMap take_prefix(TensorMap& tensors, std::string_view prefix) {
  TensorMap taken = with_prefix(tensors, prefix);
  std::erase_if(tensors, [&](const auto& entry) { return entry.first.starts_with(prefix); });
  return taken;
}

std::vector<std::string> take_leftovers(TensorMap& tensors) {
  std::map<std::string_view, int> counts;
  std::erase_if(tensors, [&](const auto& entry) {
    const Leftover* leftover = find_leftover(entry.first);
    if (leftover != nullptr) ++counts[leftover->what];
    return leftover != nullptr;
  });
  std::vector<std::string> lines;
  for (const auto& [what, count] : counts) lines.push_back(fmt::format("{} tensors: {}", count, what));
  return lines;
}

Prediction read_prediction(const SafetensorsFile& file) {
  const auto said = file.metadata.find("modelspec.prediction_type");
  return {.velocity = file.tensors.contains("v_pred") || (said != file.metadata.end() && said->second == "v"),
          .zero_terminal = file.tensors.contains("ztsnr")};
}

}  // namespace

ImageModel read_single_file(const std::filesystem::path& path, std::span<const Family> known) {
  const std::string where = path.filename().string();
  SafetensorsFile file = read_safetensors(path);
  const Layout unet = layout_of(unet_to_diffusers(with_prefix(file.tensors, kUnetPrefix)));
  require(!unet.empty(), where, "expected a checkpoint in the original names but no tensor begins with '{}'",
          kUnetPrefix);
  require(!file.tensors.contains("edm_mean"), where,
          "expected a model of Stable Diffusion's noise schedule but this one has its own (EDM, as Playground v2.5)");
  ImageModel model = {
      .source = where, .family = model_of_unet(unet, where, known), .prediction = read_prediction(file), .parts = {}};
  model.ignored = take_leftovers(file.tensors);
  for (const FilePart& part : model.family.file_parts) {
    TensorMap tensors = part.to_diffusers(take_prefix(file.tensors, part.prefix));
    if (!tensors.empty()) model.parts.emplace(part.part, std::move(tensors));
  }
  require_sound(model, layout_of(file.tensors));
  return model;
}

}  // namespace hotshot::weights
