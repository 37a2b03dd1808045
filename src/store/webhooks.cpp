#include "store/webhooks.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "store/ids.h"
#include "store/webhook_outbox.h"

namespace hotshot::store {
namespace {

void check(const std::string& name, const std::vector<std::string>& events) {
  require(!name.empty() && name.size() <= 200, "name", "expected 1 to 200 bytes but got {}", name.size());
  require(!events.empty() && events.size() <= 100, "events", "expected 1 to 100 events but got {}", events.size());
}

std::string events_text(const std::vector<std::string>& events) { return nlohmann::json(events).dump(); }

std::optional<WebhookEndpoint> find_endpoint(Connection& connection, const std::string& account,
                                             const std::string& id) {
  const Rows rows = connection.query(
      fmt::format("SELECT {} FROM webhook_endpoints WHERE account = $1 AND id = $2", kEndpointColumns), {account, id});
  if (rows.empty()) return {};
  return read_endpoint(rows[0]);
}

void write_endpoint(Connection& connection, WebhookEndpoint& endpoint) {
  endpoint.updated_ms = now_ms();
  connection.query(
      "UPDATE webhook_endpoints SET name = $2, url = $3, events = $4, secret = $5, old_secret = $6, "
      "old_secret_until_ms = $7, enabled = $8, failures = $9, failing_since_ms = $10, updated_ms = $11 WHERE id = $1",
      {endpoint.id, endpoint.name, endpoint.url, events_text(endpoint.events), endpoint.secret, endpoint.old_secret,
       endpoint.old_secret_until_ms, std::int64_t{endpoint.enabled}, std::int64_t{endpoint.failures},
       optional_value(endpoint.failing_since_ms), endpoint.updated_ms});
}

void forget_failures(Connection& connection, WebhookEndpoint& endpoint) {
  endpoint.failures = 0;
  endpoint.failing_since_ms.reset();
  connection.query("UPDATE webhook_endpoints SET rests_until_ms = 0 WHERE id = $1", {endpoint.id});
}

}  // namespace

const std::string_view kEndpointColumns =
    "webhook_endpoints.id, account, name, url, events, secret, old_secret, old_secret_until_ms, enabled, failures, "
    "failing_since_ms, webhook_endpoints.created_ms, updated_ms";

WebhookEndpoint read_endpoint(const Row& row, std::size_t first) {
  std::size_t i = first;
  WebhookEndpoint endpoint;
  for (std::string* member : {&endpoint.id, &endpoint.account, &endpoint.name, &endpoint.url}) *member = row.text(i++);
  endpoint.events = nlohmann::json::parse(row.text(i++)).get<std::vector<std::string>>();
  endpoint.secret = row.text(i++);
  endpoint.old_secret = row.text(i++);
  endpoint.old_secret_until_ms = row.integer(i++);
  endpoint.enabled = row.integer(i++) != 0;
  endpoint.failures = static_cast<int>(row.integer(i++));
  endpoint.failing_since_ms = row.optional_integer(i++);
  endpoint.created_ms = row.integer(i++);
  endpoint.updated_ms = row.integer(i++);
  return endpoint;
}

WebhookEndpoint Webhooks::create(const std::string& account, const std::string& name, const std::string& url,
                                 const std::vector<std::string>& events, const std::string& secret) {
  check(name, events);
  WebhookEndpoint made{
      .id = new_id("webhook"), .account = account, .name = name, .url = url, .events = events, .secret = secret};
  made.created_ms = made.updated_ms = now_ms();
  database_.transaction([&](Connection& connection) {
    const std::int64_t there =
        connection.query("SELECT count(*) FROM webhook_endpoints WHERE account = $1", {account}).at(0).integer(0);
    require(there < kMostEndpoints, "webhooks", "expected at most {} endpoints but there are {}", kMostEndpoints,
            there);
    connection.query(
        "INSERT INTO webhook_endpoints (id, account, name, url, events, secret, created_ms, updated_ms) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
        {made.id, account, name, url, events_text(events), secret, made.created_ms});
  });
  return made;
}

std::vector<WebhookEndpoint> Webhooks::list(const std::string& account) {
  std::vector<WebhookEndpoint> endpoints;
  for (const Row& row : database_.query(
           fmt::format("SELECT {} FROM webhook_endpoints WHERE account = $1 ORDER BY id", kEndpointColumns), {account}))
    endpoints.push_back(read_endpoint(row));
  return endpoints;
}

std::optional<WebhookEndpoint> Webhooks::find(const std::string& account, const std::string& id) {
  const Rows rows = database_.query(
      fmt::format("SELECT {} FROM webhook_endpoints WHERE account = $1 AND id = $2", kEndpointColumns), {account, id});
  if (rows.empty()) return {};
  return read_endpoint(rows[0]);
}

std::optional<WebhookEndpoint> Webhooks::change(const std::string& account, const std::string& id,
                                                const EndpointChanges& changes) {
  std::optional<WebhookEndpoint> endpoint;
  database_.transaction([&](Connection& connection) {
    endpoint = find_endpoint(connection, account, id);
    if (!endpoint) return;
    const WebhookEndpoint before = *endpoint;
    endpoint->name = changes.name.value_or(before.name);
    endpoint->url = changes.url.value_or(before.url);
    endpoint->events = changes.events.value_or(before.events);
    endpoint->enabled = changes.enabled.value_or(before.enabled);
    check(endpoint->name, endpoint->events);
    const bool moved = endpoint->url != before.url, switched = endpoint->enabled != before.enabled;
    if (!moved && !switched && endpoint->name == before.name && endpoint->events == before.events) return;
    if (moved || (switched && endpoint->enabled)) forget_failures(connection, *endpoint);
    if (switched && !endpoint->enabled) fail_waiting(connection, id, "the endpoint was switched off");
    write_endpoint(connection, *endpoint);
  });
  return endpoint;
}

std::optional<WebhookEndpoint> Webhooks::rotate(const std::string& account, const std::string& id,
                                                const std::string& secret, std::int64_t keep_ms) {
  std::optional<WebhookEndpoint> endpoint;
  database_.transaction([&](Connection& connection) {
    endpoint = find_endpoint(connection, account, id);
    if (!endpoint) return;
    endpoint->old_secret = keep_ms > 0 ? endpoint->secret : "";
    endpoint->old_secret_until_ms = keep_ms > 0 ? now_ms() + keep_ms : 0;
    endpoint->secret = secret;
    write_endpoint(connection, *endpoint);
  });
  return endpoint;
}

bool Webhooks::remove(const std::string& account, const std::string& id) {
  bool removed = false;
  database_.transaction([&](Connection& connection) {
    removed =
        !connection.query("DELETE FROM webhook_endpoints WHERE account = $1 AND id = $2 RETURNING id", {account, id})
             .empty();
    if (removed) connection.query("DELETE FROM webhook_deliveries WHERE endpoint = $1", {id});
  });
  return removed;
}

void erase_webhooks(Connection& connection, const std::string& account) {
  connection.query(
      "DELETE FROM webhook_deliveries WHERE endpoint IN (SELECT id FROM webhook_endpoints WHERE account = $1)",
      {account});
  connection.query("DELETE FROM webhook_endpoints WHERE account = $1", {account});
}

}  // namespace hotshot::store
