#include "weights/textual_inversion.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "weights/safetensors.h"

namespace hotshot::weights {
namespace {

constexpr std::int64_t kMaxVectors = 75;  // a prompt's 77 tokens but for its start and end
constexpr std::int64_t kClipL = 768;
constexpr std::int64_t kClipG = 1280;
constexpr std::int64_t kOpenClipH = 1024;

at::Tensor vectors_nd(const at::Tensor& tensor, const std::string& where) {
  require(at::isFloatingType(tensor.scalar_type()) && (tensor.dim() == 1 || tensor.dim() == 2), where,
          "expected a vector or a list of vectors but got {} axes of {}", tensor.dim(),
          at::toString(tensor.scalar_type()));
  require(tensor.numel() > 0, where, "expected at least one vector");
  const at::Tensor vectors =
      tensor.to(at::kFloat, /*non_blocking=*/false, /*copy=*/true).reshape({-1, tensor.size(-1)});
  require(vectors.size(0) >= 1 && vectors.size(0) <= kMaxVectors, where, "expected 1 to {} vectors but got {}",
          kMaxVectors, vectors.size(0));
  require(at::isfinite(vectors).all().item<bool>(), where, "expected finite numbers");
  return vectors;
}

void place(TextualInversion& inversion, const at::Tensor& vectors, const std::string& where) {
  const std::int64_t width = vectors.size(1);
  require(width == kClipL || width == kClipG, where,
          "expected vectors of {} features (CLIP ViT-L) or {} (bigG) but got {}{}", kClipL, kClipG, width,
          width == kOpenClipH ? ": these are for SD 2.x, which does not run here" : "");
  (width == kClipL ? inversion.clip_l_nd : inversion.clip_g_nd) = vectors;
}

std::string as_token(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return c <= ' '; }, '_');
  return name;
}

}  // namespace

TextualInversion read_textual_inversion(const std::filesystem::path& path) {
  const std::string where = fmt::format("textual inversion {}", path.filename().string());
  const SafetensorsFile file = read_safetensors(path);
  TextualInversion inversion = {.token = as_token(path.stem().string()), .clip_l_nd = {}, .clip_g_nd = {}};
  const bool pair = file.tensors.size() == 2 && file.tensors.contains("clip_l") && file.tensors.contains("clip_g");
  require(pair || file.tensors.size() == 1, where,
          "expected emb_params, clip_l and clip_g, or one tensor named as its token but got {} tensors",
          file.tensors.size());
  for (const auto& [name, tensor] : file.tensors) {
    place(inversion, vectors_nd(tensor, where), where);
    if (!pair && !name.empty() && name != "emb_params" && name != "clip_l" && name != "clip_g")
      inversion.token = as_token(name);
  }
  require(!pair || (inversion.clip_l_nd.defined() && inversion.clip_g_nd.defined()), where,
          "expected clip_l of {} features and clip_g of {}", kClipL, kClipG);
  require(!pair || inversion.clip_l_nd.size(0) == inversion.clip_g_nd.size(0), where,
          "expected as many vectors in clip_l as in clip_g");
  return inversion;
}

}  // namespace hotshot::weights
