#include "service/catalogue.h"

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "diffusion/sampler.h"
#include "net/http.h"
#include "pipeline/library.h"
#include "store/database.h"
#include "weights/digest.h"

namespace hotshot::service {
namespace {

constexpr std::int64_t kLookAgainMs = 1000;

std::int64_t newest_change(const std::filesystem::path& folder) {
  std::error_code ignored;
  std::int64_t newest = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           folder, std::filesystem::directory_options::follow_directory_symlink, ignored)) {
    const auto time = entry.last_write_time(ignored).time_since_epoch();
    newest = std::max(newest, std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
  }
  return newest;
}

// "[size] expected …" → "size", when it is a field of a request.
std::string field_of(std::string_view message) {
  if (!message.starts_with('[')) return {};
  const std::string name(message.substr(1, message.find_first_of("] ") - 1));
  pipeline::GenerateRequest request;
  for (const Field& field : request.fields()) {
    if (field.name == name) return name;
  }
  return {};
}

double longest_seconds(const pipeline::ModelFolder& folder) {
  const int most = (folder.transformer.rope_max_seq_len - 1) * folder.vae.scale_factor_temporal + 1;
  return std::min(most, 10 * folder.trained.frames) / static_cast<double>(folder.trained.fps);
}

}  // namespace

void Catalogue::refresh() {
  const std::int64_t now = store::now_ms();
  if (now - looked_ms_ < kLookAgainMs && !offers_.empty()) return;
  looked_ms_ = now;
  std::vector<Offer> offers;
  for (const pipeline::ModelEntry& entry : pipeline::list_models(pipeline::model_roots())) {
    const std::int64_t changed = newest_change(entry.path);
    const auto known = std::find_if(offers_.begin(), offers_.end(), [&](const Offer& offer) {
      return offer.name == entry.name && offer.path == entry.path && offer.changed_ms == changed;
    });
    if (known != offers_.end()) {
      offers.push_back(*known);
      continue;
    }
    Offer offer{entry.name, entry.path, {}, {}, changed};
    try {
      offer.folder = pipeline::open_model(entry.path);
    } catch (const std::exception& error) {
      offer.problem = error.what();
    }
    offers.push_back(std::move(offer));
  }
  offers_ = std::move(offers);
}

std::vector<Offer> Catalogue::list() {
  const std::lock_guard lock(mutex_);
  refresh();
  return offers_;
}

Offer Catalogue::find(const std::string& name) {
  const std::vector<Offer> offers = list();
  const auto usable = [](const Offer& offer) { return offer.problem.empty(); };
  const std::string wanted = name.empty() ? std::string(pipeline::kDefaultModel) : name;
  auto found = std::find_if(offers.begin(), offers.end(), [&](const Offer& offer) { return offer.name == wanted; });
  if (name.empty() && (found == offers.end() || !usable(*found))) {
    found = std::find_if(offers.begin(), offers.end(), usable);
  }
  if (found == offers.end()) {
    std::string known;
    for (const Offer& offer : offers) known += (known.empty() ? "" : ", ") + offer.name;
    throw net::HttpError(404, "model_not_found",
                         fmt::format("[model] expected one of {} but got '{}'", known.empty() ? "none" : known, wanted),
                         "model");
  }
  if (!usable(*found)) throw net::HttpError(400, "invalid_request", found->problem, "model");
  return *found;
}

std::string Catalogue::digest(const Offer& offer) {
  {
    const std::lock_guard lock(mutex_);
    const auto known = digests_.find(offer.path.string());
    if (known != digests_.end() && known->second.first == offer.changed_ms) return known->second.second;
  }
  const std::string digest = weights::folder_digest(offer.path);
  const std::lock_guard lock(mutex_);
  digests_[offer.path.string()] = {offer.changed_ms, digest};
  return digest;
}

Planned Catalogue::plan(const std::string& model, const pipeline::GenerateRequest& request) {
  const Offer offer = find(model);
  Planned planned{.model = offer.name, .count = request.count};
  try {
    const pipeline::Plan plan = pipeline::plan_request(request, *offer.folder);
    pipeline::require_memory(plan.memory, pipeline::available_memory());
    planned.requested = write_fields(pipeline::GenerateRequest(request).fields());
    planned.requested["model"] = offer.name;
    pipeline::GenerateRequest settled = plan.settled;
    settled.threads = 0;
    planned.effective = write_fields(settled.fields());
    planned.effective["model"] = offer.name;
    planned.effective["frames_made"] = plan.frames_made;
    planned.warnings = plan.warnings;
    planned.seed = plan.seed;
  } catch (const InvalidArgument& error) {
    throw net::HttpError(400, "invalid_request", error.what(), field_of(error.what()));
  }
  return planned;
}

nlohmann::json model_json(const Offer& offer, bool is_default) {
  nlohmann::json json{{"id", offer.name}, {"kind", "video"}, {"ready", offer.problem.empty()}, {"default", is_default}};
  json["problem"] = offer.problem.empty() ? nlohmann::json() : nlohmann::json(offer.problem);
  if (!offer.folder) return json;
  const pipeline::Trained& trained = offer.folder->trained;
  json["sizes"] = nlohmann::json::array();
  for (const pipeline::PixelSize& size : trained.sizes)
    json["sizes"].push_back(fmt::format("{}x{}", size.width, size.height));
  json["samplers"] = nlohmann::json::array();
  for (const diffusion::SamplerInfo& sampler : diffusion::samplers()) json["samplers"].push_back(sampler.name);
  const int shown = std::max(1, trained.frames - 1);
  json["fps"] = trained.fps;
  json["frames"] = shown;
  json["seconds"] = static_cast<double>(shown) / trained.fps;
  json["max_seconds"] = longest_seconds(*offer.folder);
  json["steps"] = trained.steps;
  json["guidance"] = trained.guidance;
  json["sampler"] = trained.sampler.empty() ? offer.folder->scheduler.sampler : trained.sampler;
  json["size_step"] = offer.folder->size_step();
  json["start_image"] = false;
  json["world"] = trained.data == pipeline::kCartoonWorld;
  return json;
}

}  // namespace hotshot::service
