// A recipe file: what is trained, on what, how long. One TOML table per options struct.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "data/file_clips.h"
#include "training/loop.h"

namespace hotshot::training {

/// What every recipe says at its top.
struct RecipeOptions {
  std::string part;     // what is trained: "unet" …, one of the rows in recipe.cpp
  std::string model;    // name of the model folder the result goes to
  std::string initial;  // a model folder, seen from the one being trained, to start from instead of fresh weights
  FieldList fields();
};

/// Where a run reads and writes.
struct RunPlaces {
  std::filesystem::path run_folder;     // checkpoints, log, previews
  std::filesystem::path model_folder;   // parts already there are read, the trained ones written
  std::filesystem::path latent_folder;  // latents kept between runs
  data::PictureReader pictures = {};    // for data sets of files; empty where this program reads none
};

/// A parsed recipe, ready to run.
struct Recipe {
  RecipeOptions top;
  LoopOptions loop;
  OptimizerOptions optimizer;
  std::string digest;         // of the recipe's text without what only changes how often things are written
  bool changes_model = true;  // false: what is learned goes to the run folder, the model folder is only read
  /// Builds the task (reads weights, allocates).
  std::function<std::unique_ptr<Task>(const RunPlaces&, at::Device)> make_task;
};

/// Throws InvalidArgument for unknown tables or fields, with the known ones.
Recipe read_recipe(const std::filesystem::path& path);

}  // namespace hotshot::training
