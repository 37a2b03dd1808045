#include "pipeline/image_family.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "base/error.h"
#include "model/clip_text.h"
#include "model/registry.h"
#include "model/temporal_transformer.h"
#include "model/unet.h"
#include "pipeline/control_network.h"
#include "pipeline/footage.h"
#include "pipeline/image_run.h"
#include "pipeline/memory.h"
#include "pipeline/parts.h"
#include "pipeline/pictures.h"
#include "pipeline/request.h"
#include "text/clip_tokenizer.h"
#include "weights/lora.h"
#include "weights/textual_inversion.h"

namespace hotshot::pipeline {
namespace {

namespace fs = std::filesystem;

// The seven sizes of Hotshot-XL's training, about 512² pixels each; the first is the default. Twice as long, they are
// among the sizes of SDXL's.
const std::vector<PixelSize> kClipSizes{{512, 512}, {672, 384}, {384, 672}, {608, 416},
                                        {416, 608}, {768, 320}, {320, 768}};

// What a call of the UNet holds beside its weights: so much, and so many tensors of the finest level for each picture.
// Fitted to the peaks that bench/model_bench measured for one and eight frames of SDXL's size (docs/benchmarks.md).
constexpr std::uint64_t kUnetFixed = 400'000'000;
constexpr std::uint64_t kUnetTensors = 40;
// Tensors of the decoder's last level that are alive together; an estimate, not measured.
constexpr std::uint64_t kVaeTensors = 6;

std::vector<PixelSize> sizes_of(const model::UnetConfig& unet, int pixels_per_latent) {
  if (unet.is_video()) return kClipSizes;
  const int side = unet.sample_size * pixels_per_latent;
  std::vector<PixelSize> sizes{{side, side}};
  constexpr int kSdxlSide = 1024;
  if (unet.has_text_time() && side == kSdxlSide) {
    for (auto size = kClipSizes.begin() + 1; size != kClipSizes.end(); ++size) {
      sizes.push_back({2 * size->width, 2 * size->height});
    }
  }
  return sizes;
}

class ImageFamily : public Family {
 public:
  explicit ImageFamily(ImageConfigs configs) : c_(std::move(configs)) {}

  Limits limits() const override {
    // Every level of the UNet but the last halves the sides.
    const int step = c_.vae.scale_factor() << (c_.unet.blocks() - 1);
    return {.size_step = step, .longest_side = 4096, .most_frames = c_.unet.is_video() ? 10'000 : 1};
  }
  int frames_made(int frames) const override { return frames; }
  int frames_shown(int trained_frames) const override { return trained_frames; }
  std::vector<std::int64_t> latent_shape(int width, int height, int frames) const override {
    const int factor = c_.vae.scale_factor();
    return {1, c_.vae.latent_channels, frames, height / factor, width / factor};
  }
  std::string latents_text() const override {
    const int factor = c_.vae.scale_factor();
    return fmt::format("{} channels, {}x{}", c_.vae.latent_channels, factor, factor);
  }

  bool guides_by_pairs() const override { return c_.unet.time_cond_proj_dim == 0; }
  void check(const ModelFolder& folder, Plan& plan) const override;
  MemoryNeed memory(const ModelFolder& folder, const Workload& work, at::ScalarType dtype) const override;
  std::unique_ptr<Run> begin(const ModelFolder& folder, const Plan& plan, Progress* progress) const override {
    return begin_image_run(folder, c_, plan, progress);
  }
  RoundTrip round_trip(const ModelFolder& folder, const Plan& plan) const override {
    const std::shared_ptr<model::KlVae> vae = load_network<model::KlVae>(folder, "vae", plan.dtype, plan.device);
    return [vae, dtype = plan.dtype, tiled = plan.settled.low_memory](const Frames& frames) {
      const at::Tensor latents = encode_pictures(*vae, unit_values(frames) * 2 - 1, dtype, tiled);
      return decode_pictures(*vae, latents[0].transpose(0, 1), dtype, tiled, nullptr).frames;
    };
  }

 private:
  void check_files(const ModelFolder& folder, Plan& plan) const;

  ImageConfigs c_;
};

void ImageFamily::check(const ModelFolder& folder, Plan& plan) const {
  const GenerateRequest& asked = plan.settled;
  check_files(folder, plan);
  require(c_.text_encoders.size() > 1 || (asked.prompt_2.empty() && asked.negative_2.empty()), "prompt_2",
          "expected none for {}, which has one text encoder", folder.name);
  if (!asked.files.image.empty()) plan.schedule = diffusion::cut_schedule(plan.schedule, asked.files.strength);
  const auto check_said = [&](const std::string& said, const char* field, auto parse) {
    if (said.empty()) return;
    require(c_.unet.has_text_time(), field, "expected none for {}, which is not told any, but got '{}'", folder.name,
            said);
    parse(said, field);
  };
  check_said(asked.original_size, "original_size", parse_pixel_size);
  check_said(asked.target_size, "target_size", parse_pixel_size);
  check_said(asked.negative_original_size, "negative_original_size", parse_pixel_size);
  check_said(asked.negative_target_size, "negative_target_size", parse_pixel_size);
  check_said(asked.crop, "crop", parse_crop);
  check_said(asked.negative_crop, "negative_crop", parse_crop);
  const std::int64_t longest = longest_window(c_.unet);
  if (c_.unet.is_video()) {
    require(asked.window <= longest, "window", "expected at most {} frames but got {}", longest, asked.window);
    const std::int64_t window = asked.window > 0 ? asked.window : longest;
    require(asked.overlap < window, "overlap", "expected fewer than the window's {} frames but got {}", window,
            asked.overlap);
    if (plan.frames_made > window) {
      plan.warnings.push_back(fmt::format("{} sees {} frames at once; {} frames are made in overlapping windows",
                                          folder.name, window, plan.frames_made));
    }
  } else {
    require(asked.window == 0 && asked.overlap == 0, "window", "expected none for {}, which makes single pictures",
            folder.name);
  }
  if (!folder.scheduler.note.empty()) plan.warnings.push_back(folder.scheduler.note);
}

// Adds what ControlNets weigh to the plan's memory.
void ImageFamily::check_files(const ModelFolder& folder, Plan& plan) const {
  const LocalFiles& files = plan.settled.files;
  require(files.mask.empty() || !files.image.empty(), "mask", "expected an image for the mask but got {}", "none");
  require(c_.unet.in_channels == c_.vae.latent_channels || !files.mask.empty(), "mask",
          "expected an image and a mask for {}, which fills in what is masked", folder.name);
  require(files.controlnet.size() == files.control.size(), "control",
          "expected a control picture for each of {} ControlNets but got {}", files.controlnet.size(),
          files.control.size());
  for (const std::vector<double>* list : {&files.control_scale, &files.control_start, &files.control_end}) {
    require(list->size() <= files.controlnet.size(), "control",
            "expected at most one scale, start and end for each of {} ControlNets but got {}", files.controlnet.size(),
            list->size());
  }
  const std::vector<std::string> edges{"none", "canny", "soft"};
  for (const std::string& kind : files.control_edges) {
    if (std::find(edges.begin(), edges.end(), kind) == edges.end()) throw_unknown("control_edges", kind, edges);
  }
  if (!files.image.empty()) check_footage(files.image, plan.frames_made);
  if (!files.mask.empty()) check_footage(files.mask, 1);
  for (const std::string& path : files.control) check_footage(path, plan.frames_made);
  for (const std::string& path : files.controlnet) {
    plan.memory.sampling += check_control_network(path, c_.unet) * c10::elementSize(plan.dtype);
  }
  for (const std::string& choice : files.lora) {
    const weights::Lora lora = weights::read_lora(parse_lora_choice(choice).path);
    if (c_.known) weights::require_family(lora, *c_.known);
  }
  for (const std::string& path : files.embedding) weights::read_textual_inversion(path);
}

MemoryNeed ImageFamily::memory(const ModelFolder& folder, const Workload& work, at::ScalarType dtype) const {
  const std::vector<std::int64_t> shape = latent_shape(work.width, work.height, work.frames);
  const auto pixels = static_cast<std::uint64_t>(work.width) * static_cast<std::uint64_t>(work.height);
  const auto places = static_cast<std::uint64_t>(shape[3] * shape[4]);
  const auto tile = static_cast<std::uint64_t>(c_.vae.tile_latents() * c_.vae.scale_factor());
  const std::uint64_t decoded = work.low_memory ? std::min(pixels, tile * tile) : pixels;
  const std::int64_t window = work.window > 0 ? work.window : longest_window(c_.unet);
  const auto frames = static_cast<std::uint64_t>(std::min<std::int64_t>(work.frames, window));
  const std::uint64_t size = c10::elementSize(dtype), rows = work.guided ? 2 : 1;
  const std::uint64_t latent = 4 * places * static_cast<std::uint64_t>(shape[1] * shape[2]);
  std::uint64_t encoders = 0;
  for (const std::string& part : c_.text_encoders) encoders += weight_bytes(folder.part(part), at::kFloat);
  return {.encoding = encoders,
          .sampling = weight_bytes(folder.part("unet"), dtype) + kUnetFixed +
                      rows * frames * places * static_cast<std::uint64_t>(c_.unet.channels(0)) * size * kUnetTensors,
          .decoding = weight_bytes(folder.part("vae"), dtype) +
                      decoded * static_cast<std::uint64_t>(2 * c_.vae.block_out_channels.front()) * size * kVaeTensors,
          .result = latent * work.count + 2 * 3 * pixels * work.frames};
}

// Text encoders in order, with what they are called: one, or two of which the second projects.
std::vector<std::string> open_text_encoders(ModelFolder& folder, const nlohmann::json& index,
                                            std::vector<model::ClipTextConfig>& configs) {
  std::vector<std::string> names;
  for (const char* part : {"text_encoder", "text_encoder_2"}) {
    if (!names_part(index, part)) continue;
    configs.push_back(take_part<model::ClipTextModel>(folder, index, part));
    const fs::path tokenizer = folder.path / (names.empty() ? "tokenizer" : "tokenizer_2");
    const int words = text::ClipTokenizer::load(tokenizer).size();
    require(words <= configs.back().vocab_size, folder.path.string(),
            "expected a tokenizer of at most {} pieces, the vocab_size of {}, but got {}", configs.back().vocab_size,
            part, words);
    names.emplace_back(part);
  }
  require(!names.empty(), folder.path.string(), "expected a part '{}' but there is none", "text_encoder");
  return names;
}

void check_parts_fit(const ImageConfigs& c, const std::vector<model::ClipTextConfig>& encoders,
                     const std::string& where) {
  std::int64_t width = 0;
  for (const auto& encoder : encoders) width += encoder.hidden_size;
  require(c.unet.text_width() == width, where, "expected a unet for text of width {}, as the encoders have, but got {}",
          width, c.unet.text_width());
  const int latents = c.vae.latent_channels;
  require(c.unet.out_channels == latents, where, "expected a unet of {} latent channels, as the vae has, but got {}",
          latents, c.unet.out_channels);
  require(c.unet.in_channels == latents || c.unet.in_channels == 2 * latents + 1, where,
          "expected a unet of {} channels in, or {} for inpainting, but got {}", latents, 2 * latents + 1,
          c.unet.in_channels);
  require(!c.unet.has_text_time() || encoders.size() == 2, where,
          "expected two text encoders for a unet that is told a pooled text but got {}", encoders.size());
}

const weights::Family* family_of(const ModelFolder& folder) {
  const auto& network = model::find_network_class(folder.part("unet").class_name, "unet", folder.path.string());
  return weights::family_of_unet(weights::layout_of(model::read_tensors(network, folder.path / "unet")));
}

}  // namespace

std::shared_ptr<const Family> open_image_model(ModelFolder& folder, const nlohmann::json& index) {
  ImageConfigs c;
  std::vector<model::ClipTextConfig> encoders;
  c.text_encoders = open_text_encoders(folder, index, encoders);
  c.unet = take_part<model::Unet>(folder, index, "unet");
  c.vae = take_part<model::KlVae>(folder, index, "vae");
  c.zero_negative = index.value("force_zeros_for_empty_prompt", c.unet.has_text_time());
  c.known = family_of(folder);
  check_parts_fit(c, encoders, folder.path.string());
  require(std::holds_alternative<diffusion::DiscreteScheduleOptions>(folder.scheduler.schedule), "scheduler_config",
          "expected discrete noise levels for {} but got flow sigmas", folder.name);
  folder.trained = {.frames = c.unet.is_video() ? 8 : 1,
                    .fps = 8,
                    .sizes = sizes_of(c.unet, c.vae.scale_factor()),
                    .steps = 30,
                    .guidance = c.unet.has_text_time() ? 5.0 : 7.5};
  return std::make_shared<ImageFamily>(std::move(c));
}

std::int64_t longest_window(const model::UnetConfig& unet) {
  return unet.is_video() ? model::kTemporalPositions : std::numeric_limits<std::int64_t>::max();
}

std::vector<float> size_ids(const model::UnetConfig& unet, PixelSize original, PixelSize target, PixelSize crop) {
  const auto pair = [&](PixelSize size) {
    const auto width = static_cast<float>(size.width), height = static_cast<float>(size.height);
    return unet.is_video() ? std::pair(width, height) : std::pair(height, width);
  };
  const auto [a, b] = pair(original);
  const auto [c, d] = pair(target);
  const auto [e, f] = pair(crop);
  return {a, b, e, f, c, d};
}

}  // namespace hotshot::pipeline
