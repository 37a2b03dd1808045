// LoRA: a fine-tune as products of two thin matrices per layer, W + strength · (alpha / rank) · up · down (Hu et al.
// 2021, section 4.1), for the UNet and the text encoders of an image model.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weights/family.h"
#include "weights/layout.h"
#include "weights/safetensors.h"

namespace hotshot::weights {

/// One layer's change.
struct LoraLayer {
  std::string key;       // the layer as the file calls it
  std::string part;      // "unet", "text_encoder", "text_encoder_2"
  std::string module;    // the layer's name in the part, in any naming, with '_' for '.'
  at::Tensor down = {};  // [rank, in] or [rank, in, kh, kw]
  at::Tensor up = {};    // [out, rank] or [out, rank, 1, 1]
  at::Tensor mid = {};   // [rank, rank, kh, kw] between a down and an up of 1×1; mostly undefined
  double scale = 1;      // alpha / rank; 1 where the file gives no alpha

  std::int64_t rank() const { return down.size(0); }
  /// Whether a weight of this shape can take the change.
  bool fits(const Shape& shape) const;
  /// Adds strength times the change to a contiguous fp32 weight that fits.
  void add_to(const at::Tensor& weight, double strength) const;
};

struct Lora {
  std::string name;    // of the file, for messages
  std::string naming;  // "kohya", "diffusers", "PEFT"
  std::vector<LoraLayer> layers;
  Metadata metadata;
};

/// Reads a LoRA in the names of kohya, diffusers (old and new) or PEFT; a folder with pytorch_lora_weights.safetensors
/// or adapter_model.safetensors will do. Tensors alias the file. Throws InvalidArgument for halves without the other,
/// shapes that do not multiply, and other kinds of adapters (LoHa, LoKr, DoRA …), by name.
Lora read_lora(const std::filesystem::path& path);

/// Parameters of a network by every name a LoRA may give their layer, '_' for '.': those of diffusers and, for the
/// UNet, of the original code. Written out rather than guessed, since underscores cannot be turned back into dots.
using LoraTargets = std::map<std::string, std::string, std::less<>>;
LoraTargets lora_targets(std::string_view part, const Layout& parameters);

/// The family a LoRA was made for: most of its layers exist there, in the right shape. Null for none known.
const Family* family_of_lora(const Lora& lora, std::span<const Family> known = families());

/// Whether most layers are called as in this family, whatever their shapes: a model of other widths may fit.
bool has_names_of(const Lora& lora, const Family& family);

/// Throws InvalidArgument, naming both, when a LoRA was made for another family than a model's. One of an unknown
/// family passes: its layers will be reported as unmatched.
void require_family(const Lora& lora, const Family& family);

/// A LoRA and how much of it; negative strengths take away.
struct LoraUse {
  const Lora* lora = nullptr;
  double unet_strength = 1;
  double text_strength = 1;
};

/// What merging did with one LoRA in one part.
struct LoraReport {
  int merged = 0;                      // layers
  std::vector<std::string> unmatched;  // layers of this part, as the file calls them, that the network does not have
};

/// Adds LoRAs to the weights of a part ("unet" …), in fp32, each weight rounded once to the type it had; weights that
/// no LoRA touches stay aliases. One report per use. Throws InvalidArgument, before anything is changed, when a layer
/// has another shape than the network's (then the LoRA is for another family, which is named), when no layer of the
/// part is in the network, and for numbers that are not finite.
std::vector<LoraReport> merge_loras(std::string_view part, TensorMap& tensors, std::span<const LoraUse> uses);

enum class LoraNaming {
  kohya,      // lora_unet_…, lora_te1_…: what most programs read
  diffusers,  // unet.….lora_A.weight; its alpha is the rank, so `up` is stored times alpha / rank
};

/// A trained layer: the parameter it changes, in the names of diffusers, and the change.
struct TrainedLayer {
  std::string part;       // "unet", "text_encoder", "text_encoder_2"
  std::string parameter;  // "down_blocks.1.attentions.0.….to_q.weight"
  at::Tensor down;
  at::Tensor up;
};

/// What a LoRA's metadata say. Empty strings are left out.
struct LoraCard {
  std::string title = {};
  std::string trigger = {};  // the words that call it up in a prompt
  std::string comment = {};  // how it was trained
  std::string consent = {};  // the statement of the person it shows
};

/// Writes a LoRA for a family, atomically, that the programs of that naming read. Rank is that of the first layer.
void write_lora(const std::filesystem::path& path, std::span<const TrainedLayer> layers, double alpha,
                const Family& family, LoraNaming naming, const LoraCard& card);

}  // namespace hotshot::weights
