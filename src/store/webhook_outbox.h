// What the store says to endpoints (webhooks.h), from within the transactions of others.
#pragma once

#include <string>
#include <string_view>

#include "store/webhooks.h"

namespace hotshot::store {

/// Adds a delivery for every enabled endpoint of `account` that wants events of `type`.
void queue_webhooks(Connection& connection, const std::string& account, const std::string& type,
                    const std::string& job);

/// Deletes all endpoints of an account, with their deliveries.
void erase_webhooks(Connection& connection, const std::string& account);

/// The columns that read_endpoint expects, in its order, from `first` on.
extern const std::string_view kEndpointColumns;
constexpr std::size_t kEndpointColumnCount = 13;
WebhookEndpoint read_endpoint(const Row& row, std::size_t first = 0);

/// Gives up what waits for an endpoint.
void fail_waiting(Connection& connection, const std::string& endpoint, const std::string& why);

}  // namespace hotshot::store
