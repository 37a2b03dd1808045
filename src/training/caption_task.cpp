#include "training/caption_task.h"

#include <ATen/ATen.h>

#include "data/world_attributes.h"
#include "training/attribute_loss.h"
#include "training/autoencoder_task.h"

namespace hotshot::training {

FieldList CaptionTaskOptions::fields() {
  return {{"batch", "captions of a step", &batch, {1, 4096}},
          {"max_tokens", "of a caption", &max_tokens, {1, 512}},
          {"dtype", "bf16 or fp32", &dtype}};
}

CaptionTask::Heads::Heads(std::int64_t width) {
  for (const data::WorldAttribute& attribute : data::world_attributes()) {
    const std::string& name = names_.emplace_back(attribute.name);
    const auto classes = static_cast<std::int64_t>(attribute.classes.size());
    add_child(name, heads_.emplace_back(nn::LinearOptions{.in = width, .out = classes, .hidden = false}));
  }
}

std::vector<at::Tensor> CaptionTask::Heads::operator()(const at::Tensor& x_bd) const {
  std::vector<at::Tensor> logits_bk;
  for (const nn::Linear& head : heads_) logits_bk.push_back(head(x_bd));
  return logits_bk;
}

CaptionTask::CaptionTask(model::Umt5Config config, CaptionTaskOptions options, data::WorldSource source,
                         const std::filesystem::path& model_folder, const std::filesystem::path& initial,
                         std::uint64_t seed, at::Device device)
    : options_(std::move(options)),
      source_(source),
      captions_(std::move(config), {.caption_dropout = 0, .max_tokens = options_.max_tokens}, /*text_len=*/0,
                model_folder, initial, seed, device),
      heads_(captions_.network().config().d_model),
      device_(device) {
  compute_dtype(options_.dtype, "train");
  heads_.initialize(seed + 1);
  heads_.to(device, at::kFloat);
  heads_.requires_grad(true);
  captions_.network().requires_grad(true);
}

std::vector<nn::NamedParameter> CaptionTask::parameters() {
  std::vector<nn::NamedParameter> all;
  for (const auto& [name, parameter] : captions_.network().parameters()) {
    all.push_back({"text_encoder." + name, parameter});
  }
  for (const auto& [name, parameter] : heads_.parameters()) all.push_back({"heads." + name, parameter});
  return all;
}

MicroBatches CaptionTask::micro_batches(std::int64_t step, int count) {
  std::vector<std::string> captions;
  std::vector<std::int64_t> answers;
  for (int i = 0; i < options_.batch; ++i) {
    const auto scene =
        static_cast<std::uint64_t>(step) * static_cast<std::uint64_t>(options_.batch) + static_cast<std::uint64_t>(i);
    captions.push_back(source_.caption(scene, scene));
    // Of a clip, of which all can be asked.
    for (int answer : data::world_answers(world::sample_scene(source_.seed, scene, source_.split), /*frames=*/2)) {
      answers.push_back(answer);
    }
  }
  const at::Tensor answers_ba = at::tensor(answers, at::kLong).view({options_.batch, -1});
  return cut_batch(options_.batch, count, [&](std::int64_t first, std::int64_t last) {
    return [this, part = std::vector<std::string>(captions.begin() + first, captions.begin() + last),
            a = answers_ba.slice(0, first, last).to(device_)] { return loss(part, a); };
  });
}

Loss CaptionTask::loss(const std::vector<std::string>& captions, const at::Tensor& answers_ba) const {
  const model::TextContext context = captions_(captions, compute_dtype(options_.dtype, "train"));
  return attribute_loss(heads_.names(), heads_(model::mean_of_tokens(context)), answers_ba);
}

void CaptionTask::export_parts(const std::filesystem::path& model_folder) { captions_.save(model_folder); }

}  // namespace hotshot::training
