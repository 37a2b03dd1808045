#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "store/ids.h"
#include "store/webhook_outbox.h"

namespace hotshot::store {
namespace {

constexpr std::int64_t kFirstBackoffMs = 5'000, kMostBackoffMs = 6ll * 3600 * 1000;
constexpr std::int64_t kMostRestMs = 15ll * 60 * 1000;  // of an endpoint, while each of its deliveries waits for longer
constexpr int kGone = 410;

constexpr std::array<std::string_view, 3> kStates = {"waiting", "delivered", "failed"};

constexpr std::string_view kDeliveryColumns =
    "webhook_deliveries.id, endpoint, event, type, job, state, attempts, status, error, "
    "webhook_deliveries.created_ms, due_ms, tried_ms";

WebhookDelivery read_delivery(const Row& row, std::size_t first = 0) {
  std::size_t i = first;
  WebhookDelivery delivery;
  for (std::string* member : {&delivery.id, &delivery.endpoint, &delivery.event, &delivery.type, &delivery.job})
    *member = row.text(i++);
  const auto* state = std::find(kStates.begin(), kStates.end(), row.text(i++));
  ensure(state != kStates.end(), "webhooks", "expected a state but got '{}'", row.text(i - 1));
  delivery.state = static_cast<DeliveryState>(state - kStates.begin());
  delivery.attempts = static_cast<int>(row.integer(i++));
  if (const auto status = row.optional_integer(i++)) delivery.status = static_cast<int>(*status);
  delivery.error = row.text(i++);
  delivery.created_ms = row.integer(i++);
  delivery.due_ms = row.integer(i++);
  delivery.tried_ms = row.optional_integer(i++);
  return delivery;
}

// Of endpoints that nobody is sending to and that do not rest, the delivery that is due for longest.
constexpr std::string_view kDue =
    "FROM webhook_deliveries JOIN webhook_endpoints ON webhook_endpoints.id = webhook_deliveries.endpoint "
    "WHERE state = 'waiting' AND due_ms <= $1 AND rests_until_ms <= $1";

bool still_claimed(Connection& connection, const WebhookClaim& claim) {
  return !connection
              .query("SELECT 1 FROM webhook_deliveries WHERE id = $1 AND attempts = $2 AND state = 'waiting'",
                     {claim.delivery.id, std::int64_t{claim.delivery.attempts}})
              .empty();
}

void rest(Connection& connection, const std::string& endpoint, std::int64_t until_ms) {
  connection.query("UPDATE webhook_endpoints SET rests_until_ms = $2 WHERE id = $1", {endpoint, until_ms});
}

void record_success(Connection& connection, const std::string& endpoint) {
  connection.query(
      "UPDATE webhook_endpoints SET failures = 0, failing_since_ms = NULL, rests_until_ms = 0 WHERE id = $1",
      {endpoint});
}

void record_failure(Connection& connection, const std::string& endpoint, std::int64_t now, bool gone) {
  const Row row = connection
                      .query(
                          "UPDATE webhook_endpoints SET failures = failures + 1, "
                          "failing_since_ms = coalesce(failing_since_ms, $2) WHERE id = $1 "
                          "RETURNING failures, failing_since_ms",
                          {endpoint, now})
                      .at(0);
  const int failures = static_cast<int>(row.integer(0));
  rest(connection, endpoint, now + std::min(webhook_backoff_ms(failures), kMostRestMs));
  const bool hopeless = failures >= Webhooks::kDisableAfter && now - row.integer(1) >= Webhooks::kDisableAfterMs;
  if (!gone && !hopeless) return;
  connection.query("UPDATE webhook_endpoints SET enabled = 0, updated_ms = $2 WHERE id = $1", {endpoint, now});
  fail_waiting(connection, endpoint, gone ? "the endpoint is gone for good" : "the endpoint failed for too long");
}

void keep_newest(Connection& connection, const std::string& endpoint) {
  connection.query(
      "DELETE FROM webhook_deliveries WHERE endpoint = $1 AND state <> 'waiting' AND id <= (SELECT id FROM "
      "webhook_deliveries WHERE endpoint = $1 AND state <> 'waiting' ORDER BY id DESC LIMIT 1 OFFSET $2)",
      {endpoint, std::int64_t{Webhooks::kMostLogged}});
}

}  // namespace

std::string_view state_name(DeliveryState state) { return kStates.at(static_cast<std::size_t>(state)); }

std::int64_t webhook_backoff_ms(int failures) {
  std::int64_t wait = kFirstBackoffMs;
  for (int i = 1; i < failures && wait < kMostBackoffMs; ++i) wait *= 3;
  return std::min(wait, kMostBackoffMs);
}

void queue_webhooks(Connection& connection, const std::string& account, const std::string& type,
                    const std::string& job) {
  const std::string event = new_id("evt");
  const std::int64_t now = now_ms();
  for (const Row& row : connection.query(
           fmt::format("SELECT {} FROM webhook_endpoints WHERE account = $1 AND enabled = 1", kEndpointColumns),
           {account})) {
    const WebhookEndpoint endpoint = read_endpoint(row);
    if (std::find(endpoint.events.begin(), endpoint.events.end(), type) == endpoint.events.end()) continue;
    connection.query(
        "INSERT INTO webhook_deliveries (id, endpoint, event, type, job, created_ms, due_ms) "
        "VALUES ($1, $2, $3, $4, $5, $6, $6)",
        {new_id("delivery", now), endpoint.id, event, type, job, now});
  }
}

void fail_waiting(Connection& connection, const std::string& endpoint, const std::string& why) {
  connection.query(
      "UPDATE webhook_deliveries SET state = 'failed', error = $2 WHERE endpoint = $1 AND state = 'waiting'",
      {endpoint, why});
  keep_newest(connection, endpoint);
}

std::optional<WebhookClaim> Webhooks::claim(std::int64_t lease_ms) {
  // Senders with nothing to do ask again and again: they must not hold up those who write.
  std::optional<WebhookClaim> claim;
  if (database_.query(fmt::format("SELECT 1 {} LIMIT 1", kDue), {now_ms()}).empty()) return claim;
  database_.transaction([&](Connection& connection) {
    claim.reset();
    const std::int64_t now = now_ms();
    const Rows rows = connection.query(fmt::format("SELECT {}, {} {} ORDER BY due_ms, webhook_deliveries.id LIMIT 1",
                                                   kEndpointColumns, kDeliveryColumns, kDue),
                                       {now});
    if (rows.empty()) return;
    claim = WebhookClaim{read_endpoint(rows[0]), read_delivery(rows[0], kEndpointColumnCount)};
    ++claim->delivery.attempts;
    claim->delivery.tried_ms = now;
    connection.query("UPDATE webhook_deliveries SET attempts = $2, tried_ms = $3 WHERE id = $1",
                     {claim->delivery.id, std::int64_t{claim->delivery.attempts}, now});
    rest(connection, claim->endpoint.id, now + lease_ms);
  });
  return claim;
}

void Webhooks::record(const WebhookClaim& claim, const WebhookResult& result) {
  const WebhookDelivery& delivery = claim.delivery;
  database_.transaction([&](Connection& connection) {
    if (!still_claimed(connection, claim)) return;
    const std::int64_t now = now_ms();
    const bool delivered = result.error.empty(), last = now - delivery.created_ms >= kGiveUpMs;
    const DeliveryState state = delivered ? DeliveryState::delivered
                                : last    ? DeliveryState::failed
                                          : DeliveryState::waiting;
    connection.query(
        "UPDATE webhook_deliveries SET state = $2, status = $3, error = $4, due_ms = $5 WHERE id = $1",
        {delivery.id, std::string(state_name(state)), result.status ? Value(std::int64_t{*result.status}) : Value(),
         result.error, now + webhook_backoff_ms(delivery.attempts)});
    if (delivered) {
      record_success(connection, claim.endpoint.id);
    } else {
      record_failure(connection, claim.endpoint.id, now, result.status == kGone);
    }
    if (state != DeliveryState::waiting) keep_newest(connection, claim.endpoint.id);
  });
}

void Webhooks::give_back(const WebhookClaim& claim) {
  database_.transaction([&](Connection& connection) {
    if (!still_claimed(connection, claim)) return;
    connection.query("UPDATE webhook_deliveries SET attempts = attempts - 1 WHERE id = $1", {claim.delivery.id});
    rest(connection, claim.endpoint.id, 0);
  });
}

std::int64_t Webhooks::waiting() {
  return database_.query("SELECT count(*) FROM webhook_deliveries WHERE state = 'waiting'").at(0).integer(0);
}

std::vector<WebhookDelivery> Webhooks::deliveries(const std::string& endpoint, int limit, const std::string& after) {
  std::vector<WebhookDelivery> deliveries;
  for (const Row& row :
       database_.query(fmt::format("SELECT {} FROM webhook_deliveries WHERE endpoint = $1 AND ($2 = '' OR id < $2) "
                                   "ORDER BY id DESC LIMIT $3",
                                   kDeliveryColumns),
                       {endpoint, after, std::int64_t{std::clamp(limit, 1, 1000)}}))
    deliveries.push_back(read_delivery(row));
  return deliveries;
}

bool Webhooks::send_again(const std::string& endpoint, const std::string& delivery) {
  bool again = false;
  database_.transaction([&](Connection& connection) {
    again = !connection
                 .query(
                     "UPDATE webhook_deliveries SET state = 'waiting', due_ms = $3 WHERE endpoint = $1 AND id = $2 "
                     "AND EXISTS (SELECT 1 FROM webhook_endpoints WHERE id = $1 AND enabled = 1) RETURNING id",
                     {endpoint, delivery, now_ms()})
                 .empty();
    if (again) rest(connection, endpoint, 0);
  });
  return again;
}

}  // namespace hotshot::store
