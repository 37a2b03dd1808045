#include "training/distillation_task.h"

#include <ATen/ATen.h>

#include <iterator>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/random.h"
#include "diffusion/density.h"
#include "diffusion/path.h"
#include "model/part.h"
#include "model/registry.h"
#include "training/autoencoder_task.h"
#include "training/flow_preview.h"
#include "weights/digest.h"

namespace hotshot::training {
namespace {

// The config of a part of a model folder, as a network of the class that it names reads it, else of class `name`.
template <class Network>
auto config_of(const std::string& name, std::string_view part, const std::filesystem::path& model_folder) {
  const auto path = model_folder / part / "config.json";
  const nlohmann::json config = read_json(path);
  require(config.is_object(), path.string(), "expected a JSON object but got {}", config.type_name());
  return model::build_network<Network>(config.value("_class_name", name), part, config, path.string())->config();
}

// Whether the index of a model says that it goes on from given frames.
bool goes_on(const std::filesystem::path& model_folder) {
  const auto path = model_folder / "model_index.json";
  if (!std::filesystem::exists(path)) return false;
  const nlohmann::json index = read_json(path);
  return index.is_object() && index.value("expand_timesteps", nlohmann::json(false)) == true;
}

at::Tensor along(const at::Tensor& value_b) { return value_b.view({-1, 1, 1, 1, 1}); }

// The midpoint rule from `from_b` to `to_b` in equal steps.
template <class Velocity>
at::Tensor integrated(at::Tensor x, const at::Tensor& from_b, const at::Tensor& to_b, int steps,
                      const Velocity& velocity) {
  const at::Tensor step_b = (to_b - from_b) / steps;
  for (int i = 0; i < steps; ++i) {
    const at::Tensor sigma_b = from_b + i * step_b;
    const at::Tensor middle = x + along(step_b / 2) * velocity(x, sigma_b);
    x = x + along(step_b) * velocity(middle, sigma_b + step_b / 2);
  }
  return x;
}

}  // namespace

FieldList DistillationOptions::fields() {
  FieldList all = captions.fields();
  const FieldList own{{"windows", "of noise levels, one for each of the student's steps", &windows, {1, 1000}},
                      {"teacher_steps", "of the midpoint rule within a window", &teacher_steps, {1, 1000}},
                      {"guidance", "of the teacher, which becomes part of the student", &guidance, {0, 50}},
                      {"shift", "of the noise levels between windows", &shift, {0.01, 100}},
                      {"first_share", "of samples at the beginning of their window", &first_share, {0, 1}},
                      {"dtype", "bf16 or fp32", &dtype},
                      {"preview_prompts", "what previews show", &preview_prompts}};
  std::copy(own.begin(), own.end(), std::back_inserter(all));
  return all;
}

DistillationTask::DistillationTask(DistillationOptions options, std::vector<data::Bucket> buckets,
                                   data::WorldSource source, const TransformerInputs& inputs, std::uint64_t seed,
                                   at::Device device)
    : options_(std::move(options)),
      teacher_(config_of<model::WanTransformer>("WanTransformer3DModel", "transformer", inputs.initial)),
      student_(teacher_.config()),
      clips_({inputs.model_folder, inputs.latent_folder}, std::move(buckets), teacher_.config().patch_size, source,
             seed,
             /*with_cover=*/false, device),
      captions_(config_of<model::Umt5Encoder>("UMT5EncoderModel", "text_encoder", inputs.initial_text),
                options_.captions, teacher_.config().text_len, inputs.model_folder, inputs.initial_text, seed, device),
      teacher_digest_(weights::folder_digest(inputs.initial / "transformer")),
      continues_(goes_on(inputs.initial)),
      ends_(diffusion::flow_schedule(options_.windows, {.shift = options_.shift})),
      seed_(seed),
      device_(device) {
  const at::ScalarType dtype = compute_dtype(options_.dtype, "train");
  require(!std::filesystem::equivalent(inputs.initial, inputs.model_folder), "train",
          "expected the teacher in another folder than the student's but both are {}", inputs.initial.string());
  model::load_parameters(teacher_, inputs.initial / "transformer");
  model::load_parameters(student_, inputs.initial / "transformer");
  teacher_.to(device, dtype);
  student_.to(device, at::kFloat);
  student_.requires_grad(true);
}

FlowSampling DistillationTask::sampling() const {
  return {
      .steps = options_.windows, .guidance = 1, .shift = options_.shift, .solver_order = 1, .continues = continues_};
}

DistillationTask::Lesson DistillationTask::lesson(const ClipBatch& clips, std::int64_t step, std::int64_t first) const {
  const at::NoGradGuard no_grad;
  const at::ScalarType dtype = compute_dtype(options_.dtype, "train");
  std::vector<float> from, to, at, time;
  at::Tensor eps = at::empty(clips.latents_bcthw.sizes(), at::kFloat);
  const std::int64_t values = eps[0].numel();
  for (std::int64_t i = 0; i < clips.size(); ++i) {
    Random random(seed_ + static_cast<std::uint64_t>(step), "lesson-" + std::to_string(first + i));
    const std::size_t window = random.below(static_cast<std::uint32_t>(options_.windows));
    const auto high = static_cast<float>(ends_.sigmas[window]), low = static_cast<float>(ends_.sigmas[window + 1]);
    const bool at_first = random.chance(static_cast<float>(options_.first_share));
    const float down = random.uniform();
    from.push_back(high), to.push_back(low), at.push_back(at_first ? high : high + down * (low - high));
    // Samplers tell whole timesteps.
    time.push_back(at_first ? static_cast<float>(ends_.timesteps[window])
                            : static_cast<float>(ends_.timestep_of(at.back())));
    Random(seed_ + static_cast<std::uint64_t>(step), "lesson-noise-" + std::to_string(first + i))
        .fill_normal(eps.data_ptr<float>() + i * values, static_cast<std::size_t>(values));
  }
  const auto tensor = [&](const std::vector<float>& list) { return at::tensor(list, at::kFloat).to(device_); };
  const at::Tensor from_b = tensor(from), to_b = tensor(to), at_b = tensor(at);

  const model::TextContext text = captions_(clips.captions, dtype);
  std::vector<std::string> pairs = clips.captions;
  pairs.resize(2 * pairs.size());
  const model::TextContext guided = options_.guidance == 1 ? text : captions_(pairs, dtype);
  const at::Tensor start = diffusion::mix(clips.latents_bcthw, eps.to(device_), from_b);
  const at::Tensor end =
      integrated(start, from_b, to_b, options_.teacher_steps, [&](const at::Tensor& x, const at::Tensor& sigma_b) {
        return guided_velocity(teacher_, x, diffusion::timesteps_of(sigma_b), guided, options_.guidance, dtype);
      });
  const at::Tensor line = (end - start) / along(to_b - from_b);
  return {start + along(at_b - from_b) * line, at_b, tensor(time), line, text};
}

MicroBatches DistillationTask::micro_batches(std::int64_t step, int count) {
  const ClipBatch whole = clips(step);
  return cut_batch(whole.size(), count, [&](std::int64_t first, std::int64_t last) {
    return [this, step, first, part = whole.narrow(first, last)] { return loss(lesson(part, step, first)); };
  });
}

Loss DistillationTask::loss(const Lesson& lesson) const {
  const at::ScalarType dtype = compute_dtype(options_.dtype, "train");
  const at::Tensor predicted = student_(lesson.input_bcthw.to(dtype), lesson.time_b, lesson.text);
  Loss loss;
  loss.value = (predicted.to(at::kFloat) - lesson.velocity_bcthw).square().mean();
  loss.samples = lesson.sigma_b.size(0);
  loss.extra[lesson.input_bcthw.size(2) == 1 ? "loss_picture" : "loss_clip"] = loss.value.item<double>();
  return loss;
}

std::vector<Clip> DistillationTask::preview() {
  return preview_clips(options_.preview_prompts, sampling(), student_, captions_, clips_,
                       compute_dtype(options_.dtype, "train"), device_);
}

void DistillationTask::export_parts(const std::filesystem::path& model_folder) {
  model::save_part(student_, student_.config().to_json(), model_folder / "transformer", "diffusion_pytorch_model",
                   at::kBFloat16);
  captions_.save(model_folder);
  write_model_files(model_folder, student_.config(), clips_.whole_buckets(), clips_.rate().num, sampling());
}

}  // namespace hotshot::training
