// Prompt → clip: the one public entry. Open a model, plan a request, generate.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clip.h"
#include "base/progress.h"
#include "pipeline/journal.h"
#include "pipeline/model_folder.h"
#include "pipeline/request.h"

namespace hotshot::pipeline {

/// One clip that was made.
struct Made {
  int index = 0;                           // 0-based, of count
  std::uint64_t seed = 0;                  // of this clip
  Clip clip = {};                          // frames_shown of the plan
  int frames_made = 0;                     // by the networks; the rest was cut
  std::vector<std::string> warnings = {};  // what came up on the way
};

using MadeSink = std::function<void(Made made)>;

/// What a long run may be given besides.
struct RunOptions {
  Journal* journal = nullptr;  // of this plan and model: its answers are used, new ones are added
  /// A frame of what the model guesses so far, while sampling; empty for none.
  std::function<void(const Frames& picture)> on_preview = {};
  double preview_seconds = 2;  // at most one in this time
};

/// Makes the plan's clips and hands each to `sink` as soon as it is decoded. Weights are loaded part by part and
/// dropped when done. Phases for `progress` (may be null): loading, encoding, sampling, decoding. Throws Cancelled when
/// it asks to stop. The same plan gives the same frames on the same kind of processor, whatever the thread count.
/// Sets the calling thread's number of libtorch threads for the duration.
void generate(const ModelFolder& folder, const Plan& plan, const MadeSink& sink, Progress* progress = nullptr,
              const RunOptions& options = {});

}  // namespace hotshot::pipeline
