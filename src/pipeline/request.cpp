#include "pipeline/request.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <random>
#include <variant>

#include "base/error.h"
#include "base/threads.h"
#include "media/decode.h"
#include "text/prompt.h"

namespace hotshot::pipeline {
namespace {

constexpr int kLargestSide = 16384;

void check_grid(PixelSize size, int step) {
  if (size.width % step == 0 && size.height % step == 0) return;
  const auto below = [&](int side) { return std::max(step, side / step * step); };
  const auto above = [&](int side) { return (side + step - 1) / step * step; };
  throw_invalid("size",
                fmt::format("expected multiples of {} but got {}x{}; nearest: {}x{} or {}x{}", step, size.width,
                            size.height, below(size.width), below(size.height), above(size.width), above(size.height)));
}

double ratio(PixelSize size) { return static_cast<double>(size.width) / size.height; }

// Of the sizes the one whose sides' ratio differs least, as Hotshot-XL chooses its bucket.
PixelSize nearest_size(const std::vector<PixelSize>& sizes, double aspect) {
  return *std::min_element(sizes.begin(), sizes.end(), [&](PixelSize a, PixelSize b) {
    return std::abs(ratio(a) - aspect) < std::abs(ratio(b) - aspect);
  });
}

// "16:9" → 1.78.
double parse_aspect(const std::string& text) {
  double width = 0, height = 0;
  const char* end = text.data() + text.size();
  const auto [colon, error] = std::from_chars(text.data(), end, width);
  const bool found = error == std::errc() && colon != end && *colon == ':';
  const auto [after, second] = std::from_chars(found ? colon + 1 : end, end, height);
  const bool sound = found && second == std::errc() && after == end && width > 0 && height > 0 &&
                     width / height > 0.01 && width / height < 100;
  require(sound, "aspect", "expected WIDTH:HEIGHT as 16:9 but got '{}'", text);
  return width / height;
}

// What was said, else that of the picture that is started from or that guides.
std::optional<double> wanted_aspect(const GenerateRequest& request) {
  if (!request.aspect.empty()) return parse_aspect(request.aspect);
  const LocalFiles& files = request.files;
  const std::string& path = !files.image.empty() || files.control.empty() ? files.image : files.control.front();
  if (path.empty()) return std::nullopt;
  const media::Probe probe = media::probe(path);
  return static_cast<double>(probe.width) / probe.height;
}

PixelSize choose_size(const GenerateRequest& request, const ModelFolder& folder, std::vector<std::string>& warnings) {
  const auto& trained = folder.trained.sizes;
  if (request.size.empty()) {
    const std::optional<double> aspect = wanted_aspect(request);
    const PixelSize nearest = aspect ? nearest_size(trained, *aspect) : trained.front();
    if (aspect && std::abs(ratio(nearest) - *aspect) > 0.01) {
      warnings.push_back(
          fmt::format("{}x{} is the trained size nearest to {:.2f} to 1", nearest.width, nearest.height, *aspect));
    }
    return nearest;
  }
  require(request.aspect.empty(), "aspect", "expected either size or aspect but got {} and {}", request.size,
          request.aspect);
  const PixelSize size = parse_pixel_size(request.size);
  check_grid(size, folder.size_step());
  const int longest = folder.family->limits().longest_side;
  require(size.width <= longest && size.height <= longest, "size", "expected at most {} pixels a side but got {}x{}",
          longest, size.width, size.height);
  if (std::find(trained.begin(), trained.end(), size) == trained.end()) {
    std::vector<std::string> names;
    for (const PixelSize& known : trained) names.push_back(fmt::format("{}x{}", known.width, known.height));
    warnings.push_back(fmt::format("{} was trained at {}; {}x{} may look worse", folder.name, fmt::join(names, ", "),
                                   size.width, size.height));
  }
  return size;
}

void choose_frames(const GenerateRequest& request, const ModelFolder& folder, Plan& plan) {
  const Trained& trained = folder.trained;
  require(!request.frames || !request.seconds, "frames", "expected either frames or seconds but got both");
  plan.fps = request.fps.value_or(trained.fps);
  plan.frames_shown = request.frames.value_or(folder.family->frames_shown(trained.frames));
  if (request.seconds) {
    const double frames = std::round(*request.seconds * plan.fps);
    require(frames >= 1, "seconds", "expected at least one frame but {} s at {} fps have none", *request.seconds,
            plan.fps);
    require(frames <= 100000, "seconds", "expected at most 100000 frames but {} s at {} fps have {}", *request.seconds,
            plan.fps, frames);
    plan.frames_shown = static_cast<int>(frames);
  }
  plan.frames_made = folder.frames_made(plan.frames_shown);
  const int most = folder.family->limits().most_frames;
  require(plan.frames_made <= most, "frames", "expected at most {} frame{} but got {}", most, most == 1 ? "" : "s",
          plan.frames_shown);
  if (plan.frames_made > trained.frames) {
    plan.warnings.push_back(fmt::format("{} was trained on clips of {} frames; {} frames may drift or repeat",
                                        folder.name, trained.frames, plan.frames_shown));
  }
}

std::string choose_sampler(const GenerateRequest& request, const ModelFolder& folder) {
  const std::string& own = folder.trained.sampler.empty() ? folder.scheduler.sampler : folder.trained.sampler;
  const std::string& name = request.sampler.empty() ? own : request.sampler;
  std::vector<std::string> known;
  for (const diffusion::SamplerInfo& info : diffusion::samplers()) known.emplace_back(info.name);
  if (std::find(known.begin(), known.end(), name) == known.end()) throw_unknown("sampler", name, known);
  return name;
}

at::Device choose_device(const std::string& name) {
  if (name == "cpu") return at::kCPU;
  if (name != "cuda") throw_unknown("device", name, {"cpu", "cuda"});
  require(at::hasCUDA(), "device", "expected cpu but got cuda, and this build or machine has none");
  return at::kCUDA;
}

at::ScalarType choose_dtype(const std::string& name, at::Device device) {
  require(name != "int8" || device.is_cpu(), "dtype", "expected bf16 or fp32 on a GPU but got {}", name);
  if (name == "bf16" || name == "int8") return at::kBFloat16;
  if (name == "fp32") return at::kFloat;
  if (name != "auto") throw_unknown("dtype", name, {"auto", "bf16", "fp32", "int8"});
  return !device.is_cpu() || processor_prefers_bf16() ? at::kBFloat16 : at::kFloat;
}

bool names(const std::vector<std::string>& known, const std::string& name) {
  return std::find(known.begin(), known.end(), name) != known.end();
}

// Among timesteps (and so the sigmas of training), or among sigmas.
void choose_spacing(const std::string& spacing, diffusion::DiscreteScheduleOptions& options) {
  if (names(diffusion::timestep_spacings(), spacing)) {
    options.timestep_spacing = spacing;
    options.sigma_spacing = "timesteps";
    return;
  }
  std::vector<std::string> known = diffusion::sigma_spacings();
  if (!names(known, spacing)) {
    for (const std::string& name : diffusion::timestep_spacings()) known.push_back(name);
    throw_unknown("spacing", spacing, known);
  }
  options.sigma_spacing = spacing;
}

// The name that chooses them again.
std::string spacing_of(const diffusion::DiscreteScheduleOptions& options) {
  return options.sigma_spacing == "timesteps" ? options.timestep_spacing : options.sigma_spacing;
}

// What the request says of the noise levels, over what the model's files say.
diffusion::ScheduleOptions choose_schedule(const GenerateRequest& request, const ModelFolder& folder,
                                           const std::string& sampler) {
  diffusion::ScheduleOptions options = folder.scheduler.schedule;
  if (auto* flow = std::get_if<diffusion::FlowScheduleOptions>(&options)) {
    require(request.spacing.empty(), "spacing", "expected none for {}, which has a shift instead, but got '{}'",
            folder.name, request.spacing);
    flow->shift = request.shift.value_or(folder.trained.shift.value_or(flow->shift));
    return options;
  }
  auto& discrete = std::get<diffusion::DiscreteScheduleOptions>(options);
  require(!request.shift, "shift", "expected none for {}, which has a spacing instead, but got {}", folder.name,
          request.shift.value_or(0));
  if (!request.spacing.empty()) choose_spacing(request.spacing, discrete);
  if (sampler != folder.scheduler.sampler) {
    for (const diffusion::SamplerInfo& info : diffusion::samplers()) {
      if (info.name == sampler) discrete.grid = info.grid;
    }
  }
  return options;
}

GenerateRequest settle(GenerateRequest request, const Plan& plan, const diffusion::ScheduleOptions& schedule) {
  request.seconds.reset();
  request.frames = plan.frames_shown;
  request.fps = plan.fps;
  request.size = fmt::format("{}x{}", plan.size.width, plan.size.height);
  request.aspect.clear();
  request.seed = plan.seed;
  request.steps = plan.steps();
  request.guidance = plan.guidance;
  request.sampler = plan.sampler;
  if (const auto* flow = std::get_if<diffusion::FlowScheduleOptions>(&schedule)) request.shift = flow->shift;
  if (const auto* discrete = std::get_if<diffusion::DiscreteScheduleOptions>(&schedule)) {
    request.spacing = spacing_of(*discrete);
  }
  request.dtype = plan.quantized ? "int8" : plan.dtype == at::kFloat ? "fp32" : "bf16";
  request.threads = plan.threads;
  return request;
}

}  // namespace

PixelSize parse_pixel_size(const std::string& text, std::string_view field) {
  PixelSize size;
  const char* end = text.data() + text.size();
  const auto [after_width, width_error] = std::from_chars(text.data(), end, size.width);
  const bool cross = width_error == std::errc() && after_width != end && (*after_width == 'x' || *after_width == 'X');
  const auto [after, error] = std::from_chars(cross ? after_width + 1 : end, end, size.height);
  require(cross && error == std::errc() && after == end && size.width > 0 && size.height > 0 &&
              size.width <= kLargestSide && size.height <= kLargestSide,
          field, "expected WIDTHxHEIGHT, each from 1 to {}, but got '{}'", kLargestSide, text);
  return size;
}

PixelSize parse_crop(const std::string& text, std::string_view field) {
  PixelSize crop;
  const char* end = text.data() + text.size();
  const auto [after_left, left_error] = std::from_chars(text.data(), end, crop.width);
  const bool cross = left_error == std::errc() && after_left != end && (*after_left == 'x' || *after_left == 'X');
  const auto [after, error] = std::from_chars(cross ? after_left + 1 : end, end, crop.height);
  require(cross && error == std::errc() && after == end && crop.width >= 0 && crop.height >= 0 &&
              crop.width <= kLargestSide && crop.height <= kLargestSide,
          field, "expected LEFTxTOP, each from 0 to {}, but got '{}'", kLargestSide, text);
  return crop;
}

FieldList GenerateRequest::fields() {
  return {{"prompt", "what the clip shows", &prompt},
          {"negative", "what it should not show", &negative},
          {"prompt_2", "SDXL: what the second text encoder reads instead of the prompt", &prompt_2},
          {"negative_2", "the same for what it should not show", &negative_2},
          {"seconds", "length of the clip; or give frames", &seconds, {0.001, 100000}},
          {"frames", "frames of the clip", &frames, {1, 100000}},
          {"fps", "frames per second", &fps, {1, 240}},
          {"size", "WIDTHxHEIGHT in pixels", &size},
          {"aspect", "WIDTH:HEIGHT; the trained size nearest to it", &aspect},
          {"seed", "number that picks one clip of many; drawn if not given", &seed},
          {"steps", "sampling steps: more is slower and finer", &steps, {1, 1000}},
          {"guidance", "how closely to follow the prompt; 1 is off", &guidance, {0, 100}},
          {"sampler", "how noise becomes a picture", &sampler},
          {"shift", "flow models: time spent on the coarse shape, 1 is even", &shift, {0.01, 100}},
          {"spacing", "other models: where the steps lie: karras, exponential, trailing …", &spacing},
          {"eta", "share of fresh noise in a step, for samplers that have it", &eta, {0, 1}},
          {"rescale", "draw guided contrast back to that of the prompt, 0 to 1", &rescale, {0, 1}},
          {"clip_skip", "image models: text layers left out beyond the usual", &clip_skip, {0, 11}},
          {"original_size", "SDXL: WIDTHxHEIGHT the picture is said to come from", &original_size},
          {"target_size", "SDXL: WIDTHxHEIGHT it is said to be for", &target_size},
          {"negative_original_size", "the same for the negative prompt", &negative_original_size},
          {"negative_target_size", "the same for the negative prompt", &negative_target_size},
          {"crop", "SDXL: LEFTxTOP, what is said to be cut off; 0x0 is nothing", &crop},
          {"negative_crop", "the same for the negative prompt", &negative_crop},
          {"window", "frames seen at once in a long clip; 0 for the most the model can", &window, {0, 1000}},
          {"overlap", "frames that neighbouring windows share; 0 for a quarter", &overlap, {0, 1000}},
          {"low_memory", "image models: less memory for more time", &low_memory},
          {"count", "clips to make, with seeds counting up", &count, {1, 10000}},
          {"device", "cpu or cuda", &device},
          {"dtype",
           "arithmetic of the networks: auto, bf16, fp32, or int8: bf16 with the weights of most products as bytes",
           &dtype},
          {"threads", "threads; 0 = one per core", &threads, {0, 1024}}};
}

std::vector<std::int64_t> Plan::latent_shape(const ModelFolder& folder) const {
  return folder.family->latent_shape(size.width, size.height, frames_made);
}

bool processor_prefers_bf16() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
#else
  return false;
#endif
}

Plan plan_request(const GenerateRequest& given, const ModelFolder& folder) {
  GenerateRequest request = given;
  // Ranges, also for requests that were filled in by a program.
  read_fields(request.fields(), write_fields(GenerateRequest(given).fields()), "request");
  read_fields(request.files.fields(), write_fields(LocalFiles(given.files).fields()), "request");
  Plan plan;
  plan.prompt = text::clean_prompt(request.prompt);
  plan.negative = text::clean_prompt(request.negative);
  plan.prompt_2 = request.prompt_2.empty() ? plan.prompt : text::clean_prompt(request.prompt_2);
  plan.negative_2 = request.negative_2.empty() ? plan.negative : text::clean_prompt(request.negative_2);
  require(!plan.prompt.empty(), "prompt", "expected some text but got an empty prompt");
  plan.size = choose_size(request, folder, plan.warnings);
  choose_frames(request, folder, plan);
  plan.count = request.count;
  plan.seed = request.seed ? *request.seed : std::random_device{}();
  plan.guidance = request.guidance.value_or(folder.trained.guidance);
  plan.guided = plan.guidance > 1 && folder.family->guides_by_pairs();
  plan.sampler = choose_sampler(request, folder);
  const diffusion::ScheduleOptions schedule = choose_schedule(request, folder, plan.sampler);
  plan.schedule = diffusion::make_schedule(request.steps.value_or(folder.trained.steps), schedule);
  plan.sampler_options = folder.scheduler.options;
  if (request.eta) plan.sampler_options.eta = request.eta;
  plan.device = choose_device(request.device);
  plan.dtype = choose_dtype(request.dtype, plan.device);
  plan.quantized = request.dtype == "int8";
  plan.threads = request.threads > 0 ? request.threads : hardware_threads();
  plan.memory = estimate_memory(folder,
                                {.width = plan.size.width,
                                 .height = plan.size.height,
                                 .frames = plan.frames_made,
                                 .count = plan.count,
                                 .window = request.window,
                                 .guided = plan.guided && !request.low_memory,
                                 .low_memory = request.low_memory,
                                 .quantized = plan.quantized},
                                plan.dtype);
  plan.settled = settle(request, plan, schedule);
  folder.family->check(folder, plan);
  return plan;
}

}  // namespace hotshot::pipeline
