#include "measure/ceilings.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <functional>
#include <limits>

#include "base/random.h"
#include "kernel/amx.h"
#include "kernel/isa.h"
#include "kernel/loops.h"

namespace hotshot::measure {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kTries = 5;
constexpr double kEnoughSeconds = 0.02;  // of a try: shorter work is repeated
constexpr std::int64_t kMemoryFloats = 1 << 26;

double seconds_of(const std::function<void()>& work) {
  const auto start = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Units of work a second, `amount` of them in each call.
double best_rate(double amount, const std::function<void()>& work) {
  const double once = seconds_of(work);
  const int repeats = std::max(1, static_cast<int>(kEnoughSeconds / std::max(once, 1e-9)));
  double shortest = std::numeric_limits<double>::max();
  for (int i = 0; i < kTries; ++i) {
    shortest = std::min(shortest, seconds_of([&] {
                          for (int k = 0; k < repeats; ++k) work();
                        }));
  }
  return amount * repeats / shortest;
}

// On every thread at once.
double register_rate(double (*products)(std::int64_t)) {
  constexpr std::int64_t kRounds = 1 << 20;
  const std::int64_t threads = at::get_num_threads();
  return best_rate(products(1) * static_cast<double>(kRounds * threads), [&] {
    at::parallel_for(0, threads, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) products(kRounds);
    });
  });
}

at::Tensor random_bf16(at::IntArrayRef shape, std::uint64_t index) {
  at::Tensor x = at::empty(shape, at::kFloat);
  Random(11, index).fill_normal(x.data_ptr<float>(), static_cast<std::size_t>(x.numel()));
  return x.to(at::kBFloat16);
}

Rate product(std::int64_t rows, std::int64_t in, std::int64_t out) {
  const at::Tensor x = random_bf16({rows, in}, 1), w = random_bf16({out, in}, 2);
  return {fmt::format("{}x{}x{}", rows, in, out),
          best_rate(2.0 * static_cast<double>(rows * in * out), [&] { at::linear(x, w); })};
}

Rate convolution(std::int64_t pictures, std::int64_t channels, std::int64_t side) {
  const at::Tensor x = random_bf16({pictures, channels, side, side}, 3).contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor w = random_bf16({channels, channels, 3, 3}, 4);
  return {fmt::format("{}x{}x{}x{}", pictures, channels, side, side),
          best_rate(18.0 * static_cast<double>(pictures * side * side * channels * channels),
                    [&] { at::conv2d(x, w, {}, /*stride=*/1, /*padding=*/1); })};
}

// Pieces of memory, each walked by one thread.
void for_pieces(const std::function<void(std::int64_t first, std::int64_t count)>& work) {
  constexpr std::int64_t kPiece = 1 << 16;
  at::parallel_for(0, kMemoryFloats / kPiece, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t piece = begin; piece < end; ++piece) work(piece * kPiece, kPiece);
  });
}

float sum_of(const float* x, std::int64_t count) {
  float lanes[64] = {};
  for (std::int64_t i = 0; i < count; i += 64) {
    for (int k = 0; k < 64; ++k) lanes[k] += x[i + k];
  }
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  return sum;
}

std::vector<Rate> memory_rates() {
  const at::Tensor a = at::ones({kMemoryFloats}), b = at::ones({kMemoryFloats}), c = at::ones({kMemoryFloats});
  float *const x = a.data_ptr<float>(), *const y = b.data_ptr<float>(), *const z = c.data_ptr<float>();
  constexpr double kBytes = 4.0 * kMemoryFloats;
  const double read = best_rate(kBytes, [&] {
    for_pieces([&](std::int64_t first, std::int64_t count) {
      volatile float sink = sum_of(x + first, count);
      static_cast<void>(sink);
    });
  });
  const double copy = best_rate(2 * kBytes, [&] {
    for_pieces([&](std::int64_t first, std::int64_t count) {
      std::memcpy(y + first, x + first, static_cast<std::size_t>(count) * sizeof(float));
    });
  });
  const double triad = best_rate(3 * kBytes, [&] {
    for_pieces([&](std::int64_t first, std::int64_t count) {
      for (std::int64_t i = first; i < first + count; ++i) z[i] = x[i] + 3.0f * y[i];
    });
  });
  return {{"read", read}, {"copy", copy}, {"triad", triad}};
}

std::string rate_line(const std::string& name, double per_second, double of, const char* unit, double scale) {
  return fmt::format("  {:<24}{:>8.3f} {}{:>8.0f} %\n", name, per_second * scale, unit, 100 * per_second / of);
}

}  // namespace

double best(std::span<const Rate> rates) {
  double most = 0;
  for (const Rate& rate : rates) most = std::max(most, rate.per_second);
  return most;
}

double Ceilings::best_library_rate() const { return std::max(best(products), best(convolutions)); }

double Ceilings::copy_rate() const { return std::ranges::find(memory, "copy", &Rate::name)->per_second; }

Ceilings measure_ceilings() {
  const at::NoGradGuard no_grad;
  Ceilings c;
  const bool tiles = kernel::isa() == kernel::Isa::amx;
  c.instructions = kernel::isa_name(kernel::isa());
  c.registers = register_rate(tiles ? kernel::amx_register_products : kernel::loops<kernel::Bf16>().register_products);
  for (const auto& [rows, in, out] : std::to_array<std::array<std::int64_t, 3>>({{1024, 1024, 1024},
                                                                                 {2048, 2048, 2048},
                                                                                 {1536, 192, 768},
                                                                                 {4096, 1280, 1280},
                                                                                 {7800, 1536, 1536},
                                                                                 {1024, 1536, 8960}})) {
    c.products.push_back(product(rows, in, out));
  }
  for (const auto& [pictures, channels, side] : std::to_array<std::array<std::int64_t, 3>>(
           {{1, 320, 64}, {8, 320, 64}, {8, 640, 32}, {16, 32, 64}, {1, 128, 256}})) {
    c.convolutions.push_back(convolution(pictures, channels, side));
  }
  c.memory = memory_rates();
  return c;
}

std::string ceilings_table(const Ceilings& c) {
  constexpr double kTera = 1e-12, kGiga = 1e-9;
  std::string text = fmt::format("products in registers, {}, {} threads\n", c.instructions, at::get_num_threads());
  text += rate_line("bf16", c.registers, c.registers, "TFLOP/s", kTera);
  text += "oneDNN, bf16 products (rows x in x out)\n";
  for (const Rate& rate : c.products) text += rate_line(rate.name, rate.per_second, c.registers, "TFLOP/s", kTera);
  text += "oneDNN, bf16 convolutions 3x3 (pictures x channels x height x width)\n";
  for (const Rate& rate : c.convolutions) text += rate_line(rate.name, rate.per_second, c.registers, "TFLOP/s", kTera);
  text += "memory\n";
  for (const Rate& rate : c.memory) text += rate_line(rate.name, rate.per_second, best(c.memory), "GB/s   ", kGiga);
  return text;
}

}  // namespace hotshot::measure
