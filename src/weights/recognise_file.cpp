#include <algorithm>
#include <array>
#include <set>

#include "base/error.h"
#include "weights/image_model.h"
#include "weights/lora.h"
#include "weights/network_file.h"
#include "weights/recognise.h"
#include "weights/textual_inversion.h"

namespace hotshot::weights {
namespace {

namespace fs = std::filesystem;

// A file as its header shows it.
struct Listing {
  fs::path path;
  Layout layout;
  std::string types;  // "F16", "F16 and F32"
  std::uint64_t bytes = 0;
  std::int64_t values = 0;
};

Listing list_file(const fs::path& path) {
  const std::vector<TensorInfo> tensors = list_safetensors(path);
  Listing listing = {.path = path, .layout = layout_of(tensors), .types = {}};
  std::set<std::string_view> types;
  for (const TensorInfo& info : tensors) {
    types.insert(dtype_name(info.dtype));
    listing.bytes += info.bytes();
    listing.values += info.elements();
  }
  for (const std::string_view type : types) listing.types += (listing.types.empty() ? "" : " and ") + std::string(type);
  return listing;
}

bool any_has(const Layout& layout, std::string_view text) {
  return std::any_of(layout.begin(), layout.end(),
                     [&](const auto& entry) { return entry.first.find(text) != std::string::npos; });
}

bool any_begins(const Layout& layout, std::string_view prefix) {
  const auto found = layout.lower_bound(prefix);
  return found != layout.end() && found->first.starts_with(prefix);
}

std::string size_text(std::uint64_t bytes) {
  return bytes >= 1'000'000'000 ? fmt::format("{:.2f} GB", static_cast<double>(bytes) / 1e9)
                                : fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::string tail(const Listing& listing) { return fmt::format("{}, {}", listing.types, size_text(listing.bytes)); }

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// The readers below fill family and description; what they throw becomes the refusal.

void read_checkpoint_file(const Listing& listing, Recognised& result) {
  const ImageModel model = read_single_file(listing.path);
  result.family = model.family.name;
  std::vector<std::string> parts;
  for (const auto& [part, tensors] : model.parts) parts.push_back(part);
  result.description = fmt::format("{}{} checkpoint in one file: {}{}, {}", model.family.name,
                                   model.family.unet.in_channels > 4 ? " inpainting" : "", joined(parts),
                                   model.prediction.velocity ? ", v prediction" : "", tail(listing));
  const std::vector<std::string> missing = model.missing_parts();
  if (!missing.empty()) result.description += fmt::format("; without {}", joined(missing));
  for (const std::string& line : model.ignored) result.description += fmt::format("; not used: {}", line);
}

void read_temporal_file(const Listing& listing, Recognised& result) {
  result.family = "SDXL";
  for (const Family& family : families())
    if (family.name == result.family) read_temporal_layers(listing.path, family.unet.channels);
  result.description = fmt::format("temporal layers of Hotshot-XL: {} tensors with {} values, {}",
                                   listing.layout.size(), listing.values, tail(listing));
}

void read_autoencoder(const Listing& listing, Recognised& result) {
  read_vae_file(listing.path, families().front().vae);
  result.description = fmt::format("autoencoder for SD 1.5 or SDXL, {}", tail(listing));
}

void read_controlnet(const Listing& listing, Recognised& result) {
  result.family = read_controlnet_file(listing.path).family.name;
  result.description = fmt::format("ControlNet for {}, {}", result.family, tail(listing));
}

void read_lora_file(const Listing& listing, Recognised& result) {
  const Lora lora = read_lora(listing.path);
  const Family* family = family_of_lora(lora);
  std::set<std::string> parts;
  std::set<std::int64_t> ranks;
  for (const LoraLayer& layer : lora.layers) {
    parts.insert(layer.part);
    ranks.insert(layer.rank());
  }
  const std::string rank =
      ranks.size() == 1 ? fmt::format("{}", *ranks.begin()) : fmt::format("{} to {}", *ranks.begin(), *ranks.rbegin());
  result.family = family == nullptr ? "" : family->name;
  const bool other_widths = family == nullptr && std::any_of(families().begin(), families().end(),
                                                             [&](const Family& f) { return has_names_of(lora, f); });
  result.description =
      fmt::format("LoRA for {} ({} names): rank {}, {} layers of {}, {}",
                  family != nullptr ? family->name
                  : other_widths    ? "a UNet of other widths"
                                    : "an unknown network",
                  lora.naming, rank, lora.layers.size(), joined({parts.begin(), parts.end()}), tail(listing));
  require(family != nullptr || other_widths, lora.name,
          "expected a LoRA for SD 1.5 or SDXL but its layers, such as '{}', are in neither",
          lora.layers.front().key.substr(0, 200));
  if (family != nullptr) result.refusal = family->refusal;
}

void read_inversion(const Listing& listing, Recognised& result) {
  const TextualInversion inversion = read_textual_inversion(listing.path);
  result.family = inversion.clip_g_nd.defined() ? "SDXL" : inversion.clip_l_nd.defined() ? "SD 1.5" : "";
  result.description = fmt::format("textual inversion for {}: '{}', {} vectors, {}", result.family, inversion.token,
                                   inversion.vectors(), tail(listing));
}

// What is known by a telling name, first row first. A row without a reader is known by its name only.
struct Sign {
  FileKind kind;
  std::string_view name;
  bool (*matches)(const Layout& layout);
  void (*read)(const Listing& listing, Recognised& result);
  std::string_view refusal;
};

constexpr std::string_view kOtherNetwork =
    "it is no image model of Stable Diffusion; nothing here imports it as a file";
constexpr std::string_view kOtherAdapter = "adapters of this kind are not built here";

bool is_inversion(const Layout& layout) {
  if (layout.size() > 2) return false;
  if (layout.size() == 2) return layout.contains("clip_l") && layout.contains("clip_g");
  if (layout.empty()) return false;
  const Shape& shape = layout.begin()->second;
  return layout.contains("emb_params") || (!shape.empty() && shape.size() <= 2);
}

bool is_temporal(const Layout& layout) {
  return any_has(layout, ".temporal_attentions.") && !layout.contains("conv_in.weight");
}

const auto kSigns = std::to_array<Sign>({
    {FileKind::unknown, "ControlLoRA", [](const Layout& l) { return l.contains("lora_controlnet"); }, nullptr,
     kOtherAdapter},
    {FileKind::lora, "LoRA",
     [](const Layout& l) {
       return any_has(l, "lora_down.") || any_has(l, ".lora_A.") || any_has(l, "lora.down.") ||
              any_has(l, "lora_linear_layer.") || any_has(l, ".hada_w") || any_has(l, ".lokr_w") ||
              any_has(l, ".oft_") || any_begins(l, "lora_unet_");
     },
     read_lora_file, ""},
    {FileKind::unknown, "AnimateDiff motion module", [](const Layout& l) { return any_has(l, "motion_modules."); },
     nullptr, "its layers are not those of Hotshot-XL: other names and another place in the network"},
    {FileKind::unknown, "IP-Adapter",
     [](const Layout& l) { return any_begins(l, "ip_adapter.") || any_begins(l, "image_proj."); }, nullptr,
     kOtherAdapter},
    {FileKind::unknown, "T2I-Adapter",
     [](const Layout& l) { return any_begins(l, "adapter.body.") || any_begins(l, "body.0."); }, nullptr,
     kOtherAdapter},
    {FileKind::temporal_layers, "temporal layers of Hotshot-XL", is_temporal, read_temporal_file, ""},
    {FileKind::controlnet, "ControlNet",
     [](const Layout& l) {
       return any_begins(l, "control_model.") || any_begins(l, "controlnet_cond_embedding.") ||
              any_begins(l, "input_hint_block.");
     },
     read_controlnet, ""},
    {FileKind::network, "SD 3", [](const Layout& l) { return any_has(l, "joint_blocks.0."); }, nullptr, kOtherNetwork},
    {FileKind::network, "Flux", [](const Layout& l) { return any_has(l, "double_blocks.0."); }, nullptr, kOtherNetwork},
    {FileKind::network, "Wan transformer in the original names",
     [](const Layout& l) {
       return l.contains("head.modulation") || l.contains("model.diffusion_model.head.modulation");
     },
     nullptr, "give its folder in the diffusers layout"},
    {FileKind::network, "Wan transformer in diffusers' names",
     [](const Layout& l) { return l.contains("blocks.0.attn1.to_q.weight") && l.contains("scale_shift_table"); },
     nullptr, ""},
    {FileKind::network, "Wan autoencoder",
     [](const Layout& l) {
       return l.contains("decoder.middle.0.residual.0.gamma") || l.contains("decoder.mid_block.resnets.0.norm1.gamma");
     },
     nullptr, "give the whole model folder"},
    {FileKind::checkpoint, "checkpoint", [](const Layout& l) { return any_begins(l, "model.diffusion_model."); },
     read_checkpoint_file, ""},
    {FileKind::vae, "autoencoder",
     [](const Layout& l) {
       return l.contains("decoder.conv_in.weight") || l.contains("first_stage_model.decoder.conv_in.weight");
     },
     read_autoencoder, ""},
    {FileKind::network, "UNet in the original names", [](const Layout& l) { return any_begins(l, "input_blocks.0."); },
     nullptr, "give the whole checkpoint"},
    {FileKind::unet, "UNet in diffusers' names", [](const Layout& l) { return l.contains("conv_in.weight"); }, nullptr,
     ""},
    {FileKind::network, "CLIP text encoder",
     [](const Layout& l) {
       return any_has(l, "text_model.encoder.layers.0.") || any_has(l, "transformer.resblocks.0.");
     },
     nullptr, "give the whole model folder"},
    {FileKind::network, "T5 text encoder",
     [](const Layout& l) { return any_has(l, "layer.0.SelfAttention.q.") || l.contains("token_embedding.weight"); },
     nullptr, "give the whole model folder"},
    {FileKind::textual_inversion, "textual inversion", is_inversion, read_inversion, ""},
});

}  // namespace

Recognised recognise_file(const fs::path& path) {
  const Listing listing = list_file(path);
  require(!listing.layout.empty(), path.filename().string(), "expected tensors but the file holds none");
  for (const Sign& sign : kSigns) {
    if (!sign.matches(listing.layout)) continue;
    Recognised result = {.kind = sign.kind, .refusal = std::string(sign.refusal)};
    try {
      if (sign.read != nullptr) sign.read(listing, result);
    } catch (const InvalidArgument& error) {
      result.refusal = error.what();
    }
    if (result.description.empty()) result.description = fmt::format("{}, {}", sign.name, tail(listing));
    return result;
  }
  return {.kind = FileKind::unknown,
          .description = fmt::format("unknown: {} tensors, such as '{}', {}", listing.layout.size(),
                                     listing.layout.begin()->first.substr(0, 200), tail(listing)),
          .refusal = "its names are those of no kind of file that is known here"};
}

}  // namespace hotshot::weights
