#include "service/config.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "media/encode.h"
#include "net/peers.h"
#include "service/moderation.h"
#include "store/s3_address.h"

namespace hotshot::service {

FieldList ServiceConfig::fields() {
  return {{"data", "folder of everything kept (default ~/.local/share/hotshot)", &data},
          {"address", "to listen on; anything but this machine's own demands sign-in", &address},
          {"port", "to listen on", &port, {0, 65535}},
          {"sign_in", "auto, always or never", &sign_in},
          {"hosts", "names this service is known by besides localhost", &hosts},
          {"public_url", "what links to clips begin with", &public_url},
          {"workers", "worker processes to start", &workers, {0, 256}},
          {"threads", "of a worker; 0 = one per core", &threads, {0, 1024}},
          {"lease_seconds", "after which a silent worker's job is given to another", &lease_seconds, {2, 3600}},
          {"clips_per_day", "of one account, 0 = no bound", &clips_per_day, {0, 1e9}},
          {"max_queued", "jobs of one account that wait or run, 0 = no bound", &max_queued, {0, 1e9}},
          {"max_megabytes", "of one account's files, 0 = no bound", &max_megabytes, {0, 1e12}},
          {"trash_days", "until what is in the trash goes for good", &trash_days, {0, 36500}},
          {"formats", "made of each clip besides MP4", &formats},
          {"sign", "sign every file: made by a model, here (C2PA); --sign=false for no", &sign},
          {"creation_ends", "day (YYYY-MM-DD) from which nothing new is made", &creation_ends},
          {"export_ends", "day until which downloads stay open", &export_ends},
          {"sunset_message", "shown with these days", &sunset_message},
          {"trusted_proxies", "addresses or networks of proxies whose X-Forwarded-For is believed", &trusted_proxies},
          {"moderation", "what looks at prompts and frames: words, command, both, or off", &moderation},
          {"blocked_words", "terms refused besides the built-in ones", &blocked_words},
          {"blocked_words_files", "files of rules about words", &blocked_words_files},
          {"moderation_command", "program, with its arguments, asked about prompts and frames", &moderation_command},
          {"moderation_seconds", "it may take", &moderation_seconds, {1, 3600}},
          {"moderation_failure", "refuse or allow what it could not judge", &moderation_failure},
          {"provider_jobs", "of one provider to wait for at once", &provider_jobs, {0, 256}},
          {"database", "postgres://USER:PASSWORD@HOST/NAME (default: hotshot.db below data)", &database},
          {"blobs", "where files are kept: s3://bucket/prefix (default: below data)", &blobs},
          {"s3_endpoint", "of an S3 server that is not Amazon's", &s3_endpoint},
          {"s3_region", "of the bucket (default AWS_REGION, then us-east-1)", &s3_region},
          {"s3_access_key", "of the bucket (default AWS_ACCESS_KEY_ID)", &s3_access_key},
          {"s3_secret_key", "of the bucket (default AWS_SECRET_ACCESS_KEY)", &s3_secret_key},
          {"blob_links", "answer with redirects to the bucket instead of its files", &blob_links},
          {"cache_megabytes", "of local copies of what lies in the bucket", &cache_megabytes, {100, 1e9}},
          {"webhook_hosts", "hosts that webhooks may reach by a private address or http", &webhook_hosts},
          {"studio", "folder of the built studio", &studio}};
}

ServiceConfig read_config(const std::filesystem::path& path) {
  ServiceConfig config;
  nlohmann::json settings = read_toml(path);
  if (const auto tables = settings.find("provider"); tables != settings.end()) {
    config.providers = read_providers(*tables, path.string());
    settings.erase(tables);
  }
  read_fields(config.fields(), settings, path.string());
  return config;
}

std::filesystem::path default_data_folder() {
  if (const char* xdg = std::getenv("XDG_DATA_HOME"); xdg && *xdg) return std::filesystem::path(xdg) / "hotshot";
  const char* home = std::getenv("HOME");
  require(home && *home, "serve", "expected --data, HOME or XDG_DATA_HOME but got none of them");
  return std::filesystem::path(home) / ".local/share/hotshot";
}

std::filesystem::path ServiceConfig::data_folder() const {
  return data.empty() ? default_data_folder() : std::filesystem::path(data);
}

std::string ServiceConfig::database_url() const {
  const char* variable = std::getenv("HOTSHOT_DATABASE");
  return database.empty() && variable ? variable : database;
}

store::Quota ServiceConfig::quota() const {
  return {.max_queued = max_queued,
          .max_per_day = clips_per_day,
          .max_bytes = static_cast<std::uint64_t>(max_megabytes) * 1'000'000};
}

bool is_loopback(const std::string& address) {
  return address == "localhost" || address == "::1" || address.starts_with("127.");
}

std::string url_host(const std::string& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return {};
  const std::string rest = url.substr(scheme + 3);
  if (rest.starts_with('[')) return rest.substr(1, rest.find(']') - 1);
  return rest.substr(0, rest.find_first_of(":/"));
}

bool is_private(const ServiceConfig& config) {
  return is_loopback(config.address) && (config.public_url.empty() || is_loopback(url_host(config.public_url))) &&
         std::all_of(config.hosts.begin(), config.hosts.end(), is_loopback);
}

std::int64_t parse_day(const std::string& text, std::string_view where) {
  int year = 0, month = 0, day = 0, used = 0;
  const bool shaped = std::sscanf(text.c_str(), "%4d-%2d-%2d%n", &year, &month, &day, &used) == 3 &&
                      used == static_cast<int>(text.size()) && text.size() == 10;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  require(shaped && date.ok() && year >= 1970, where, "expected a day as YYYY-MM-DD but got '{}'", text);
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::sys_days(date).time_since_epoch()).count();
}

void check_config(const ServiceConfig& config) {
  const auto& mode = config.sign_in;
  if (mode != "auto" && mode != "always" && mode != "never")
    throw_unknown("serve sign_in", mode, {"auto", "always", "never"});
  require(mode != "never" || is_private(config), "serve",
          "expected sign_in auto or always where others can reach {} but got never", config.address);
  const std::vector<std::string> known = media::clip_extensions();
  for (const std::string& format : config.formats) {
    if (std::find(known.begin(), known.end(), format) == known.end() || format == "mp4") {
      throw_unknown("serve formats", format, {"webm", "gif", "webp"});
    }
  }
  const auto day = [](const std::string& text, const char* name) {
    return text.empty() ? std::int64_t{0} : parse_day(text, std::string("serve ") + name);
  };
  const std::int64_t ends = day(config.creation_ends, "creation_ends"),
                     exports = day(config.export_ends, "export_ends");
  require(exports == 0 || ends > 0, "serve", "expected creation_ends with export_ends but got {} alone",
          config.export_ends);
  require(exports == 0 || exports >= ends, "serve", "expected export_ends after creation_ends {} but got {}",
          config.creation_ends, config.export_ends);
  require(config.blobs.empty() || store::is_s3_url(config.blobs), "serve blobs",
          "expected s3://BUCKET/PREFIX or nothing but got '{}'", config.blobs);
  require(!config.blobs.empty() || (config.s3_endpoint.empty() && !config.blob_links), "serve",
          "expected blobs with s3_endpoint or blob_links but got '{}'", config.blobs);
  require(config.public_url.empty() || config.public_url.starts_with("http://") ||
              config.public_url.starts_with("https://"),
          "serve", "expected a public_url with http or https but got '{}'", config.public_url);
  net::Networks(config.trusted_proxies);
  check_moderation(config);
}

}  // namespace hotshot::service
