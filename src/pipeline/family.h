// What the families of models do each in their own way: which parts a folder holds, what shapes they can make, how a
// text becomes a clip. Adding a family: its file, and a row in family.cpp.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/clip.h"
#include "base/progress.h"
#include "diffusion/sampler.h"

namespace hotshot::pipeline {

struct ModelFolder;
struct Plan;
struct MemoryNeed;
struct Workload;

/// What a model can make at all; what it was trained for is in Trained.
struct Limits {
  int size_step = 1;     // widths and heights are multiples of it
  int longest_side = 0;  // pixels
  int most_frames = 1;
};

/// One plan being carried out. Networks are loaded when first needed; those of a finished stage are dropped.
class Run {
 public:
  virtual ~Run() = default;
  /// The latents that sampling of a clip starts from, fp32 on the plan's device; depends on the seed and what the plan
  /// says alone.
  virtual at::Tensor start(std::uint64_t seed) = 0;
  /// The guided answer of the network (diffusion::Denoiser), fp32.
  virtual at::Tensor answer(const at::Tensor& input, const diffusion::DenoiserCall& call) = 0;
  /// Called after every step; may change its latents.
  virtual void after_step(const diffusion::StepResult&) {}
  /// One frame of the data as guessed so far.
  virtual Frames preview(const at::Tensor& x0) = 0;
  /// Loads what decoding needs, and drops what only sampling did.
  virtual void finish_sampling() = 0;
  /// The plan's frames from sampled latents. Tells `progress` (may be null) of every piece, decode_pieces() in all.
  virtual Frames decode(const at::Tensor& latents, Progress* progress) = 0;
  virtual std::int64_t decode_pieces(const at::Tensor& latents) const = 0;
  /// What the person should know of how it went, since last asked.
  virtual std::vector<std::string> warnings() { return {}; }
};

/// Frames → latents → frames: what an autoencoder keeps of as many frames as networks make.
using RoundTrip = std::function<Frames(const Frames&)>;

/// One opened folder, seen by its family. Immutable.
class Family {
 public:
  virtual ~Family() = default;
  virtual Limits limits() const = 0;
  /// The fewest frames the networks make that hold `frames`.
  virtual int frames_made(int frames) const = 0;
  /// How many frames are shown of a clip as the model was trained on, where nobody asks for a length.
  virtual int frames_shown(int trained_frames) const = 0;
  /// Of one clip, the batch axis of 1 first.
  virtual std::vector<std::int64_t> latent_shape(int width, int height, int frames_made) const = 0;
  /// "16 channels, 4x8x8": for a person.
  virtual std::string latents_text() const = 0;
  /// Checks what the plan asks for beyond shapes and noise levels, and may cut its schedule or add warnings. Throws
  /// InvalidArgument for what the family does not do.
  virtual void check(const ModelFolder& folder, Plan& plan) const = 0;
  /// Whether guidance above 1 needs the network's answer without the prompt too. Networks that were told the scale
  /// while they were distilled do not (Meng et al. 2023).
  virtual bool guides_by_pairs() const { return true; }
  /// Estimated memory, with the networks that take the dtype of a plan in `dtype`.
  virtual MemoryNeed memory(const ModelFolder& folder, const Workload& work, at::ScalarType dtype) const = 0;
  /// Encodes the plan's texts (phases "loading", "encoding") and loads the network that samples ("loading").
  virtual std::unique_ptr<Run> begin(const ModelFolder& folder, const Plan& plan, Progress* progress) const = 0;
  /// The autoencoder alone, in the plan's dtype and on its device; may outlive both arguments.
  virtual RoundTrip round_trip(const ModelFolder& folder, const Plan& plan) const = 0;
};

/// A row: the _class_name of model_index.json, and what reads such a folder's parts into `folder`. Throws
/// InvalidArgument when parts are missing, unknown or do not fit each other.
struct FamilyClass {
  std::string_view name;
  std::shared_ptr<const Family> (*open)(ModelFolder& folder, const nlohmann::json& index);
};

/// The row that a model_index.json names. Throws InvalidArgument, "[where] …", listing the known ones.
const FamilyClass& find_family(const nlohmann::json& index, std::string_view where);

}  // namespace hotshot::pipeline
