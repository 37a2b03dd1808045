#include "store/settings.h"

namespace hotshot::store {

std::string settled(Database& database, const std::string& name, const std::string& value) {
  std::string first;
  database.transaction([&](Connection& connection) {
    connection.query("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", {name, value});
    first = connection.query("SELECT value FROM settings WHERE name = $1", {name}).at(0).text(0);
  });
  return first;
}

}  // namespace hotshot::store
