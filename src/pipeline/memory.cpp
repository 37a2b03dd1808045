#include "pipeline/memory.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/error.h"

namespace hotshot::pipeline {
namespace {

constexpr std::uint64_t kProgram = 300'000'000;     // libraries and their working memory
constexpr std::uint64_t kScoreBlocks = 64'000'000;  // attention's block of scores, a few copies (kernel/attention.cpp)
constexpr std::uint64_t kLongestText = 512;

std::uint64_t element_bytes(at::ScalarType dtype) { return c10::elementSize(dtype); }

// Weights in memory; those that alias the file count too, since a run touches all of them.
std::uint64_t weight_bytes(const PartSummary& part, at::ScalarType dtype) {
  return static_cast<std::uint64_t>(part.parameters) * element_bytes(dtype);
}

std::uint64_t transformer_activations(const ModelFolder& folder, const Workload& work, at::ScalarType dtype) {
  const auto& c = folder.transformer;
  const std::uint64_t step = static_cast<std::uint64_t>(folder.size_step());
  const std::uint64_t latent_frames = (work.frames - 1) / folder.vae.scale_factor_temporal + 1;
  const std::uint64_t tokens = latent_frames * (work.height / step) * (work.width / step) * (work.guided ? 2 : 1);
  const std::uint64_t size = element_bytes(dtype), width = static_cast<std::uint64_t>(c.inner_dim());
  // Alive together in a block: x, its norm, q, k, v and their head layouts, fp32 copies for norms and rotation; or the
  // feed-forward's two wide tensors.
  const std::uint64_t attention = width * (10 * size + 4 * 4);
  const std::uint64_t feed_forward = width * (3 * size + 2 * 4) + static_cast<std::uint64_t>(c.ffn_dim) * 2 * size;
  return tokens * std::max(attention, feed_forward) + kScoreBlocks;
}

std::uint64_t vae_activations(const ModelFolder& folder, const Workload& work, at::ScalarType dtype) {
  const auto& c = folder.vae;
  const std::uint64_t patch = c.patch_size.value_or(1), size = element_bytes(dtype);
  const std::uint64_t pixels = (work.width / patch) * (work.height / patch);
  const std::uint64_t channels =
      static_cast<std::uint64_t>(c.decoder_base_dim.value_or(c.base_dim)) * c.dim_mult[c.dim_mult.size() > 1 ? 1 : 0];
  const std::uint64_t frames = c.scale_factor_temporal;
  // The last level works on `frames` pictures at once, some of them fp32 inside norms; each of its convolutions
  // remembers two frames, and the levels below together about as much again.
  const std::uint64_t live = frames * pixels * channels * (4 * size + 4 * 4);
  const std::uint64_t caches = 2 * 2 * 2 * (c.num_res_blocks + 1) * pixels * channels * size;
  return live + caches;
}

// The number in a one-line file such as a control group's; nothing for "max" and missing files.
std::optional<std::uint64_t> number_in(const char* path) {
  std::ifstream in(path);
  std::uint64_t value = 0;
  return in >> value ? std::optional(value) : std::nullopt;
}

// The number behind a word that begins a line.
std::optional<std::uint64_t> number_after(const char* path, std::string_view word) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string key;
    std::uint64_t value = 0;
    if (words >> key >> value && key == word) return value;
  }
  return std::nullopt;
}

// What a control group's limit leaves. Cached files count as used there but give way.
std::optional<std::uint64_t> group_available() {
  const auto limit = number_in("/sys/fs/cgroup/memory.max"), used = number_in("/sys/fs/cgroup/memory.current");
  if (!limit || !used) return std::nullopt;
  const char* statistics = "/sys/fs/cgroup/memory.stat";
  const std::uint64_t cached =
      number_after(statistics, "active_file").value_or(0) + number_after(statistics, "inactive_file").value_or(0);
  const std::uint64_t held = *used - std::min(*used, cached);
  return *limit - std::min(*limit, held);
}

}  // namespace

std::uint64_t MemoryNeed::peak() const { return kProgram + std::max({encoding, sampling, decoding}) + result; }

MemoryNeed estimate_memory(const ModelFolder& folder, const Workload& work, at::ScalarType dtype) {
  const PartSummary& text = folder.part("text_encoder");
  const auto& c = folder.text_encoder;
  const std::uint64_t wide = 4 * kLongestText * (static_cast<std::uint64_t>(c.d_ff) * 3 + c.d_model * 8ull);
  const std::uint64_t bias = 4 * kLongestText * kLongestText * static_cast<std::uint64_t>(c.num_heads) * 3;
  const std::uint64_t frame = 3ull * work.width * work.height;
  const std::uint64_t latent_frames = (work.frames - 1) / folder.vae.scale_factor_temporal + 1;
  const std::uint64_t latent = latent_frames * (work.width / folder.vae.scale_factor_spatial) *
                               (work.height / folder.vae.scale_factor_spatial) * folder.vae.z_dim * 4ull;
  return {.encoding = weight_bytes(text, at::kFloat) + wide + bias,
          .sampling = weight_bytes(folder.part("transformer"), dtype) + transformer_activations(folder, work, dtype) +
                      8 * latent,
          .decoding = weight_bytes(folder.part("vae"), dtype) + vae_activations(folder, work, dtype),
          .result = latent * work.count + 2 * frame * work.frames};
}

std::uint64_t available_memory() {
  const std::uint64_t available = 1024 * number_after("/proc/meminfo", "MemAvailable:").value_or(0);
  return std::min(available, group_available().value_or(available));
}

void require_memory(const MemoryNeed& need, std::uint64_t available) {
  require(available == 0 || need.peak() <= available, "memory",
          "expected a request that fits but it needs about {} (text encoder {}, transformer {}, decoder {}, result {}) "
          "and {} are available; ask for fewer frames or a smaller size",
          bytes_text(need.peak()), bytes_text(need.encoding), bytes_text(need.sampling), bytes_text(need.decoding),
          bytes_text(need.result), bytes_text(available));
}

std::string bytes_text(std::uint64_t bytes) {
  const double value = static_cast<double>(bytes);
  if (value >= 1e9) return fmt::format("{:.1f} GB", value / 1e9);
  if (value >= 1e6) return fmt::format("{:.0f} MB", value / 1e6);
  return fmt::format("{:.0f} kB", value / 1e3);
}

}  // namespace hotshot::pipeline
