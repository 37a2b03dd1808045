// From the frames that a model made to those of a file.
#pragma once

#include <string>

#include "base/clip.h"
#include "base/options.h"
#include "media/encode.h"

namespace hotshot::pipeline {

/// What is done to a made clip on its way into a file. The field list feeds flags and recipes.
struct Finish {
  int quality = media::EncodeOptions{}.quality;
  int loop = media::EncodeOptions{}.loop;
  bool ping_pong = false;

  FieldList fields();
  /// The clip as it is shown.
  Clip shown(Clip clip) const;
  media::EncodeOptions encoding(std::string recipe, std::string digital_source) const;
  bool operator==(const Finish&) const = default;
};

}  // namespace hotshot::pipeline
