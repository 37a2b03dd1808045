#include "pipeline/image_run.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "diffusion/guidance.h"
#include "model/kl_vae.h"
#include "model/unet.h"
#include "pipeline/clip_prompt.h"
#include "pipeline/control_network.h"
#include "pipeline/footage.h"
#include "pipeline/frame_windows.h"
#include "pipeline/lora_weights.h"
#include "pipeline/pictures.h"
#include "pipeline/request.h"
#include "pipeline/stages.h"

namespace hotshot::pipeline {
namespace {

/// The texts of a plan.
class Texts {
 public:
  Texts(const ModelFolder& folder, const ImageConfigs& configs, const Plan& plan, std::vector<LoraInUse>& loras)
      : configs_(configs), plan_(plan), encoder_(towers(folder, loras)) {
    for (const std::string& path : plan.settled.files.embedding) encoder_.learn(weights::read_textual_inversion(path));
  }

  model::UnetContext encode(Progress* progress) const {
    const int skip = plan_.settled.clip_skip;
    const TowerTexts prompt{plan_.prompt, plan_.prompt_2}, negative{plan_.negative, plan_.negative_2};
    const int chunks = std::max(encoder_.chunks(prompt), plan_.guided ? encoder_.chunks(negative) : 1);
    std::vector<ClipPrompt> prompts{encoder_(prompt, chunks, skip)};
    advance_or_stop(progress, 1);
    if (plan_.guided) {
      const bool zeros = negative.empty() && configs_.zero_negative;
      prompts.push_back(zeros ? encoder_.zeros(chunks) : encoder_(negative, chunks, skip));
      advance_or_stop(progress, 2);
    }
    return context_of(prompts);
  }

 private:
  std::vector<ClipTower> towers(const ModelFolder& folder, std::vector<LoraInUse>& loras) const {
    std::vector<ClipTower> result;
    for (const std::string& part : configs_.text_encoders) {
      ClipTower tower{text::ClipTokenizer::load(folder.path / (part == "text_encoder" ? "tokenizer" : "tokenizer_2")),
                      load_with_loras<model::ClipTextModel>(folder, part, loras, at::kFloat, at::kCPU)};
      result.push_back(std::move(tower));
    }
    return result;
  }

  model::UnetContext context_of(const std::vector<ClipPrompt>& prompts) const {
    const GenerateRequest& asked = plan_.settled;
    std::vector<at::Tensor> texts, pooled, sizes;
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      texts.push_back(prompts[i].text_sd);
      if (!configs_.unet.has_text_time()) continue;
      pooled.push_back(prompts[i].pooled_d);
      const bool negative = i > 0;
      const PixelSize original = said_size(negative ? asked.negative_original_size : asked.original_size,
                                           negative ? asked.original_size : "", {1920, 1080});
      const PixelSize target = said_size(negative ? asked.negative_target_size : asked.target_size,
                                         negative ? asked.target_size : "", {512, 512});
      const std::string& said = negative && !asked.negative_crop.empty() ? asked.negative_crop : asked.crop;
      const PixelSize crop = said.empty() ? PixelSize{0, 0} : parse_crop(said);
      sizes.push_back(at::tensor(size_ids(configs_.unet, original, target, crop)));
    }
    model::UnetContext context{.text_bsd = at::stack(texts)};
    if (!pooled.empty()) context.pooled_bd = at::stack(pooled), context.size_ids_bk = at::stack(sizes);
    if (configs_.unet.time_cond_proj_dim > 0) {
      context.guidance_b = at::full({static_cast<std::int64_t>(prompts.size())}, plan_.guidance, at::kFloat);
    }
    return context;
  }

  // What was said, for the negative prompt else what was said for the prompt; else what Hotshot-XL's command line says,
  // or for pictures and for models trained here their own size.
  PixelSize said_size(const std::string& said, const std::string& other, PixelSize of_clips) const {
    if (!said.empty()) return parse_pixel_size(said);
    if (!other.empty()) return parse_pixel_size(other);
    return configs_.unet.is_video() && configs_.known ? of_clips : plan_.size;
  }

  const ImageConfigs& configs_;
  const Plan& plan_;
  ClipEncoder encoder_;
};

class ImageRun : public Run {
 public:
  ImageRun(const ModelFolder& folder, const ImageConfigs& configs, const Plan& plan, model::UnetContext context,
           std::vector<LoraInUse>& loras)
      : folder_(folder), configs_(configs), plan_(plan), context_(std::move(context)) {
    read_image();
    unet_ = load_with_loras<model::Unet>(folder, "unet", loras, plan.dtype, plan.device);
    plan.quantized ? unet_->quantize() : unet_->pack();
    const LocalFiles& files = plan.settled.files;
    for (std::size_t i = 0; i < files.controlnet.size(); ++i) {
      controls_.push_back(std::make_unique<ControlNetwork>(plan, i, configs.unet));
    }
    windows_ = frame_windows(plan.frames_made, window_length(), window_overlap());
  }

  at::Tensor start(std::uint64_t seed) override {
    noise_ = initial_noise(seed, plan_.latent_shape(folder_)).to(plan_.device);
    if (!image_.defined()) return noise_ * plan_.schedule.noise_scale;
    return diffusion::noised(plan_.schedule, 0, image_, noise_);
  }

  at::Tensor answer(const at::Tensor& input, const diffusion::DenoiserCall& call) override {
    return blend_windows(input, windows_, [&](const at::Tensor& x, const FrameWindow& window) {
      if (!plan_.guided) return predict(x, window, call, 0, 1);
      if (!plan_.settled.low_memory) {
        const at::Tensor both = predict(x, window, call, 0, 2).to(at::kFloat);
        return guided(both.narrow(0, 0, 1), both.narrow(0, 1, 1));
      }
      return guided(predict(x, window, call, 0, 1).to(at::kFloat), predict(x, window, call, 1, 1).to(at::kFloat));
    });
  }

  // What the mask keeps is put back at the noise of the next step (Lugmayr et al. 2022, "RePaint", eq. 8).
  void after_step(const diffusion::StepResult& step) override {
    if (!mask_.defined() || fills_in()) return;
    const at::Tensor kept = diffusion::noised(plan_.schedule, step.done, image_, noise_);
    at::Tensor latents = step.latents;
    latents.copy_(latents * mask_ + kept.to(latents.scalar_type()) * (1 - mask_));
  }

  Frames preview(const at::Tensor& x0) override {
    const at::Tensor one = x0.narrow(2, 0, 1).squeeze(2);
    return decode_pictures(vae(), one, plan_.dtype, plan_.settled.low_memory, nullptr).frames;
  }
  void finish_sampling() override {
    unet_.reset();
    controls_.clear();
    vae();
  }
  Frames decode(const at::Tensor& latents, Progress* progress) override {
    const at::Tensor pictures = latents[0].transpose(0, 1);
    DecodedPictures decoded = decode_pictures(vae(), pictures, plan_.dtype, plan_.settled.low_memory, progress);
    if (decoded.retried) warn("the decoder's numbers overflowed; it was run again in fp32");
    if (decoded.black) warn("every frame is black: the model's answer was not finite or the settings do not fit it");
    return std::move(decoded.frames);
  }
  std::int64_t decode_pieces(const at::Tensor& latents) const override { return latents.size(2); }
  std::vector<std::string> warnings() override { return std::exchange(warnings_, {}); }

  void warn(std::string text) { warnings_.push_back(std::move(text)); }

 private:
  bool fills_in() const { return configs_.unet.in_channels > configs_.vae.latent_channels; }

  std::int64_t window_length() const {
    return plan_.settled.window > 0 ? plan_.settled.window
                                    : std::min<std::int64_t>(longest_window(configs_.unet), 1000);
  }
  std::int64_t window_overlap() const {
    return plan_.settled.overlap > 0 ? plan_.settled.overlap : window_length() / 4;
  }

  at::Tensor guided(const at::Tensor& prompt, const at::Tensor& negative) const {
    return diffusion::guide(prompt, negative, plan_.guidance, plan_.settled.rescale);
  }

  // The network's answer for rows of the context: the prompt's is 0, and with guidance the negative prompt's 1.
  at::Tensor predict(const at::Tensor& x, const FrameWindow& window, const diffusion::DenoiserCall& call,
                     std::int64_t first, std::int64_t rows) const {
    const at::NoGradGuard no_grad;
    const auto repeated = [&](const at::Tensor& one) { return one.expand({rows, -1, -1, -1, -1}).to(plan_.dtype); };
    const at::Tensor timestep_b = at::full({rows}, call.timestep, x.options().dtype(at::kFloat));
    model::UnetContext context = context_.narrow(first, rows);
    context.text_bsd = context.text_bsd.to(plan_.device, plan_.dtype);
    at::Tensor latents = repeated(x);
    std::optional<model::ControlResiduals> control;
    for (const auto& network : controls_) {
      if (!network->acts(call.step, plan_.steps(), first)) continue;
      model::ControlResiduals one = network->residuals(latents, timestep_b, context, window);
      if (control) {
        control->add(one);
      } else {
        control = std::move(one);
      }
    }
    if (fills_in()) {
      const at::Tensor more = masked_.narrow(2, window.begin, window.count);
      latents = at::cat({latents, repeated(more)}, 1);
    }
    return (*unet_)(latents, timestep_b, context, control ? &*control : nullptr);
  }

  // Latents of the image that is started from; for networks that fill in, also of what its mask leaves.
  void read_image() {
    const LocalFiles& files = plan_.settled.files;
    if (files.image.empty()) return;
    const at::Tensor video = unit_values(read_footage(files.image, plan_.size, plan_.frames_made, plan_.fps)) * 2 - 1;
    if (!files.mask.empty()) mask_ = read_mask(files.mask, plan_.size, configs_.vae.scale_factor()).to(plan_.device);
    image_ = encode_pictures(vae(), video, plan_.dtype, plan_.settled.low_memory);
    if (!fills_in()) return;
    const std::int64_t factor = configs_.vae.scale_factor();
    const at::Tensor hole = mask_.repeat_interleave(factor, 3).repeat_interleave(factor, 4).cpu();
    const at::Tensor rest = encode_pictures(vae(), video * (1 - hole), plan_.dtype, plan_.settled.low_memory);
    masked_ = at::cat({mask_.expand({1, 1, plan_.frames_made, -1, -1}), rest}, 1);
  }

  const model::KlVae& vae() {
    if (!vae_) vae_ = load_network<model::KlVae>(folder_, "vae", plan_.dtype, plan_.device);
    return *vae_;
  }

  const ModelFolder& folder_;
  const ImageConfigs& configs_;
  const Plan& plan_;
  model::UnetContext context_;
  std::unique_ptr<model::Unet> unet_;
  std::unique_ptr<model::KlVae> vae_;
  std::vector<std::unique_ptr<ControlNetwork>> controls_;
  std::vector<FrameWindow> windows_;
  at::Tensor noise_, image_, mask_, masked_;
  std::vector<std::string> warnings_;
};

}  // namespace

std::unique_ptr<Run> begin_image_run(const ModelFolder& folder, const ImageConfigs& configs, const Plan& plan,
                                     Progress* progress) {
  const at::NoGradGuard no_grad;
  std::vector<LoraInUse> loras = read_loras(plan.settled.files.lora);
  begin_phase(progress, "loading", 1);
  model::UnetContext context;
  {
    const Texts texts(folder, configs, plan, loras);
    begin_phase(progress, "encoding", plan.guided ? 2 : 1);
    context = texts.encode(progress);
  }
  begin_phase(progress, "loading", 1);
  auto run = std::make_unique<ImageRun>(folder, configs, plan, std::move(context), loras);
  for (const LoraInUse& use : loras) {
    require(use.merged > 0, "lora", "expected one for {} but none of the layers of '{}' is in it", folder.name,
            use.lora.name);
  }
  for (std::string& line : unmatched_lines(loras)) run->warn(std::move(line));
  return run;
}

}  // namespace hotshot::pipeline
