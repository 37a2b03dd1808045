#include "store/schema.h"

#include <array>
#include <regex>
#include <string>
#include <utility>

namespace hotshot::store {
namespace {

// Truth is 0 or 1, text that is not there is '', times are milliseconds since 1970, lists and objects are JSON.
constexpr std::string_view kVersion1 = R"sql(
CREATE TABLE jobs (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  kind TEXT NOT NULL,
  dialect TEXT NOT NULL,
  model TEXT NOT NULL,
  prompt TEXT NOT NULL,
  title TEXT NOT NULL,
  search TEXT NOT NULL,              -- prompt and title, folded
  requested TEXT NOT NULL,
  effective TEXT,
  warnings TEXT NOT NULL,
  files TEXT NOT NULL,
  status TEXT NOT NULL,
  priority BIGINT NOT NULL,
  phase TEXT NOT NULL DEFAULT '',
  done BIGINT NOT NULL DEFAULT 0,
  total BIGINT NOT NULL DEFAULT 0,
  fraction DOUBLE PRECISION NOT NULL DEFAULT 0,
  seconds_left DOUBLE PRECISION,
  preview TEXT NOT NULL DEFAULT '',
  checkpoint TEXT NOT NULL DEFAULT '',
  error_code TEXT,
  error_message TEXT,
  attempts BIGINT NOT NULL DEFAULT 0,
  max_attempts BIGINT NOT NULL,
  cancel_requested BIGINT NOT NULL DEFAULT 0,
  removing BIGINT NOT NULL DEFAULT 0,  -- goes when its worker lets go; hidden until then
  lease_owner TEXT NOT NULL DEFAULT '',
  lease_token BIGINT NOT NULL DEFAULT 0,  -- grows with every claim
  lease_until BIGINT NOT NULL DEFAULT 0,
  parent TEXT NOT NULL,
  relation TEXT NOT NULL,
  job_group TEXT NOT NULL,
  folder TEXT NOT NULL,
  favourite BIGINT NOT NULL DEFAULT 0,
  share TEXT,
  created_ms BIGINT NOT NULL,
  started_ms BIGINT,
  finished_ms BIGINT,
  trashed_ms BIGINT,
  version BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX jobs_by_time ON jobs (created_ms, id);
CREATE INDEX jobs_by_owner ON jobs (owner, created_ms, id);
-- With the status, which is the same throughout, SQLite needs no look at the job itself.
CREATE INDEX jobs_queued ON jobs (kind, priority, owner, created_ms, id, status) WHERE status = 'queued';
CREATE INDEX jobs_waiting ON jobs (owner, status) WHERE status = 'queued';
CREATE INDEX jobs_running ON jobs (owner, status) WHERE status = 'running';
CREATE INDEX jobs_started ON jobs (owner, started_ms);
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE status = 'running';
CREATE INDEX jobs_trashed ON jobs (trashed_ms) WHERE trashed_ms IS NOT NULL;
CREATE INDEX jobs_by_group ON jobs (job_group) WHERE job_group <> '';
CREATE INDEX jobs_by_parent ON jobs (parent) WHERE parent <> '';
CREATE UNIQUE INDEX jobs_by_share ON jobs (share) WHERE share IS NOT NULL;

-- Which blobs a job needs: as 'file', 'preview' or 'checkpoint'.
CREATE TABLE blob_uses (
  job TEXT NOT NULL,
  purpose TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  owner TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  PRIMARY KEY (job, purpose, sha256)
);
CREATE INDEX blob_uses_by_blob ON blob_uses (sha256);
CREATE INDEX blob_uses_by_owner ON blob_uses (owner, sha256, bytes);
CREATE TABLE unneeded_blobs (sha256 TEXT PRIMARY KEY, since_ms BIGINT NOT NULL);

-- A day of jobs per owner, for quotas: removed ones too, failed and cancelled ones not.
CREATE TABLE submissions (job TEXT PRIMARY KEY, owner TEXT NOT NULL, created_ms BIGINT NOT NULL);
CREATE INDEX submissions_by_owner ON submissions (owner, created_ms);
CREATE INDEX submissions_by_time ON submissions (created_ms);

CREATE TABLE idempotency (
  owner TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  jobs TEXT NOT NULL,
  expires_ms BIGINT NOT NULL,
  PRIMARY KEY (owner, idempotency_key)
);
CREATE INDEX idempotency_by_time ON idempotency (expires_ms);

CREATE TABLE events (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  job TEXT NOT NULL,
  owner TEXT NOT NULL,
  at_ms BIGINT NOT NULL
);
CREATE INDEX events_by_time ON events (at_ms);

CREATE TABLE accounts (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  folded_name TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL,
  disabled BIGINT NOT NULL DEFAULT 0,
  clips_per_day BIGINT,
  password TEXT,                     -- Argon2id; NULL: cannot sign in
  created_ms BIGINT NOT NULL
);
CREATE TABLE sessions (
  secret_sha256 TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  expires_ms BIGINT NOT NULL
);
CREATE INDEX sessions_by_account ON sessions (account);
CREATE TABLE account_keys (
  id TEXT PRIMARY KEY,
  secret_sha256 TEXT NOT NULL UNIQUE,
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  hint TEXT NOT NULL,
  scope TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  expires_ms BIGINT,
  last_used_ms BIGINT
);
CREATE INDEX account_keys_by_account ON account_keys (account);
CREATE TABLE sign_in_failures (folded_name TEXT NOT NULL, peer TEXT NOT NULL, at_ms BIGINT NOT NULL);
CREATE INDEX sign_in_failures_by_name ON sign_in_failures (folded_name, at_ms);
CREATE INDEX sign_in_failures_by_peer ON sign_in_failures (peer, at_ms);
CREATE INDEX sign_in_failures_by_time ON sign_in_failures (at_ms);
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
)sql";

constexpr std::string_view kAdministration = R"sql(
-- A link by which an account gets a password.
CREATE TABLE invitations (
  account TEXT PRIMARY KEY,
  secret_sha256 TEXT NOT NULL UNIQUE,
  expires_ms BIGINT NOT NULL
);
ALTER TABLE sessions ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN last_used_ms BIGINT;
CREATE TABLE audit (
  id TEXT PRIMARY KEY,
  at_ms BIGINT NOT NULL,
  actor TEXT NOT NULL,
  actor_name TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL
);
CREATE INDEX audit_by_time ON audit (at_ms);
)sql";

// Jobs wait in lanes, each with workers of its own: that of their kind, or of the provider that makes them.
constexpr std::string_view kLanes = R"sql(
ALTER TABLE jobs ADD COLUMN lane TEXT NOT NULL DEFAULT '';
UPDATE jobs SET lane = kind;
DROP INDEX jobs_queued;
CREATE INDEX jobs_queued ON jobs (lane, priority, owner, created_ms, id, status) WHERE status = 'queued';
)sql";

constexpr std::string_view kMeasures = R"sql(
ALTER TABLE jobs ADD COLUMN moderation TEXT NOT NULL DEFAULT '[]';
ALTER TABLE jobs ADD COLUMN timings TEXT NOT NULL DEFAULT '{}';
-- What is counted for /metrics, without a look at the rows themselves.
CREATE INDEX jobs_counted ON jobs (model, status);
CREATE INDEX jobs_finished ON jobs (finished_ms) WHERE finished_ms IS NOT NULL;
DROP INDEX blob_uses_by_blob;
CREATE INDEX blob_uses_by_blob ON blob_uses (sha256, bytes);
)sql";

constexpr std::string_view kWebhooks = R"sql(
CREATE TABLE webhook_endpoints (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  url TEXT NOT NULL,
  events TEXT NOT NULL,
  secret TEXT NOT NULL,              -- as it is, for it signs
  old_secret TEXT NOT NULL DEFAULT '',
  old_secret_until_ms BIGINT NOT NULL DEFAULT 0,
  enabled BIGINT NOT NULL DEFAULT 1,
  failures BIGINT NOT NULL DEFAULT 0,  -- in a row
  failing_since_ms BIGINT,
  rests_until_ms BIGINT NOT NULL DEFAULT 0,  -- somebody is sending to it, or it has just failed
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL
);
CREATE INDEX webhook_endpoints_by_account ON webhook_endpoints (account);
CREATE TABLE webhook_deliveries (
  id TEXT PRIMARY KEY,
  endpoint TEXT NOT NULL,
  event TEXT NOT NULL,
  type TEXT NOT NULL,
  job TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting',
  attempts BIGINT NOT NULL DEFAULT 0,  -- grows with every claim
  status BIGINT,
  error TEXT NOT NULL DEFAULT '',
  created_ms BIGINT NOT NULL,
  due_ms BIGINT NOT NULL,
  tried_ms BIGINT
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_ms, id) WHERE state = 'waiting';
CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries (endpoint, id);
)sql";

// An attempt that got no further than those before it is fruitless; only these count against a job.
constexpr std::string_view kProgressMade = R"sql(
ALTER TABLE jobs ADD COLUMN furthest DOUBLE PRECISION NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN fruitless BIGINT NOT NULL DEFAULT 0;
)sql";

// The oldest waiting job of an owner is one look into either index of what waits, whichever is taken. Heartbeats change
// no index: those whose lease is over are found among all that run, as many as there are workers.
constexpr std::string_view kFewerLooks = R"sql(
DROP INDEX jobs_waiting;
CREATE INDEX jobs_waiting ON jobs (owner, status, lane, priority, created_ms, id) WHERE status = 'queued';
DROP INDEX jobs_leased;
)sql";

constexpr std::array kSteps = {kVersion1, kAdministration, kLanes, kMeasures, kWebhooks, kProgressMade, kFewerLooks};

}  // namespace

std::span<const std::string_view> schema() { return kSteps; }

std::string postgres_step(std::string_view step) {
  static const std::array<std::pair<std::regex, const char*>, 3> kWords = {{
      {std::regex("\\bINTEGER PRIMARY KEY AUTOINCREMENT\\b"), "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"},
      {std::regex("\\bINTEGER\\b"), "BIGINT"},
      {std::regex("\\bTEXT\\b"), "TEXT COLLATE \"C\""},
  }};
  std::string words(step);
  for (const auto& [sqlite, postgres] : kWords) words = std::regex_replace(words, sqlite, postgres);
  return words;
}

}  // namespace hotshot::store
