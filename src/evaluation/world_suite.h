// The suite "world": clips that a model makes from captions whose truth is known, read back by a judge.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/clip.h"
#include "base/options.h"
#include "base/progress.h"
#include "evaluation/fidelity.h"
#include "evaluation/judge.h"
#include "evaluation/statistics.h"
#include "pipeline/model_folder.h"
#include "pipeline/request.h"
#include "world/caption.h"
#include "world/scene.h"

namespace hotshot::evaluation {

struct WorldSuiteOptions {
  std::vector<std::string> splits{"train", "held-out"};      // by name (world/truth.h)
  std::vector<std::string> languages{"english", "chinese"};  // that the model knows
  int prompts = 16;                 // scenes of each split; each is asked for in every language
  int seeds = 3;                    // clips of each prompt
  int calibration = 256;            // rendered clips that the judge is checked on, per split
  int training_clips = 512;         // in which the nearest is looked for
  std::int64_t scene_seed = 77001;  // of the scenes: one that no training used
  std::int64_t training_seed = 11;  // and, of the world that the model learned from, the [data] of its recipe
  std::string training_split = "train";
  FieldList fields();
};

/// A clip that was made and judged.
struct JudgedClip {
  world::Split split = world::Split::train;
  world::Language language = world::Language::english;
  int scene = 0;           // 0-based within the split
  std::uint64_t seed = 0;  // of the noise
  std::string prompt;
  std::vector<int> wanted;  // answers of the scene, -1 where a question does not arise
  std::vector<int> read;    // answers of the judge
  at::Tensor features_d;
};

/// What a row of the table is about: one language and split of the model's clips, or a calibration.
struct Column {
  std::string name;
  std::vector<Share> shares;  // one per row of data::world_attributes()
};

/// All that was measured.
struct WorldReport {
  std::string model;
  WorldSuiteOptions options;
  std::vector<JudgedClip> clips;
  std::vector<Column> results;       // "seen, English", …
  std::vector<Column> calibrations;  // real renders, the same through the autoencoder, captions of other clips
  std::vector<bool> scored;  // per attribute: real renders of every split that is asked are read right in 97 % at least
  Fidelity autoencoder;      // mean over rendered clips of all splits
  double frechet = 0;        // generated clips against as many rendered ones of the same splits
  double frechet_floor = 0;  // those rendered clips against as many others
  double seed_diversity = 0;         // mean distance of clips of one prompt
  double prompt_diversity = 0;       // mean distance of clips of different prompts
  double nearest_training = 0;       // mean distance of generated clips to the nearest training clip
  double nearest_training_real = 0;  // the same of rendered clips of those splits
  double seconds_per_clip = 0;
};

/// Least share of real renders read right for an attribute to be scored at all.
inline constexpr double kReadable = 0.97;

/// Runs the suite. `request` says how clips are made (sampler, steps, size …; its prompt, count and seed are the
/// suite's). `on_clip` gets every made clip, to keep or to show. Throws InvalidArgument for a model that does not know
/// the world (Trained::data), Cancelled when `progress` asks to stop.
WorldReport run_world_suite(const pipeline::ModelFolder& model, const Judge& judge, const WorldSuiteOptions& options,
                            const pipeline::GenerateRequest& request,
                            const std::function<void(const JudgedClip&, const Clip&)>& on_clip, Progress* progress);

}  // namespace hotshot::evaluation
