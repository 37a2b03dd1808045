#include "pipeline/finish.h"

#include <utility>

#include "media/ping_pong.h"

namespace hotshot::pipeline {

FieldList Finish::fields() {
  return {{"quality", "quality of the file up to 100; GIF and PNG ignore it", &quality, {0, 100}},
          {"loop", "how often a GIF or WebP plays; 0 = for ever", &loop, {0, 65535}},
          {"ping_pong", "play forwards, then backwards", &ping_pong}};
}

Clip Finish::shown(Clip clip) const {
  if (ping_pong) clip.frames = media::ping_pong(std::move(clip.frames));
  return clip;
}

media::EncodeOptions Finish::encoding(std::string recipe, std::string digital_source) const {
  return {.recipe = std::move(recipe), .digital_source = std::move(digital_source), .quality = quality, .loop = loop};
}

}  // namespace hotshot::pipeline
