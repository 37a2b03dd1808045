// The weights of one model part: a folder in the diffusers or transformers layout, one file or shards with an index.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "weights/safetensors.h"

namespace hotshot::weights {

inline constexpr std::int64_t kMaxShardBytes = 5'000'000'000;

/// All tensors of a part folder: X.safetensors, else X.safetensors.index.json with its shards, else the fp16 variant
/// X.fp16.safetensors, for X = diffusion_pytorch_model, then model. Throws InvalidArgument naming what was looked for,
/// and for an index that does not list exactly what the shards hold.
TensorMap read_part(const std::filesystem::path& folder);

/// The files read_part would read, in order.
std::vector<std::filesystem::path> part_files(const std::filesystem::path& folder);

/// Writes `basename`.safetensors, or shards of at most `max_shard_bytes` (a larger tensor is a shard of its own) with
/// an index, creating the folder. Files of an earlier write under the same basename are removed. A single file
/// replaces the old one atomically; shards are only safe against a crash in a new folder.
void write_part(const std::filesystem::path& folder, std::string_view basename, const TensorMap& tensors,
                std::int64_t max_shard_bytes = kMaxShardBytes);

}  // namespace hotshot::weights
