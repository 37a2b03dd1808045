// What a training run needs to continue, as a folder per step that is complete or not there.
//
//   FOLDER/step-00001234/NAME.safetensors …   tensors, one file per group
//   FOLDER/step-00001234/state.json           {"step", "files": {name: bytes}, "state": the caller's JSON}
//
// A checkpoint is written under a hidden name, synced to disk and renamed, so a process killed at any instant leaves
// the earlier checkpoints and perhaps a hidden folder, which the next write removes. One process writes to a FOLDER.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "weights/safetensors.h"

namespace hotshot::weights {

struct Checkpoint {
  std::int64_t step = 0;
  std::map<std::string, TensorMap> groups;  // "weights", "ema", "optimizer" …: letters, digits, '_' and '-'
  nlohmann::json state;                     // any JSON: random cursors, the recipe, losses
};

/// Writes `checkpoint` as FOLDER/step-…, replacing one of the same step, then removes all but the newest `keep` ≥ 1.
/// Returns its path once it is on disk.
std::filesystem::path write_checkpoint(const std::filesystem::path& folder, const Checkpoint& checkpoint, int keep);

/// The newest complete checkpoint of FOLDER, if any. One whose files are not all there with their sizes (an
/// interrupted copy) is passed over.
std::optional<std::filesystem::path> latest_checkpoint(const std::filesystem::path& folder);

/// Reads a checkpoint folder. The tensors alias its files. Throws InvalidArgument when it is not complete.
Checkpoint read_checkpoint(const std::filesystem::path& path);

}  // namespace hotshot::weights
