// Who did what: the few acts that people may want to look up later.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/accounts.h"
#include "store/database.h"

namespace hotshot::store {

struct AuditEntry {
  std::string id;  // "audit_…"
  std::int64_t at_ms = 0;
  std::string actor, actor_name;  // an account, as it was called then
  std::string action;             // "account_invited", …
  std::string subject;            // what it was done to, in words: the name of an account or a key; or empty
};

struct AuditPage {
  std::vector<AuditEntry> entries;  // the newest first
  bool has_more = false;
};

/// Thread-safe. Entries are kept for a year.
class AuditLog {
 public:
  explicit AuditLog(Database& database) : database_(database) {}

  void record(const Account& actor, const std::string& action, const std::string& subject = {});
  /// `after`: id of the last entry of the page before, or empty. limit 1..1000.
  AuditPage list(int limit = 100, const std::string& after = {});

 private:
  Database& database_;
};

}  // namespace hotshot::store
