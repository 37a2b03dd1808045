#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "base/error.h"
#include "net/http.h"
#include "service/provider.h"

namespace hotshot::service {
namespace {

std::string size_text(const pipeline::PixelSize& size) { return fmt::format("{}x{}", size.width, size.height); }

std::string choose_size(const pipeline::GenerateRequest& request, const Offer& offer) {
  const auto& sizes = offer.abilities.sizes;
  const pipeline::PixelSize size = request.size.empty() ? sizes.front() : pipeline::parse_pixel_size(request.size);
  if (std::find(sizes.begin(), sizes.end(), size) == sizes.end()) {
    std::vector<std::string> names;
    for (const pipeline::PixelSize& known : sizes) names.push_back(size_text(known));
    throw_unknown("size", size_text(size), names);
  }
  return size_text(size);
}

double choose_seconds(const pipeline::GenerateRequest& request, const Offer& offer, Planned& planned) {
  require(!request.frames || !request.seconds, "frames", "expected either frames or seconds but got both");
  const Abilities& able = offer.abilities;
  const double wanted = request.frames ? static_cast<double>(*request.frames) / request.fps.value_or(able.fps)
                                       : request.seconds.value_or(able.seconds);
  const double made = *std::min_element(able.lengths.begin(), able.lengths.end(), [&](double a, double b) {
    return std::abs(a - wanted) < std::abs(b - wanted);
  });
  // A frame more or less is the container's affair.
  if (std::abs(made - wanted) * able.fps > 1.5)
    planned.warnings.push_back(fmt::format("{:g} s were asked for, {:g} s is what {} makes", wanted, made, offer.name));
  return made;
}

}  // namespace

void RemoteOffer::plan(const pipeline::GenerateRequest& given, Planned& planned) const {
  pipeline::GenerateRequest request = given;
  read_fields(request.fields(), write_fields(pipeline::GenerateRequest(given).fields()), "request");  // ranges
  if (planned.kind != "video") {
    throw net::HttpError(400, "unsupported",
                         fmt::format("[model] expected a model of this machine for a picture but got {}", name),
                         "model");
  }
  require(!net::trimmed(request.prompt).empty(), "prompt", "expected some text but got an empty prompt");
  planned.lane = provider_lane(provider);
  planned.effective = {{"prompt", request.prompt},
                       {"size", choose_size(request, *this)},
                       {"seconds", choose_seconds(request, *this, planned)},
                       {"provider", provider},
                       {"remote_model", remote_model}};
  std::vector<std::string> left_out;
  const nlohmann::json said = write_fields(request.fields());
  for (const char* setting : {"negative", "prompt_2", "negative_2", "steps", "guidance", "sampler", "shift"}) {
    if (!said.contains(setting) || said[setting] == "") continue;
    if (abilities.takes_setting(setting)) {
      planned.effective[setting] = said[setting];
    } else {
      left_out.emplace_back(setting);
    }
  }
  if (request.fps && *request.fps != abilities.fps) left_out.emplace_back("fps");
  if (!left_out.empty())
    planned.warnings.push_back(fmt::format("{} takes no {}: left out", name, fmt::join(left_out, ", ")));
  if (abilities.takes_setting("seed")) {
    planned.seed = request.seed ? *request.seed : std::random_device{}();
  } else {
    planned.warnings.push_back(fmt::format("{} takes no seed: asked again, it makes another clip", name));
  }
}

}  // namespace hotshot::service
