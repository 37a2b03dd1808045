// What this machine can do: the figures that every other bench is compared with, in the same run.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace hotshot::measure {

/// The best of several tries of one piece of work.
struct Rate {
  std::string name;       // "1024x1024x1024", "copy"
  double per_second = 0;  // floating-point operations (2 per multiply-add), or bytes
};

struct Ceilings {
  std::string instructions;        // what `registers` ran on: kernel::isa_name
  double registers = 0;            // operations a second of bf16 products that stay in registers
  std::vector<Rate> products;      // at::linear in bf16: rows x in x out
  std::vector<Rate> convolutions;  // 3×3 in bf16, channels last: pictures x channels x height x width
  std::vector<Rate> memory;        // bytes moved: read, copy, triad

  /// The best of `products` and `convolutions`.
  double best_library_rate() const;
  /// Bytes a second that copying moves.
  double copy_rate() const;
};

/// Measures with at::get_num_threads() threads; takes some seconds and needs 1 GiB. Other work on the machine shows.
Ceilings measure_ceilings();

/// The highest per_second; 0 for none.
double best(std::span<const Rate> rates);

/// A table for people.
std::string ceilings_table(const Ceilings& ceilings);

}  // namespace hotshot::measure
