// Files as artists have them → models with a name: single-file checkpoints, Hotshot-XL's temporal layers on any SDXL,
// autoencoders of their own.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pipeline/library.h"
#include "weights/recognise.h"

namespace hotshot::pipeline {

struct ImportOptions {
  std::string name;   // what to call it; empty: the file's own name
  bool copy = false;  // a model folder is copied instead of linked
  std::string base;   // a model by name, folder or file: gives the parts that a file lacks
};

struct Imported {
  std::string description;        // what the file is, in a line
  std::filesystem::path place;    // of the model folder; empty where a file needs no import (LoRA …)
  std::string advice;             // how such a file is used instead
  std::vector<std::string> left;  // what the file also holds and nobody needs, a line each
};

/// Recognises `path` from its keys and shapes and makes a model of it in the first own root:
///   a model folder            linked or copied
///   a checkpoint              written as a folder; parts it lacks come from `base`
///   temporal layers           on `base`, an SDXL model: a Hotshot-XL model
///   an autoencoder            in place of that of `base`
/// LoRAs, ControlNets and textual inversions stay files: see advice. Throws InvalidArgument for what cannot be used,
/// with the reason. The model appears whole or not at all, and can be opened.
Imported import_path(const std::filesystem::path& path, const ImportOptions& options,
                     const std::vector<ModelRoot>& roots);

/// CLIP's list of merges, which no checkpoint carries: "clip-tokenizer/merges.txt" in one of the roots. Throws
/// InvalidArgument where there is none.
std::filesystem::path find_clip_merges(const std::vector<ModelRoot>& roots);

}  // namespace hotshot::pipeline
