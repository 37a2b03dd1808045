// What the actions of `hotshot world` share.
#pragma once

#include <cstdint>
#include <string>

#include "base/options.h"
#include "world/scene.h"

namespace hotshot::cli {

/// Which scene: the index-th of a seed, or one described in JSON.
struct SceneChoice {
  std::uint64_t seed = 0;
  std::uint64_t index = 0;
  std::string split = "train";
  std::string scene;  // JSON as `hotshot world truth` prints it, or @FILE

  FieldList fields();
  /// Throws InvalidArgument for an unknown split, or a scene that the grammar does not allow.
  world::Scene pick(std::uint64_t offset = 0) const;
};

/// "train" or "held-out".
world::Split parse_split(const std::string& name);

int world_render(int argc, char** argv);
int world_sheet(int argc, char** argv);

}  // namespace hotshot::cli
