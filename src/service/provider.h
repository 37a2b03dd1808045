// Other services whose models are offered here: what the owner writes of each, as [[provider]] in the settings file.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "service/offer.h"

namespace hotshot::service {

/// Text that is never printed: it has no formatter, and must be asked for by name.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  const std::string& reveal() const { return text_; }
  /// `message` with every occurrence of it replaced by "…".
  std::string remove_from(std::string message) const;

 private:
  std::string text_;
};

struct RemoteModel {
  std::string name;     // as the provider calls it
  Abilities abilities;  // what may be asked of it
};

struct Provider {
  std::string name;       // before the '/' in the names of its models here
  std::string interface;  // remote_interface.h
  std::string url;        // of the interface, without '/' at the end: "https://api.example.org/v1"
  Secret key;             // empty: none is sent
  std::vector<RemoteModel> models;
  bool idempotent = false;     // asked twice with one idempotency-key, it makes one clip
  int timeout_minutes = 1440;  // from asking for a clip until it is given up
};

/// The [[provider]] tables: name, interface, url, key or key_env (the name of an environment variable), models; what
/// its models can do, where it differs from what its interface says: sizes, seconds, fps, takes (of "seed", "negative",
/// "steps", "guidance"); idempotent, timeout_minutes. Tables [[provider.model]] (name, sizes, seconds, fps, takes) are
/// for models that differ from the others. Throws InvalidArgument, "[where] …", that never shows a key.
std::vector<Provider> read_providers(const nlohmann::json& tables, std::string_view where);

/// The lane in which jobs of a provider wait (store::NewJob).
std::string provider_lane(const std::string& provider);

/// A model of a provider, "PROVIDER/MODEL".
struct RemoteOffer : Offer {
  RemoteOffer(const Provider& provider, const RemoteModel& model);
  /// The size must be one of its sizes; the length becomes the nearest that it makes. What it does not take is left
  /// out, and warnings say so. "provider" and "remote_model" are added.
  void plan(const pipeline::GenerateRequest& request, Planned& planned) const override;

  std::string remote_model;
};

}  // namespace hotshot::service
