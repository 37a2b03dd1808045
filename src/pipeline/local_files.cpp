#include "pipeline/local_files.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "base/error.h"

namespace hotshot::pipeline {

FieldList LocalFiles::fields() {
  return {{"image", "a picture or clip to start from", &image},
          {"strength", "how much of the image gives way; 1 is all", &strength, {0.01, 1}},
          {"mask", "picture: white where the image is made anew", &mask},
          {"lora", "FILE or FILE:STRENGTH; several change the model together", &lora},
          {"embedding", "file of a word that was learned (textual inversion)", &embedding},
          {"controlnet", "folder or file of a ControlNet", &controlnet},
          {"control", "a picture or clip for each ControlNet", &control},
          {"control_scale", "how strongly each acts", &control_scale, {0, 10}},
          {"control_start", "share of the steps before each acts", &control_start, {0, 1}},
          {"control_end", "share of the steps after which each rests", &control_end, {0, 1}},
          {"control_guess", "ControlNets act on the prompt alone, and less in fine detail", &control_guess},
          {"control_edges", "what is drawn of each control picture first: none, canny or soft", &control_edges}};
}

namespace {

template <class Change>
LocalFiles changed(LocalFiles files, const Change& change) {
  for (std::string* path : {&files.image, &files.mask}) {
    if (!path->empty()) *path = change(*path);
  }
  for (auto* list : {&files.lora, &files.embedding, &files.controlnet, &files.control}) {
    for (std::string& path : *list) path = change(path);
  }
  return files;
}

}  // namespace

LocalFiles LocalFiles::names_alone() const {
  const auto plain = [](const std::filesystem::path& path) {
    return path.has_filename() ? path : path.parent_path();  // "folder/"
  };
  std::map<std::string, std::set<std::string>> paths_of;
  changed(*this, [&](const std::filesystem::path& path) {
    paths_of[plain(path).filename().string()].insert(plain(path).lexically_normal().string());
    return path.string();
  });
  return changed(*this, [&](const std::filesystem::path& given) {
    const std::filesystem::path path = plain(given), name = path.filename();
    const bool shared = paths_of[name.string()].size() > 1;
    return (shared ? path.parent_path().filename() / name : name).string();
  });
}

std::string LocalFiles::edges_of_control(std::size_t index) const {
  return control_edges.empty() ? "none" : control_edges[std::min(index, control_edges.size() - 1)];
}

LocalFiles LocalFiles::in_folder(const std::filesystem::path& folder) const {
  return changed(*this, [&](const std::filesystem::path& path) { return (folder / path).string(); });
}

LoraChoice parse_lora_choice(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return {text};
  const std::string tail = text.substr(colon + 1);
  double strength = 0;
  const auto [end, error] = std::from_chars(tail.data(), tail.data() + tail.size(), strength);
  const bool number = !tail.empty() && error == std::errc() && end == tail.data() + tail.size();
  if (!number && tail.find('.') != std::string::npos && tail.ends_with(".safetensors")) return {text};
  require(number && std::isfinite(strength) && std::abs(strength) <= 100, "lora",
          "expected FILE:STRENGTH with a strength from -100 to 100 but got '{}'", text);
  return {text.substr(0, colon), strength};
}

}  // namespace hotshot::pipeline
