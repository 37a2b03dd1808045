#include "base/error.h"
#include "store/job_rows.h"
#include "store/search.h"

namespace hotshot::store {
namespace {

// A statement under construction: conditions with their values.
class Conditions {
 public:
  /// Every "?" of the condition stands for the value.
  void add(std::string_view condition, Value value) {
    values.push_back(std::move(value));
    std::string text;
    for (const char c : condition) text += c == '?' ? fmt::format("${}", values.size()) : std::string(1, c);
    add(text);
  }
  void add(std::string_view condition) { sql += fmt::format("{} {}", sql.empty() ? "WHERE" : " AND", condition); }

  std::string sql;
  std::vector<Value> values;
};

Conditions conditions(const JobQuery& query) {
  Conditions where;
  where.add("removing = 0");
  where.add(query.trashed ? "trashed_ms IS NOT NULL" : "trashed_ms IS NULL");
  if (!query.owner.empty()) where.add("owner = ?", query.owner);
  if (!query.folder.empty()) where.add("folder = ?", query.folder);
  // What '' cannot equal lets a partial index be used.
  if (!query.group.empty()) where.add("job_group = ? AND job_group <> ''", query.group);
  if (!query.parent.empty()) where.add("parent = ? AND parent <> ''", query.parent);
  if (!query.dialect.empty()) where.add("dialect = ?", query.dialect);
  if (!query.kind.empty()) where.add("kind = ?", query.kind);
  if (query.favourite) where.add("favourite = ?", std::int64_t{*query.favourite});
  if (!query.statuses.empty()) {
    std::string names;
    for (const JobStatus status : query.statuses)
      names += fmt::format("{}'{}'", names.empty() ? "" : ", ", status_name(status));
    where.add("status IN (" + names + ")");
  }
  require(query.text.size() <= 1000, "text", "expected at most 1000 bytes to search for but got {}", query.text.size());
  for (const std::string& pattern : like_patterns(query.text)) where.add("search LIKE ? ESCAPE '\\'", pattern);
  if (!query.after.empty()) {
    // The time of creation is in the id, so the page before may have lost its last job.
    const auto created = id_time_ms(query.after);
    require(created.has_value(), "after", "expected the id of a job but got '{}'", query.after);
    where.values.emplace_back(*created);
    where.values.emplace_back(query.after);
    where.add(fmt::format("(created_ms, id) {} (${}, ${})", query.ascending ? ">" : "<", where.values.size() - 1,
                          where.values.size()));
  }
  return where;
}

}  // namespace

std::optional<Job> JobStore::find(const std::string& id) {
  const Rows rows =
      database_.query(fmt::format("SELECT {} FROM jobs WHERE id = $1 AND removing = 0", kJobColumns), {id});
  if (rows.empty()) return {};
  return read_job(rows[0]);
}

std::optional<Job> JobStore::find_shared(const std::string& secret) {
  if (secret.empty()) return {};
  const Rows rows = database_.query(
      fmt::format("SELECT {} FROM jobs WHERE share = $1 AND removing = 0 AND trashed_ms IS NULL", kJobColumns),
      {secret});
  if (rows.empty()) return {};
  return read_job(rows[0]);
}

JobPage JobStore::list(const JobQuery& query) {
  require(query.limit >= 1 && query.limit <= 1000, "limit", "expected 1 to 1000 but got {}", query.limit);
  Conditions where = conditions(query);
  where.values.emplace_back(std::int64_t{query.limit} + 1);
  const std::string_view order = query.ascending ? "ASC" : "DESC";
  const Rows rows = database_.query(fmt::format("SELECT {} FROM jobs {} ORDER BY created_ms {}, id {} LIMIT ${}",
                                                kJobColumns, where.sql, order, order, where.values.size()),
                                    where.values);
  JobPage page;
  page.has_more = rows.size() > static_cast<std::size_t>(query.limit);
  for (std::size_t i = 0; i < rows.size() - page.has_more; ++i) page.jobs.push_back(read_job(rows[i]));
  return page;
}

// Claims take from the owner with the fewest running jobs. While none ends, the n-th waiting job of an owner (from 0)
// is therefore taken when n + its running ones are as many as that number of any other.
std::optional<std::int64_t> JobStore::queue_position(const std::string& id) {
  const Rows rows = database_.query(
      "WITH mine AS (SELECT lane, priority FROM jobs WHERE id = $1 AND status = 'queued'), "
      "busy AS (SELECT owner, count(*) AS jobs FROM jobs WHERE status = 'running' GROUP BY owner), "
      "served AS (SELECT owner, max(started_ms) AS ms FROM jobs WHERE owner IN (SELECT owner FROM jobs "
      "WHERE status = 'queued') GROUP BY owner), "
      "waiting AS (SELECT q.id, q.created_ms, coalesce(served.ms, 0) AS served_ms, coalesce(busy.jobs, 0) + "
      "row_number() OVER (PARTITION BY q.owner "
      "ORDER BY q.created_ms, q.id) AS turn FROM jobs q LEFT JOIN busy ON busy.owner = q.owner "
      "LEFT JOIN served ON served.owner = q.owner "
      "WHERE q.status = 'queued' AND (q.lane, q.priority) = (SELECT lane, priority FROM mine)) "
      "SELECT (SELECT count(*) FROM jobs WHERE status = 'queued' AND lane = (SELECT lane FROM mine) "
      "AND priority > (SELECT priority FROM mine)) + "
      "(SELECT count(*) FROM waiting w WHERE (w.turn, w.served_ms, w.created_ms, w.id) < (me.turn, me.served_ms, "
      "me.created_ms, me.id)) "
      "FROM waiting me WHERE me.id = $1",
      {id});
  if (rows.empty()) return {};
  return rows[0].integer(0);
}

std::vector<std::string> JobStore::folders(const std::string& owner) {
  std::vector<std::string> folders;
  for (const Row& row : database_.query("SELECT DISTINCT folder FROM jobs WHERE owner = $1 AND folder <> '' "
                                        "AND trashed_ms IS NULL AND removing = 0 ORDER BY folder",
                                        {owner}))
    folders.push_back(row.text(0));
  return folders;
}

std::vector<std::string> JobStore::trashed_before(std::int64_t ms) {
  std::vector<std::string> ids;
  for (const Row& row : database_.query("SELECT id FROM jobs WHERE trashed_ms IS NOT NULL AND trashed_ms < $1 "
                                        "AND removing = 0 ORDER BY trashed_ms, id",
                                        {ms}))
    ids.push_back(row.text(0));
  return ids;
}

}  // namespace hotshot::store
