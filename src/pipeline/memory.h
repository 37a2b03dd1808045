// How much memory a request needs, and whether it is there.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "pipeline/model_folder.h"

namespace hotshot::pipeline {

/// Estimated bytes of each stage (its weights and activations), and of what outlives the stages.
struct MemoryNeed {
  std::uint64_t encoding = 0;
  std::uint64_t sampling = 0;
  std::uint64_t decoding = 0;
  std::uint64_t result = 0;  // latents of all clips, frames of one

  /// The program itself, the largest stage, and the result.
  std::uint64_t peak() const;
};

/// What one clip of a request looks like to the networks.
struct Workload {
  int width = 0;
  int height = 0;
  int frames = 0;  // as the networks make them
  int count = 1;
  int window = 0;      // frames seen at once; 0 for as many as the network can
  bool guided = true;  // two predictions per call
  bool low_memory = false;
  bool quantized = false;  // see Plan
};

/// Weights in memory; those that alias the file count too, since a run touches all of them.
std::uint64_t weight_bytes(const PartSummary& part, at::ScalarType dtype);

/// Memory for `work` with transformer (or UNet) and autoencoder in `dtype`.
MemoryNeed estimate_memory(const ModelFolder& folder, const Workload& work, at::ScalarType dtype);

/// Bytes this process may still take: /proc/meminfo's MemAvailable, or less where a control group says so; 0 where
/// neither can be read.
std::uint64_t available_memory();

/// Throws InvalidArgument with both numbers when `need` exceeds `available` (0 = unknown, never throws).
void require_memory(const MemoryNeed& need, std::uint64_t available);

/// "1.5 GB", "320 MB": powers of ten.
std::string bytes_text(std::uint64_t bytes);

}  // namespace hotshot::pipeline
