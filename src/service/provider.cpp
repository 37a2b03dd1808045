#include "service/provider.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/options.h"
#include "service/remote_interface.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

// What a table says of models; empty members leave what holds for the others.
struct ModelFields {
  std::string name;
  std::vector<std::string> sizes;
  std::vector<double> seconds;
  int fps = 0;
  std::vector<std::string> takes;

  FieldList fields() {
    return {{"name", "as the provider calls it", &name},
            {"sizes", "that it makes, as WIDTHxHEIGHT", &sizes},
            {"seconds", "lengths that it makes", &seconds, {0.01, 100000}},
            {"fps", "frames per second", &fps, {1, 240}},
            {"takes", "settings passed on: seed, negative, steps, guidance", &takes}};
  }
};

struct ProviderFields {
  std::string interface, url, key, key_env;
  std::vector<std::string> models;
  bool idempotent = false;
  int timeout_minutes = Provider().timeout_minutes;
  ModelFields of_models;  // "name" is the provider's

  FieldList fields() {
    FieldList fields = of_models.fields();
    const FieldList own{{"interface", "openai, xai or openrouter", &interface},
                        {"url", "of that interface", &url},
                        {"key", "sent with every request", &key},
                        {"key_env", "environment variable that holds the key", &key_env},
                        {"models", "that are offered here, as the provider calls them", &models},
                        {"idempotent", "knows a request again by its idempotency-key", &idempotent},
                        {"timeout_minutes", "until a clip is given up", &timeout_minutes, {1, 100000}}};
    fields.insert(fields.end(), own.begin(), own.end());
    return fields;
  }
};

bool is_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

// Any printable ASCII but what would end the name in a path or a message.
bool is_remote_name(const std::string& name) {
  return !name.empty() && name.size() <= 200 &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) { return c > ' ' && c < 0x7f && c != '\\'; });
}

void apply(const ModelFields& fields, Abilities& able, std::string_view where) {
  if (!fields.sizes.empty()) {
    able.sizes.clear();
    for (const std::string& size : fields.sizes) able.sizes.push_back(pipeline::parse_pixel_size(size));
  }
  if (!fields.seconds.empty()) {
    able.lengths = fields.seconds;
    able.seconds = fields.seconds.front();
    std::sort(able.lengths.begin(), able.lengths.end());
  }
  able.good_seconds = able.max_seconds = able.lengths.back();
  if (fields.fps > 0) able.fps = fields.fps;
  if (!fields.takes.empty()) able.takes = fields.takes;
  const std::vector<std::string> known{"seed", "negative", "steps", "guidance"};
  for (const std::string& setting : able.takes) {
    if (std::find(known.begin(), known.end(), setting) == known.end()) throw_unknown(where, setting, known);
  }
}

Secret read_key(const ProviderFields& fields, std::string_view where) {
  require(fields.key.empty() || fields.key_env.empty(), where, "expected key or key_env but got both");
  const auto checked = [&](std::string key) {
    const bool sendable = std::all_of(key.begin(), key.end(), [](unsigned char c) { return c > ' ' && c < 0x7f; });
    require(sendable, where, "expected a key of printable characters but got others");
    return Secret(std::move(key));
  };
  if (fields.key_env.empty()) return checked(fields.key);
  const char* key = std::getenv(fields.key_env.c_str());
  require(key && *key, where, "expected the key in the environment variable {} but it is not set", fields.key_env);
  return checked(key);
}

// Without '/' at the end. net::Client checks it again, with the addresses behind it.
std::string checked_url(std::string url, std::string_view where) {
  while (url.ends_with('/')) url.pop_back();
  const std::size_t scheme = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
  const std::string host = url.substr(scheme, url.find('/', scheme) - scheme);
  require(scheme > 0 && !host.empty() && host.find('@') == std::string::npos &&
              url.find_first_of("?# \t\r\n") == std::string::npos,
          where, "expected a url such as https://api.example.org/v1, without user, '?' and '#', but got another");
  return url;
}

// An unquoted or nested key must not be shown by the message that refuses it.
void check_key_types(const json& table, std::string_view where) {
  for (const char* name : {"key", "key_env"}) {
    const auto found = table.find(name);
    require(found == table.end() || found->is_string(), where, "expected text for {} but got another type", name);
  }
}

Provider read_provider(json table, std::string_view file) {
  require(table.is_object(), file, "expected tables [[provider]] but got {}", "something else");
  std::string where = fmt::format("{}: provider", file);
  check_key_types(table, where);
  json tables = json::array();
  if (const auto found = table.find("model"); found != table.end()) {
    tables = *found;
    table.erase(found);
    require(tables.is_array(), where, "expected tables [[provider.model]] but got {}", "something else");
  }
  ProviderFields fields;
  read_fields(fields.fields(), table, where);
  Provider provider{.name = fields.of_models.name, .interface = fields.interface};
  require(is_name(provider.name), where, "expected a name of a-z, 0-9, '-', '_' and '.' but got '{}'", provider.name);
  where = fmt::format("{}: provider {}", file, provider.name);
  provider.url = checked_url(fields.url, where);
  provider.key = read_key(fields, where);
  provider.idempotent = fields.idempotent;
  provider.timeout_minutes = fields.timeout_minutes;
  Abilities able = remote_interface(provider.interface, where).abilities();
  apply(fields.of_models, able, where);
  for (const std::string& name : fields.models) provider.models.push_back({name, able});
  for (const json& entry : tables) {
    ModelFields of_model;
    read_fields(of_model.fields(), entry, where);
    provider.models.push_back({of_model.name, able});
    apply(of_model, provider.models.back().abilities, where);
  }
  require(!provider.models.empty(), where, "expected models but got {}", "none");
  std::set<std::string> names;
  for (const RemoteModel& model : provider.models) {
    require(is_remote_name(model.name), where, "expected a model's name but got '{}'", model.name);
    require(names.insert(model.name).second, where, "expected each model once but got {} twice", model.name);
  }
  return provider;
}

}  // namespace

std::string Secret::remove_from(std::string message) const {
  if (text_.empty()) return message;
  for (std::size_t at = message.find(text_); at != std::string::npos; at = message.find(text_, at)) {
    message.replace(at, text_.size(), "…");
  }
  return message;
}

std::vector<Provider> read_providers(const json& tables, std::string_view where) {
  require(tables.is_array(), where, "expected tables [[provider]] but got {}", "something else");
  std::vector<Provider> providers;
  std::set<std::string> names;
  for (const json& table : tables) {
    providers.push_back(read_provider(table, where));
    require(names.insert(providers.back().name).second, where, "expected each provider once but got {} twice",
            providers.back().name);
  }
  return providers;
}

std::string provider_lane(const std::string& provider) { return "provider " + provider; }

RemoteOffer::RemoteOffer(const Provider& of, const RemoteModel& model) : remote_model(model.name) {
  name = fmt::format("{}/{}", of.name, model.name);
  provider = of.name;
  abilities = model.abilities;
}

}  // namespace hotshot::service
