// How other services are spoken to: what each interface's requests and answers look like. No network here.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/offer.h"

namespace hotshot::service {

/// A clip as it is asked for.
struct RemoteOrder {
  std::string model;  // as the provider calls it
  std::string prompt;
  pipeline::PixelSize size;
  double seconds = 0;
  nlohmann::json settings = nlohmann::json::object();  // those it takes: "seed", "negative", "steps", "guidance"
};

/// One request; `path` follows the provider's url.
struct RemoteCall {
  std::string method = "GET";
  std::string path;
  nlohmann::json body = {};  // null: none
};

/// What an answer says of a clip.
struct RemoteState {
  enum class Status { running, done, failed };
  Status status = Status::running;
  double fraction = 0;    // 0..1
  std::string file = {};  // of done: where the clip is: a path after the provider's url, a URL, or "data:…;base64,…"
  std::string code = {};  // of failed, in the provider's words
  std::string message = {};
};

class RemoteInterface {
 public:
  virtual ~RemoteInterface() = default;
  /// What its models can do where the owner says nothing: that of the service it comes from.
  virtual Abilities abilities() const = 0;
  virtual RemoteCall create(const RemoteOrder& order) const = 0;
  /// Of the answer to create(); "" where it has none.
  virtual std::string id_in(const nlohmann::json& answer) const = 0;
  virtual RemoteCall poll(const std::string& id) const = 0;
  /// Of a 2xx answer to poll(), null where its body is none.
  virtual RemoteState state_in(const nlohmann::json& answer, const std::string& id) const = 0;
  /// Ends a clip that is being made; empty where there is no such call.
  virtual std::optional<RemoteCall> cancel(const std::string& /*id*/) const { return {}; }
  /// Whether a repeated create() with the same idempotency-key makes no second clip.
  virtual bool is_idempotent() const { return false; }
};

/// "openai", "xai" or "openrouter"; InvalidArgument, "[where] …", for others.
const RemoteInterface& remote_interface(const std::string& name, std::string_view where);

const RemoteInterface& remote_openai();
const RemoteInterface& remote_xai();
const RemoteInterface& remote_openrouter();

/// A member that is a string; "" for anything else.
std::string text_in(const nlohmann::json& object, const char* name);
/// code and message of {"error": {…}}, {"error": "…"} and {"code", "error"}.
std::pair<std::string, std::string> error_in(const nlohmann::json& answer);
/// The order's settings under the names that all three interfaces of this service read.
void add_settings(const RemoteOrder& order, nlohmann::json& body);

}  // namespace hotshot::service
