#include "store/postgres_address.h"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "base/error.h"

namespace hotshot::store {
namespace {

// Seconds; tcp_user_timeout milliseconds. The writer's place is never a standby's.
constexpr auto kDefaults = std::to_array<std::pair<const char*, const char*>>({
    {"connect_timeout", "10"},
    {"keepalives_idle", "30"},
    {"keepalives_interval", "10"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "60000"},
    {"target_session_attrs", "read-write"},
    {"fallback_application_name", "hotshot"},
    {"client_encoding", "UTF8"},
});

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

}  // namespace

PostgresAddress::PostgresAddress(const std::string& url) {
  require(url.starts_with("postgres://") || url.starts_with("postgresql://"), "database",
          "expected postgres://USER:PASSWORD@HOST:PORT/NAME but got something else");
  char* reason = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(PQconninfoParse(url.c_str(), &reason));
  PQfreemem(reason);  // repeats parts of the URL
  require(options != nullptr, "database",
          "expected postgres://USER:PASSWORD@HOST:PORT/NAME, special characters as %XX, but it cannot be read");
  std::string host, database;
  for (const PQconninfoOption* option = options.get(); option->keyword; ++option) {
    if (!option->val) continue;
    const std::string keyword = option->keyword, value = option->val;
    if (std::string_view(option->dispchar) == "*" && !value.empty()) secrets_.push_back(value);
    if (keyword == "host" || (keyword == "hostaddr" && host.empty())) host = value;
    if (keyword == "dbname") database = value;
    keywords_.push_back(keyword);
    values_.push_back(value);
  }
  for (const auto& [keyword, value] : kDefaults) set_default(keyword, value);
  name_ = without_secrets(fmt::format("postgres://{}/{}", host, database));
}

void PostgresAddress::set_default(const char* keyword, const char* value) {
  if (std::find(keywords_.begin(), keywords_.end(), keyword) != keywords_.end()) return;
  keywords_.emplace_back(keyword);
  values_.emplace_back(value);
}

PGconn* PostgresAddress::connect() const {
  std::vector<const char*> keywords, values;
  for (std::size_t i = 0; i < keywords_.size(); ++i) {
    keywords.push_back(keywords_[i].c_str());
    values.push_back(values_[i].c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  return PQconnectdbParams(keywords.data(), values.data(), /*expand_dbname=*/0);
}

std::string PostgresAddress::without_secrets(std::string text) const {
  constexpr std::string_view kStars = "***";
  for (const std::string& secret : secrets_) {
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + kStars.size()))
      text.replace(at, secret.size(), kStars);
  }
  return text;
}

}  // namespace hotshot::store
