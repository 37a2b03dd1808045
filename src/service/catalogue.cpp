#include "service/catalogue.h"

#include <algorithm>

#include "base/error.h"
#include "net/http.h"
#include "pipeline/library.h"
#include "store/database.h"
#include "weights/digest.h"

namespace hotshot::service {
namespace {

constexpr std::int64_t kLookAgainMs = 1000;

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

bool is_usable(const OfferPointer& offer) { return offer->problem.empty(); }

}  // namespace

void Catalogue::refresh() {
  const std::int64_t now = store::now_ms();
  if (now - looked_ms_ < kLookAgainMs && !local_.empty()) return;
  looked_ms_ = now;
  std::vector<std::shared_ptr<const LocalOffer>> offers;
  for (const pipeline::ModelEntry& entry : pipeline::list_models(pipeline::model_roots())) {
    const std::int64_t changed = newest_change_ms(entry.path);
    const auto known = std::find_if(local_.begin(), local_.end(), [&](const auto& offer) {
      return offer->name == entry.name && offer->path == entry.path && offer->changed_ms == changed;
    });
    offers.push_back(known != local_.end() ? *known
                                           : std::make_shared<const LocalOffer>(entry.name, entry.path, changed));
  }
  local_ = std::move(offers);
}

std::vector<OfferPointer> Catalogue::list() {
  const std::lock_guard lock(mutex_);
  refresh();
  std::vector<OfferPointer> offers(local_.begin(), local_.end());
  offers.insert(offers.end(), remote_.begin(), remote_.end());
  return offers;
}

bool Catalogue::offers(const std::string& name) {
  const std::vector<OfferPointer> all = list();
  return std::any_of(all.begin(), all.end(), [&](const OfferPointer& offer) { return offer->name == name; });
}

OfferPointer Catalogue::find(const std::string& name) {
  const std::vector<OfferPointer> offers = list();
  const std::string wanted = name.empty() ? std::string(pipeline::kDefaultModel) : name;
  auto found = std::find_if(offers.begin(), offers.end(), [&](const auto& offer) { return offer->name == wanted; });
  if (name.empty() && (found == offers.end() || !is_usable(*found))) {
    found = std::find_if(offers.begin(), offers.end(), is_usable);
  }
  if (found == offers.end()) {
    std::string known;
    for (const OfferPointer& offer : offers) known += (known.empty() ? "" : ", ") + offer->name;
    throw net::HttpError(404, "model_not_found",
                         fmt::format("[model] expected one of {} but got '{}'", known.empty() ? "none" : known, wanted),
                         "model");
  }
  if (!is_usable(*found)) throw net::HttpError(400, "invalid_request", (*found)->problem, "model");
  return *found;
}

std::shared_ptr<const LocalOffer> Catalogue::find_local(const std::string& name) {
  const std::lock_guard lock(mutex_);
  refresh();
  const auto found = std::find_if(local_.begin(), local_.end(), [&](const auto& offer) { return offer->name == name; });
  require(found != local_.end(), "model", "expected a model of this machine but got '{}'", name);
  if (!is_usable(*found)) throw InvalidArgument((*found)->problem);
  return *found;
}

std::string Catalogue::digest(const LocalOffer& offer) {
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

Planned Catalogue::plan(const std::string& model, const pipeline::GenerateRequest& request, const std::string& kind) {
  const OfferPointer offer = find(model);
  Planned planned{.model = offer->name, .kind = kind, .count = request.count};
  try {
    offer->plan(request, planned);
  } catch (const InvalidArgument& error) {
    throw net::HttpError(400, "invalid_request", error.what(), field_of(error.what()));
  }
  planned.requested = write_fields(pipeline::GenerateRequest(request).fields());
  planned.requested["model"] = offer->name;
  planned.effective["model"] = offer->name;
  return planned;
}

pipeline::GenerateRequest request_of(const nlohmann::json& settings, std::string_view where) {
  pipeline::GenerateRequest request;
  const FieldList fields = request.fields();
  nlohmann::json known = nlohmann::json::object();
  for (const Field& field : fields) {
    if (settings.contains(field.name)) known[field.name] = settings[field.name];
  }
  read_fields(fields, known, where);
  return request;
}

}  // namespace hotshot::service
