#include "service/wish.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/error.h"

namespace hotshot::service {
namespace {

// What models of closed services are called.
constexpr auto kGoneNames =
    std::to_array<std::string_view>({"sora", "grok-imagine", "openai/sora", "x-ai/grok-imagine"});

bool is_gone(const std::string& model) {
  return std::any_of(kGoneNames.begin(), kGoneNames.end(),
                     [&](std::string_view name) { return model.starts_with(name); });
}

// The model's size whose shape is nearest to the wanted one.
pipeline::PixelSize nearest_size(const Abilities& able, double aspect) {
  const auto distance = [&](const pipeline::PixelSize& size) {
    return std::abs(std::log(static_cast<double>(size.width) / size.height / aspect));
  };
  return *std::min_element(able.sizes.begin(), able.sizes.end(),
                           [&](const auto& a, const auto& b) { return distance(a) < distance(b); });
}

std::string size_text(const pipeline::PixelSize& size) { return fmt::format("{}x{}", size.width, size.height); }

nlohmann::json requested_json(const Asked& asked, const std::string& model) {
  nlohmann::json json{{"model", asked.model.empty() ? model : asked.model}, {"prompt", asked.prompt}};
  if (!asked.negative.empty()) json["negative"] = asked.negative;
  if (asked.size) json["size"] = *asked.size;
  if (asked.aspect) json["aspect"] = *asked.aspect;
  if (asked.seconds) json["seconds"] = *asked.seconds;
  if (asked.seed) json["seed"] = *asked.seed;
  if (asked.steps) json["steps"] = *asked.steps;
  if (asked.guidance) json["guidance"] = *asked.guidance;
  return json;
}

[[noreturn]] void refuse(const char* field, const std::string& message) {
  throw net::HttpError(400, "invalid_request", fmt::format("[{}] {}", field, message), field);
}

// One of the model's sizes, or on its grid and no larger than what it was made for: such a size is taken as it is (with
// the plan's warning where it was not made for it), another one is snapped.
bool can_make(const Abilities& able, const pipeline::PixelSize& wanted) {
  const int step = able.size_step;
  const bool on_grid = step > 0 && wanted.width % step == 0 && wanted.height % step == 0;
  return std::any_of(able.sizes.begin(), able.sizes.end(), [&](const pipeline::PixelSize& size) {
    const bool no_larger =
        static_cast<std::int64_t>(wanted.width) * wanted.height <= static_cast<std::int64_t>(size.width) * size.height;
    return wanted == size || (on_grid && no_larger);
  });
}

void choose_size(const Asked& asked, const Offer& offer, Wish& wish) {
  if (!asked.size) {
    if (asked.aspect) wish.request.size = size_text(nearest_size(offer.abilities, *asked.aspect));
    return;
  }
  const pipeline::PixelSize wanted = pipeline::parse_pixel_size(*asked.size);
  const bool fits = can_make(offer.abilities, wanted);
  const auto used = fits ? wanted : nearest_size(offer.abilities, static_cast<double>(wanted.width) / wanted.height);
  wish.request.size = size_text(used);
  if (!fits)
    wish.warnings.push_back(
        fmt::format("{} was asked for, {} is what {} makes", *asked.size, wish.request.size, offer.name));
}

void choose_seconds(const Asked& asked, const Offer& offer, Wish& wish) {
  if (!asked.seconds) return;
  const double longest = offer.abilities.good_seconds;
  if (!(*asked.seconds > 0)) refuse("seconds", fmt::format("expected more than 0 but got {}", *asked.seconds));
  wish.request.seconds = std::min(*asked.seconds, longest);
  if (*asked.seconds > longest) {
    wish.warnings.push_back(
        fmt::format("{:g} s were asked for, {:g} s is what {} makes", *asked.seconds, longest, offer.name));
  }
}

}  // namespace

Wish understand(Service& service, const Asked& asked) {
  const bool gone = is_gone(asked.model) && !service.catalogue().offers(asked.model);
  const OfferPointer offer = service.catalogue().find(gone ? "" : asked.model);
  Wish wish{.model = offer->name};
  if (gone) wish.warnings.push_back(fmt::format("{} is not here; {} makes the clip", asked.model, offer->name));
  wish.request.prompt = asked.prompt;
  wish.request.negative = asked.negative;
  choose_size(asked, *offer, wish);
  choose_seconds(asked, *offer, wish);
  if (asked.seed) {
    if (*asked.seed < 0) refuse("seed", fmt::format("expected 0 or more but got {}", *asked.seed));
    wish.request.seed = static_cast<std::uint64_t>(*asked.seed);
  }
  if (asked.steps) {
    if (*asked.steps < 1 || *asked.steps > 1000)
      refuse("steps", fmt::format("expected 1 to 1000 but got {}", *asked.steps));
    wish.request.steps = static_cast<int>(*asked.steps);
  }
  wish.request.guidance = asked.guidance;
  wish.requested = requested_json(asked, offer->name);
  return wish;
}

store::Job grant(Service& service, const store::Identity& who, const Wish& wish, const Submission& how) {
  Planned planned = service.catalogue().plan(wish.model, wish.request);
  if (!wish.requested.is_null()) planned.requested = wish.requested;
  for (const std::string& warning : wish.warnings) planned.warnings.push_back(warning);
  return submit(service, who, planned, how).jobs.front();
}

double parse_aspect(const std::string& text, const char* field) {
  double width = 0, height = 0;
  const std::size_t colon = text.find(':');
  const char* end = text.data() + text.size();
  if (colon != std::string::npos) {
    const auto left = std::from_chars(text.data(), text.data() + colon, width);
    const auto right = std::from_chars(text.data() + colon + 1, end, height);
    if (left.ptr == text.data() + colon && right.ptr == end && width > 0 && height > 0 && width / height < 1e3 &&
        height / width < 1e3) {
      return width / height;
    }
  }
  refuse(field, fmt::format("expected a ratio such as 16:9 but got '{}'", text.substr(0, 80)));
}

double job_seconds(const store::Job& job) {
  if (!job.effective.is_object()) return 0;
  const double fps = job.effective.value("fps", 0.0), frames = job.effective.value("frames", 0.0);
  return fps > 0 ? std::round(frames / fps * 1000) / 1000 : job.effective.value("seconds", 0.0);
}

}  // namespace hotshot::service
