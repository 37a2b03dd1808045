// A diffusion transformer that learns to make its teacher's clips in a few steps without guidance. Noise levels are cut
// into windows; in each, the teacher walks with guidance from one end to the other, and the student learns the straight
// line between the ends (Yan et al. 2024, "PeRFlow", section 3; guidance: Meng et al. 2023).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "diffusion/schedule.h"
#include "training/caption_encoder.h"
#include "training/clip_latents.h"
#include "training/loop.h"
#include "training/model_files.h"
#include "training/transformer_task.h"

namespace hotshot::training {

struct DistillationOptions {
  CaptionOptions captions{.caption_dropout = 0.05};
  int windows = 8;        // the steps that the student is made for
  int teacher_steps = 2;  // of the midpoint rule within a window
  double guidance = 4;    // of the teacher
  double shift = 3;       // of the noise levels between windows
  /// Of samples at the beginning of their window, where a run of `windows` steps asks; the others lie anywhere in it.
  double first_share = 0.5;
  std::string dtype = "bf16";  // of activations
  std::vector<std::string> preview_prompts;
  FieldList fields();
};

class DistillationTask : public Task {
 public:
  /// `inputs.initial` holds the teacher, which the student starts from; the text encoder of `inputs.initial_text`
  /// serves both and stays as it is. Throws InvalidArgument where that is the folder the student goes to. A student of
  /// a teacher that goes on from given frames is said to do so too, although its lessons have none: it starts as its
  /// teacher (decision 0020).
  DistillationTask(DistillationOptions options, std::vector<data::Bucket> buckets, data::WorldSource source,
                   const TransformerInputs& inputs, std::uint64_t seed, at::Device device);

  std::vector<nn::NamedParameter> parameters() override { return student_.parameters(); }
  MicroBatches micro_batches(std::int64_t step, int count) override;
  std::vector<Clip> preview() override;
  /// Of the autoencoder, the tokenizer and the teacher.
  std::string data_digest() const override {
    return clips_.digest() + " " + captions_.digest() + " " + teacher_digest_;
  }
  void export_parts(const std::filesystem::path& model_folder) override;

  /// What the student is asked, and what it should say.
  struct Lesson {
    at::Tensor input_bcthw;     // on the line between the ends of a window
    at::Tensor sigma_b;         // where on it
    at::Tensor time_b;          // as the network is told
    at::Tensor velocity_bcthw;  // of the line
    model::TextContext text;
  };
  /// Of clips that are those from `first` on of their step.
  Lesson lesson(const ClipBatch& clips, std::int64_t step, std::int64_t first) const;
  ClipBatch clips(std::int64_t step) const { return clips_.batch(step, options_.captions.caption_dropout); }

 private:
  Loss loss(const Lesson& lesson) const;
  FlowSampling sampling() const;

  DistillationOptions options_;
  model::WanTransformer teacher_, student_;
  ClipLatents clips_;
  CaptionEncoder captions_;
  std::string teacher_digest_;
  bool continues_;            // from given frames
  diffusion::Schedule ends_;  // window k reaches from sigma k to sigma k + 1
  std::uint64_t seed_;
  at::Device device_;
};

}  // namespace hotshot::training
