// Networks whose weights LoRAs have changed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pipeline/local_files.h"
#include "pipeline/model_folder.h"
#include "weights/lora.h"

namespace hotshot::pipeline {

/// A LoRA of a run, and what became of it.
struct LoraInUse {
  weights::Lora lora;
  double strength = 1;
  int merged = 0;                        // layers, over all parts
  std::vector<std::string> unmatched{};  // layers that no part has, as the file calls them
};

/// Reads "FILE" or "FILE:STRENGTH" each. Throws InvalidArgument.
std::vector<LoraInUse> read_loras(const std::vector<std::string>& choices);

/// A line for each LoRA with layers that no network has.
std::vector<std::string> unmatched_lines(const std::vector<LoraInUse>& loras);

/// As pipeline::load_weights, with the LoRAs merged in.
void load_weights_with_loras(nn::Module& network, const ModelFolder& folder, const std::string& part,
                             std::vector<LoraInUse>& loras, at::ScalarType dtype, at::Device device);

template <class Network>
std::unique_ptr<Network> load_with_loras(const ModelFolder& folder, const std::string& part,
                                         std::vector<LoraInUse>& loras, at::ScalarType dtype, at::Device device) {
  const PartSummary& summary = folder.part(part);
  auto network = model::build_network<Network>(summary.class_name, part, summary.config, part);
  load_weights_with_loras(*network, folder, part, loras, dtype, device);
  return network;
}

}  // namespace hotshot::pipeline
