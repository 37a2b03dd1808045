// What is said to an endpoint, and how: one signed request.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "net/client.h"
#include "service/config.h"
#include "store/webhooks.h"

namespace hotshot::service {

/// What endpoints can be told of.
std::span<const std::string_view> webhook_event_types();

/// Where webhooks may go: by https to public addresses, and to the hosts of the setting webhook_hosts.
net::Reach webhook_reach(const ServiceConfig& config);

/// POSTs OpenAI's event object of this delivery to the endpoint: no redirects, 10 s, any 2xx takes it. Never throws for
/// what the endpoint does; Cancelled where `cancelled` said so.
store::WebhookResult send_webhook(const net::Client& client, const store::WebhookEndpoint& endpoint,
                                  const store::WebhookDelivery& delivery, const std::function<bool()>& cancelled = {});

}  // namespace hotshot::service
