// Learning to read clips of the cartoon world: who does what, where, when (data/world_attributes.h), from rendered
// clips alone, damaged on the way as the clips of a model or a codec may be.
#pragma once

#include <filesystem>
#include <vector>

#include "data/batch.h"
#include "data/damage.h"
#include "data/world_source.h"
#include "model/clip_classifier.h"
#include "training/loop.h"

namespace hotshot::training {

struct JudgeOptions {
  double damage = 0.4;           // chance of each kind of damage
  // Of a batch, from what models never see, for the judge must know all: other combinations, and the guest.
  double held_out_share = 0.25;
  double guest_share = 0.08;
  std::string dtype = "bf16";    // of activations
  FieldList fields();
};

/// Cross-entropy of every question that arises for a clip, the mean over questions.
class JudgeTask : public Task {
 public:
  /// `config` without questions: those are the world's. `buckets` have at most config.num_frames frames and sides in multiples
  /// of 8. Starts from fresh weights, or from those in `initial` (a judge folder) unless empty.
  JudgeTask(model::ClipClassifierConfig config, JudgeOptions options, std::vector<data::Bucket> buckets,
            std::uint64_t world_seed, std::uint64_t seed, at::Device device, const std::filesystem::path& initial);

  std::vector<nn::NamedParameter> parameters() override { return judge_.parameters(); }
  MicroBatches micro_batches(std::int64_t step, int count) override;
  /// A judge has nothing to show.
  std::vector<Clip> preview() override { return {}; }
  /// Writes the part "judge".
  void export_parts(const std::filesystem::path& model_folder) override;

 private:
  struct Batch {
    at::Tensor video_bcthw;
    at::Tensor answers_ba;  // int64, -1 where a question does not arise
  };
  data::WorldSource source(world::Split split) const;
  Batch batch(std::int64_t step) const;
  Loss loss(const at::Tensor& video_bcthw, const at::Tensor& answers_ba);

  model::ClipClassifier judge_;
  JudgeOptions options_;
  std::vector<data::Bucket> buckets_;
  std::uint64_t world_seed_;
  std::uint64_t seed_;
  at::Device device_;
};

}  // namespace hotshot::training
