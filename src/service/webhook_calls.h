// What both interfaces on webhooks do: OpenAI's and our own.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "net/client.h"
#include "net/router.h"
#include "service/service.h"
#include "service/tasks.h"

namespace hotshot::service {

class WebhookCalls {
 public:
  /// All of them outlive this; this outlives the tasks.
  WebhookCalls(const net::Router& router, Service& service, Tasks& tasks);

  /// The endpoint, if it is this account's; else HttpError 404 "not_found".
  store::WebhookEndpoint find(const store::Identity& who, const std::string& id) const;
  /// HttpError 400 "invalid_request" for a URL that may not be reached and for other events than there are.
  store::WebhookEndpoint create(const store::Identity& who, const std::string& name, const std::string& url,
                                const std::vector<std::string>& events) const;
  store::WebhookEndpoint change(const store::Identity& who, const std::string& id,
                                const store::EndpointChanges& changes) const;
  /// Its new secret; the old one signs too for a day where `keep_old`.
  store::WebhookEndpoint rotate(const store::Identity& who, const std::string& id, bool keep_old) const;
  void remove(const store::Identity& who, const std::string& id) const;
  /// Sends a sample of that type now, of a clip that is none, and answers what `shown` makes of the result.
  net::Response test(const net::Request& request, const store::WebhookEndpoint& endpoint, const std::string& type,
                     std::function<net::Response(const store::WebhookResult&)> shown) const;

 private:
  void check(const store::EndpointChanges& changes) const;

  const net::Router& router_;
  Service& service_;
  Tasks& tasks_;
  net::Client client_;
};

/// A member that lists texts; empty where it is missing or null. HttpError 400 "invalid_request".
std::optional<std::vector<std::string>> texts_member(const nlohmann::json& object, const char* name);
std::optional<std::string> optional_text_member(const nlohmann::json& object, const char* name);

}  // namespace hotshot::service
