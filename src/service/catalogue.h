// The models this service offers, of this machine and of providers, and what becomes of a request for one of them.
#pragma once

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "service/local_offer.h"
#include "service/offer.h"

namespace hotshot::service {

/// Thread-safe; looks again at this machine's model folders at most once a second.
class Catalogue {
 public:
  /// `remote`: offered after this machine's own.
  explicit Catalogue(std::vector<OfferPointer> remote = {}) : remote_(std::move(remote)) {}

  std::vector<OfferPointer> list();
  bool offers(const std::string& name);
  /// A usable model; empty name: the default one (pipeline::kDefaultModel, else the first that can be used). HttpError
  /// 404 "model_not_found" for an unknown name, 400 for one with a problem.
  OfferPointer find(const std::string& name);
  /// A usable model of this machine. InvalidArgument where it is none.
  std::shared_ptr<const LocalOffer> find_local(const std::string& name);
  /// SHA-256 of the model's files, kept while they do not change.
  std::string digest(const LocalOffer& offer);
  /// Checks a request for a `kind` ("video", "image") of clip against its model; seeds that were not given are drawn.
  /// HttpError 400 "invalid_request", param the field at fault, or "unsupported".
  Planned plan(const std::string& model, const pipeline::GenerateRequest& request, const std::string& kind = "video");

 private:
  void refresh();

  const std::vector<OfferPointer> remote_;
  std::mutex mutex_;
  std::int64_t looked_ms_ = 0;
  std::vector<std::shared_ptr<const LocalOffer>> local_;
  std::map<std::string, std::pair<std::int64_t, std::string>> digests_;
};

/// The request that a job's settings stand for; what is no field of a request is passed over. InvalidArgument,
/// "[where] …", for other types and values.
pipeline::GenerateRequest request_of(const nlohmann::json& settings, std::string_view where);

}  // namespace hotshot::service
