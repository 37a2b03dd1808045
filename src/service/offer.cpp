#include "service/offer.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace hotshot::service {

bool Abilities::takes_setting(std::string_view name) const {
  return std::find(takes.begin(), takes.end(), name) != takes.end();
}

nlohmann::json model_json(const Offer& offer, bool is_default) {
  using nlohmann::json;
  const auto or_null = [](const auto& value) { return value ? json(*value) : json(); };
  const auto text_or_null = [](const std::string& text) { return text.empty() ? json() : json(text); };
  json model{{"id", offer.name}, {"kind", "video"}, {"ready", offer.problem.empty()}, {"default", is_default}};
  model["provider"] = text_or_null(offer.provider);
  model["problem"] = text_or_null(offer.problem);
  if (!offer.problem.empty()) return model;
  const Abilities& able = offer.abilities;
  model["sizes"] = json::array();
  for (const pipeline::PixelSize& size : able.sizes)
    model["sizes"].push_back(fmt::format("{}x{}", size.width, size.height));
  model["size_step"] = able.size_step > 0 ? json(able.size_step) : json();
  model["fps"] = able.fps;
  model["frames"] = std::lround(able.seconds * able.fps);
  model["seconds"] = able.seconds;
  model["max_seconds"] = able.max_seconds;
  model["lengths"] = able.lengths.empty() ? json() : json(able.lengths);
  model["steps"] = or_null(able.steps);
  model["guidance"] = or_null(able.guidance);
  model["sampler"] = text_or_null(able.sampler);
  model["samplers"] = able.samplers;
  model["takes"] = able.takes;
  model["start_image"] = false;
  model["world"] = able.world;
  return model;
}

}  // namespace hotshot::service
