// A judge with random weights.
#pragma once

#include <filesystem>

#include "data/world_attributes.h"
#include "model/clip_classifier.h"
#include "model/part.h"

namespace hotshot::evaluation {

inline model::ClipClassifierConfig tiny_judge() {
  model::ClipClassifierConfig config;
  config.channels = {8};
  config.blocks = {1};
  config.num_layers = 1;
  config.num_attention_heads = 2;
  return config;
}

/// tiny_judge() with the world's questions.
inline model::ClipClassifierConfig tiny_world_judge() {
  model::ClipClassifierConfig config = tiny_judge();
  for (const data::WorldAttribute& attribute : data::world_attributes()) {
    config.attributes.emplace_back(attribute.name);
    config.classes.push_back(static_cast<int>(attribute.classes.size()));
  }
  return config;
}

inline void write_judge(const std::filesystem::path& folder, const model::ClipClassifierConfig& config) {
  model::ClipClassifier network(config);
  network.initialize(3);
  model::save_part(network, network.config().to_json(), folder / "judge", "model", at::kBFloat16);
}

}  // namespace hotshot::evaluation
