// Who wants to hear of jobs that ended, and what was said to them.
//
// A job's end puts one delivery for each endpoint that wants it into the outbox, in the transaction that ends the job
// (webhook_outbox.h): neither can be there without the other. Whoever claims a delivery sends it and records what came
// of it; should it die in between, another claims it again: at least once, always with the same event id.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/database.h"

namespace hotshot::store {

struct WebhookEndpoint {
  std::string id;  // "webhook_…"
  std::string account;
  std::string name;  // at most 200 bytes
  std::string url;
  std::vector<std::string> events;  // "video.completed"
  // Kept as they are, for they sign; the database file is its owner's alone to read. The old one signs too until then.
  std::string secret, old_secret = {};
  std::int64_t old_secret_until_ms = 0;
  bool enabled = true;
  int failures = 0;  // in a row
  std::optional<std::int64_t> failing_since_ms = {};
  std::int64_t created_ms = 0;
  std::int64_t updated_ms = 0;  // name, url, events, enabled or secret changed
};

struct EndpointChanges {
  std::optional<std::string> name = {}, url = {};
  std::optional<std::vector<std::string>> events = {};
  std::optional<bool> enabled = {};
};

enum class DeliveryState { waiting, delivered, failed };
std::string_view state_name(DeliveryState state);

struct WebhookDelivery {
  std::string id;        // "delivery_…"
  std::string endpoint;  // its id
  std::string event;     // "evt_…": the same in every try and for every endpoint
  std::string type;      // "video.completed"
  std::string job;
  DeliveryState state = DeliveryState::waiting;
  int attempts = 0;
  std::optional<int> status;  // HTTP status of the last answer
  std::string error;          // why the last try came to nothing; empty where it did not
  std::int64_t created_ms = 0;
  std::int64_t due_ms = 0;  // of the next try, while it waits
  std::optional<std::int64_t> tried_ms;
};

/// A delivery in a sender's hands.
struct WebhookClaim {
  WebhookEndpoint endpoint;
  WebhookDelivery delivery;
};

/// What came of a try. No status: there was no whole answer.
struct WebhookResult {
  std::optional<int> status = {};
  std::string error = {};  // empty: it was taken
};

/// Milliseconds from the nth failed try (1, 2, …) to the next: 5 s, three times longer each time, at most 6 hours.
std::int64_t webhook_backoff_ms(int failures);

/// Thread-safe, and safe for several processes on one database.
class Webhooks {
 public:
  static constexpr int kMostEndpoints = 20;  // of an account
  static constexpr int kMostLogged = 500;    // deliveries of an endpoint that are over, the newest
  static constexpr std::int64_t kGiveUpMs = 72ll * 3600 * 1000;
  /// An endpoint that failed that often in a row, and for that long, is disabled.
  static constexpr int kDisableAfter = 20;
  static constexpr std::int64_t kDisableAfterMs = 5ll * 24 * 3600 * 1000;

  explicit Webhooks(Database& database) : database_(database) {}

  /// InvalidArgument for a bad name, no events, or too many endpoints.
  WebhookEndpoint create(const std::string& account, const std::string& name, const std::string& url,
                         const std::vector<std::string>& events, const std::string& secret);
  /// Oldest first.
  std::vector<WebhookEndpoint> list(const std::string& account);
  std::optional<WebhookEndpoint> find(const std::string& account, const std::string& id);
  /// The endpoint as it is now; empty for an unknown one. A new URL, and being enabled again, forget its failures; of a
  /// disabled one everything that waits has failed.
  std::optional<WebhookEndpoint> change(const std::string& account, const std::string& id,
                                        const EndpointChanges& changes);
  /// The secret before signs besides the new one for `keep_ms` more.
  std::optional<WebhookEndpoint> rotate(const std::string& account, const std::string& id, const std::string& secret,
                                        std::int64_t keep_ms);
  /// With its deliveries. False for an unknown one.
  bool remove(const std::string& account, const std::string& id);

  /// The next delivery that is due, for `lease_ms`; nobody else gets one of the same endpoint until it is recorded or
  /// the lease is over. Empty where none is due.
  std::optional<WebhookClaim> claim(std::int64_t lease_ms);
  /// Records a claim's result. A failed one waits again, until kGiveUpMs after the job's end; the endpoint rests
  /// meanwhile. 410 Gone disables it. Nothing happens where the lease ran out and another has the delivery.
  void record(const WebhookClaim& claim, const WebhookResult& result);
  /// Puts a claim back as if it had not been taken.
  void give_back(const WebhookClaim& claim);

  /// Deliveries of everybody that wait for their first or next try.
  std::int64_t waiting();
  /// Newest first, those after `after` (a delivery's id) in that order; `limit` 1 to 1000.
  std::vector<WebhookDelivery> deliveries(const std::string& endpoint, int limit, const std::string& after = {});
  /// Makes one due now, whatever came of it before. False for an unknown one and for those of disabled endpoints.
  bool send_again(const std::string& endpoint, const std::string& delivery);

 private:
  Database& database_;
};

}  // namespace hotshot::store
