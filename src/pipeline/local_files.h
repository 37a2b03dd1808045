// Files of this machine that a request may name. Apart from GenerateRequest::fields(), which strangers may fill in: who
// may name a file may have it read.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/options.h"

namespace hotshot::pipeline {

struct LocalFiles {
  std::string image;                    // a picture or clip to start from
  double strength = 0.6;                // how much of it gives way: 1 is all
  std::string mask;                     // white where the image is made anew; black stays
  std::vector<std::string> lora;        // "FILE" or "FILE:STRENGTH"
  std::vector<std::string> embedding;   // textual inversions
  std::vector<std::string> controlnet;  // folders or files of ControlNets
  std::vector<std::string> control;     // a picture or clip for each
  std::vector<double> control_scale;    // of each; 1 where there are fewer
  std::vector<double> control_start;    // share of the steps before it acts; 0 where there are fewer
  std::vector<double> control_end;      // share of the steps after which it no longer acts; 1 where there are fewer
  bool control_guess = false;           // on the prompt alone, and less in fine detail (model::ControlStrength)
  /// What is drawn of each control picture first: "none", "canny" or "soft"; the last one said counts for the others
  /// too.
  std::vector<std::string> control_edges;

  FieldList fields();
  /// The same files by their names alone (a name that another has too by that of its folder before it:
  /// "depth/model.safetensors"), and such names in a folder.
  LocalFiles names_alone() const;
  LocalFiles in_folder(const std::filesystem::path& folder) const;
  /// "none" where none is said.
  std::string edges_of_control(std::size_t index) const;
  bool empty() const {
    return image.empty() && mask.empty() && lora.empty() && embedding.empty() && controlnet.empty() && control.empty();
  }
};

/// A LoRA's file and strength. Throws InvalidArgument for a strength that is no number.
struct LoraChoice {
  std::string path;
  double strength = 1;
};
LoraChoice parse_lora_choice(const std::string& text);

}  // namespace hotshot::pipeline
