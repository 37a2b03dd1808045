// The models this service offers, and what becomes of a request for one of them.
#pragma once

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/model_folder.h"
#include "pipeline/request.h"

namespace hotshot::service {

/// One model as it is offered.
struct Offer {
  std::string name;
  std::filesystem::path path;
  std::string problem = {};  // why it cannot be used; empty: it can
  std::optional<pipeline::ModelFolder> folder = {};
  std::int64_t changed_ms = 0;  // when its files last changed
};

/// A request that was understood: what to store of it.
struct Planned {
  std::string model = {};
  nlohmann::json requested = {};  // as asked, in the words of pipeline::GenerateRequest, and "model"
  nlohmann::json effective = {};  // settled, and "model", "digest", "frames_made"; seed of the first clip
  nlohmann::json warnings = {};
  std::uint64_t seed = 0;
  int count = 1;
};

/// Thread-safe; looks again at the folders at most once a second.
class Catalogue {
 public:
  std::vector<Offer> list();
  /// A usable model; empty name: the default one (pipeline::kDefaultModel, else the first that can be used). HttpError
  /// 404 "model_not_found" for an unknown name, 400 for one with a problem.
  Offer find(const std::string& name);
  /// SHA-256 of the model's files, kept while they do not change.
  std::string digest(const Offer& offer);
  /// Checks a request against its model and this machine's memory; seeds that were not given are drawn. HttpError 400
  /// "invalid_request", param the field at fault.
  Planned plan(const std::string& model, const pipeline::GenerateRequest& request);

 private:
  void refresh();

  std::mutex mutex_;
  std::int64_t looked_ms_ = 0;
  std::vector<Offer> offers_;
  std::map<std::string, std::pair<std::int64_t, std::string>> digests_;
};

/// As GET /api/v1/models says it.
nlohmann::json model_json(const Offer& offer, bool is_default);

}  // namespace hotshot::service
