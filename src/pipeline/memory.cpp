#include "pipeline/memory.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/error.h"

namespace hotshot::pipeline {
namespace {

constexpr std::uint64_t kProgram = 300'000'000;  // libraries and their working memory
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

std::uint64_t weight_bytes(const PartSummary& part, at::ScalarType dtype) {
  return static_cast<std::uint64_t>(part.parameters) * c10::elementSize(dtype);
}

MemoryNeed estimate_memory(const ModelFolder& folder, const Workload& work, at::ScalarType dtype) {
  return folder.family->memory(folder, work, dtype);
}

std::uint64_t available_memory() {
  const std::uint64_t available = 1024 * number_after("/proc/meminfo", "MemAvailable:").value_or(0);
  return std::min(available, group_available().value_or(available));
}

void require_memory(const MemoryNeed& need, std::uint64_t available) {
  require(available == 0 || need.peak() <= available, "memory",
          "expected a request that fits but it needs about {} (text encoders {}, sampling {}, decoder {}, result {}) "
          "and {} are available; ask for fewer frames or a smaller size (image models: or for low memory)",
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
