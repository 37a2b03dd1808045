#include "service/webhook_message.h"

#include <array>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "service/webhook_signature.h"

namespace hotshot::service {
namespace {

constexpr std::chrono::seconds kTimeout{10};
constexpr std::uint64_t kMostAnswer = 1 << 20;
constexpr std::size_t kMostError = 500;
constexpr std::array<std::string_view, 2> kEventTypes = {"video.completed", "video.failed"};

std::string body_of(const store::WebhookDelivery& delivery) {
  return nlohmann::ordered_json{{"id", delivery.event},
                                {"object", "event"},
                                {"type", delivery.type},
                                {"created_at", delivery.created_ms / 1000},
                                {"data", {{"id", delivery.job}}}}
      .dump();
}

// One for each secret that is good now: a receiver may know either.
std::string signatures(const store::WebhookEndpoint& endpoint, const std::string& id, std::int64_t now_ms,
                       const std::string& body) {
  std::string all = webhook_signature(endpoint.secret, id, now_ms / 1000, body);
  if (!endpoint.old_secret.empty() && endpoint.old_secret_until_ms > now_ms)
    all += " " + webhook_signature(endpoint.old_secret, id, now_ms / 1000, body);
  return all;
}

}  // namespace

std::span<const std::string_view> webhook_event_types() { return kEventTypes; }

net::Reach webhook_reach(const ServiceConfig& config) { return {.hosts = config.webhook_hosts}; }

store::WebhookResult send_webhook(const net::Client& client, const store::WebhookEndpoint& endpoint,
                                  const store::WebhookDelivery& delivery, const std::function<bool()>& cancelled) {
  const std::int64_t now = store::now_ms();
  const std::string body = body_of(delivery);
  const net::ClientRequest request{.method = "POST",
                                   .url = endpoint.url,
                                   .headers = {{"content-type", "application/json"},
                                               {"user-agent", "hotshot-webhooks"},
                                               {"webhook-id", delivery.event},
                                               {"webhook-timestamp", fmt::format("{}", now / 1000)},
                                               {"webhook-signature", signatures(endpoint, delivery.event, now, body)}},
                                   .body = body,
                                   .timeout = kTimeout,
                                   .max_bytes = kMostAnswer,
                                   .cancelled = cancelled};
  try {
    const int status = client.send(request).status;
    if (status / 100 == 2) return {.status = status};
    return {.status = status, .error = fmt::format("expected a status of 200 to 299 but got {}", status)};
  } catch (const net::ClientError& error) {
    if (cancelled && cancelled()) throw Cancelled();
    return {.error = std::string(error.what()).substr(0, kMostError)};
  } catch (const InvalidArgument& error) {  // the settings have changed since it was made
    return {.error = std::string(error.what()).substr(0, kMostError)};
  }
}

}  // namespace hotshot::service
