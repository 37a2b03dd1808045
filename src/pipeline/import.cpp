#include "pipeline/import.h"

#include "base/error.h"
#include "pipeline/model_folder.h"
#include "text/clip_vocabulary.h"
#include "weights/image_model.h"
#include "weights/network_file.h"
#include "weights/network_names.h"
#include "weights/part.h"
#include "weights/recognise.h"
#include "weights/safetensors.h"

namespace hotshot::pipeline {
namespace {

namespace fs = std::filesystem;
using weights::FileKind;

std::string name_of(const fs::path& path, const ImportOptions& options) {
  if (!options.name.empty()) return options.name;
  std::string name = path.stem().string();
  for (char& c : name) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
    if (!plain) c = '-';
  }
  return name;
}

weights::ImageModel read_base(const ImportOptions& options, const std::vector<ModelRoot>& roots, const char* what) {
  require(!options.base.empty(), "import", "expected --base MODEL for {} but got none", what);
  const fs::path path = options.base;
  if (fs::is_regular_file(path)) return weights::read_single_file(path);
  return weights::read_image_folder(find_model(options.base, roots));
}

weights::ImageModel read_checkpoint(const fs::path& path, const ImportOptions& options,
                                    const std::vector<ModelRoot>& roots) {
  weights::ImageModel model = weights::read_single_file(path);
  if (!model.missing_parts().empty() && !options.base.empty()) {
    weights::complete(model, read_base(options, roots, "the parts a checkpoint lacks"));
  }
  return model;
}

weights::ImageModel read_temporal(const fs::path& path, const ImportOptions& options,
                                  const std::vector<ModelRoot>& roots) {
  weights::ImageModel model = read_base(options, roots, "temporal layers, which need an SDXL model to stand on");
  weights::add_temporal_layers(model, weights::read_temporal_layers(path, model.family.unet.channels));
  return model;
}

weights::ImageModel read_vae(const fs::path& path, const ImportOptions& options, const std::vector<ModelRoot>& roots) {
  weights::ImageModel model = read_base(options, roots, "an autoencoder, which belongs to a model");
  model.parts["vae"] = fs::is_directory(path) ? weights::vae_to_diffusers(weights::read_part(path))
                                              : weights::read_vae_file(path, model.family.vae);
  return model;
}

weights::ImageModel read_unet(const fs::path& path, const ImportOptions& options, const std::vector<ModelRoot>& roots) {
  weights::ImageModel model = read_base(options, roots, "a UNet, which belongs to a model");
  model.parts["unet"] = fs::is_directory(path) ? weights::read_part(path) : weights::read_safetensors(path).tensors;
  return model;
}

// Writes the folder; what cannot be opened afterwards does not stay.
fs::path write(const weights::ImageModel& model, const std::string& name, const std::vector<ModelRoot>& roots) {
  const fs::path place = place_for_model(name, roots), merges = find_clip_merges(roots);
  weights::write_image_folder(model, place, [&](const fs::path& folder, const weights::Family&) {
    const bool second = folder.filename() == "tokenizer_2";
    text::write_clip_tokenizer(merges, second ? "!" : text::kClipEnd, folder);
  });
  try {
    open_model(place);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(place, ignored);
    throw;
  }
  return place;
}

std::string advice_for(FileKind kind) {
  switch (kind) {
    case FileKind::lora:
      return "a LoRA needs no import: hotshot generate … --lora FILE:STRENGTH";
    case FileKind::controlnet:
      return "a ControlNet needs no import: hotshot generate … --controlnet FILE --control PICTURE";
    case FileKind::textual_inversion:
      return "a learned word needs no import: hotshot generate … --embedding FILE";
    default:
      return "";
  }
}

}  // namespace

fs::path find_clip_merges(const std::vector<ModelRoot>& roots) {
  std::string looked;
  for (const ModelRoot& root : roots) {
    const fs::path path = root.path / "clip-tokenizer" / "merges.txt";
    if (fs::exists(path)) return path;
    looked += (looked.empty() ? "" : ", ") + path.string();
  }
  throw_invalid("import", fmt::format("expected CLIP's vocabulary in {} but there is none", looked));
}

Imported import_path(const fs::path& path, const ImportOptions& options, const std::vector<ModelRoot>& roots) {
  require(fs::exists(path), "import", "expected a file or folder but '{}' is none", path.string());
  if (fs::is_directory(path) && fs::exists(path / "model_index.json")) {
    const weights::Recognised found = weights::recognise(path);
    require(found.refusal.empty(), "import", "expected what can be used here but {} is {}: {}", path.string(),
            found.description, found.refusal);
    const ModelFolder folder = open_model(path);
    return {.description = found.description, .place = import_model(folder.path, options.name, options.copy, roots)};
  }
  require(!fs::is_directory(path) || fs::exists(path / "config.json"), "import",
          "expected model_index.json, or a part's config.json, in '{}' but there is neither", path.string());
  const weights::Recognised found = weights::recognise(path);
  require(found.refusal.empty(), "import", "expected what can be used here but {} is {}: {}", path.string(),
          found.description, found.refusal);
  Imported result{.description = found.description, .advice = advice_for(found.kind)};
  if (!result.advice.empty()) return result;
  weights::ImageModel model;
  switch (found.kind) {
    case FileKind::checkpoint:
      model = read_checkpoint(path, options, roots);
      break;
    case FileKind::temporal_layers:
      model = read_temporal(path, options, roots);
      break;
    case FileKind::vae:
      model = read_vae(path, options, roots);
      break;
    case FileKind::unet:
      model = read_unet(path, options, roots);
      break;
    default:
      throw_invalid("import",
                    fmt::format("expected a model, or a part of one, but {} is {}", path.string(), found.description));
  }
  result.place = write(model, name_of(path, options), roots);
  result.left = model.ignored;
  return result;
}

}  // namespace hotshot::pipeline
