#include "store/audit.h"

#include "base/error.h"
#include "store/ids.h"

namespace hotshot::store {
namespace {

constexpr std::int64_t kYear = 365ll * 24 * 3600 * 1000;

}  // namespace

void AuditLog::record(const Account& actor, const std::string& action, const std::string& subject) {
  const std::int64_t now = now_ms();
  database_.transaction([&](Connection& connection) {
    connection.query("DELETE FROM audit WHERE at_ms < $1", {now - kYear});
    connection.query(
        "INSERT INTO audit (id, at_ms, actor, actor_name, action, subject) VALUES ($1, $2, $3, $4, $5, $6)",
        {new_id("audit", now), now, actor.id, actor.name, action, subject});
  });
}

AuditPage AuditLog::list(int limit, const std::string& after) {
  require(limit >= 1 && limit <= 1000, "limit", "expected 1 to 1000 but got {}", limit);
  AuditPage page;
  for (const Row& row : database_.query("SELECT id, at_ms, actor, actor_name, action, subject FROM audit "
                                        "WHERE $1 = '' OR id < $1 ORDER BY id DESC LIMIT $2",
                                        {after, std::int64_t{limit} + 1})) {
    page.entries.push_back({.id = row.text(0),
                            .at_ms = row.integer(1),
                            .actor = row.text(2),
                            .actor_name = row.text(3),
                            .action = row.text(4),
                            .subject = row.text(5)});
  }
  page.has_more = page.entries.size() > static_cast<std::size_t>(limit);
  if (page.has_more) page.entries.pop_back();
  return page;
}

}  // namespace hotshot::store
