// OpenAI's interface on webhook endpoints, /v1/webhook_endpoints (as of npm openai 7.57).
#pragma once

#include <memory>

#include "net/router.h"
#include "service/webhook_calls.h"

namespace hotshot::service {

void add_openai_webhooks(net::Router& router, Service& service, std::shared_ptr<const WebhookCalls> calls);

}  // namespace hotshot::service
