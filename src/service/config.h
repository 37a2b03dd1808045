// What the owner of a service decides: a TOML file, flags, defaults.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/options.h"
#include "service/provider.h"
#include "store/jobs.h"

namespace hotshot::service {

struct ServiceConfig {
  std::string data;                   // folder of everything kept; empty: default_data_folder()
  std::string address = "127.0.0.1";  // anything but a loopback address demands sign-in
  int port = 8188;
  std::string sign_in = "auto";    // "auto": where others can reach it (is_private); "always"; "never"
  std::vector<std::string> hosts;  // names this service is known by besides localhost and `address`
  std::string public_url;          // "https://clips.example.org": what links begin with
  int workers = 1;                 // worker processes started with the server; 0: elsewhere
  int threads = 0;                 // of a worker; 0: one per core
  int lease_seconds = 30;          // after which a silent worker's job is given to another
  int clips_per_day = 0;           // of one account; 0: no bound
  int max_queued = 50;             // of one account, queued or running
  std::int64_t max_megabytes = 0;  // of one account's files; 0: no bound
  int trash_days = 30;             // after which what is in the trash goes
  std::vector<std::string> formats{"webm", "gif", "webp"};  // made of each clip besides MP4
  bool sign = true;            // every file says under signature that a model made it
  std::string creation_ends;   // sunset: "2027-03-01", after which nothing new is made; empty: never
  std::string export_ends;     // sunset: until when downloads stay open
  std::string sunset_message;  // shown with both
  std::string database;        // "postgres://…", no flag (it may hold a password); empty: see database_url()
  std::string blobs;           // "s3://bucket/prefix"; empty: the folder "files" of the data folder
  std::string s3_endpoint;  // of a server that is not Amazon's, "https://…"; private addresses and http are allowed
  std::string s3_region;
  std::string s3_access_key;
  std::string s3_secret_key;                     // no flag: anybody on the machine can read those
  bool blob_links = false;                       // answer with redirects to the bucket instead of its files
  std::int64_t cache_megabytes = 10'000;         // of local copies of what lies in the bucket
  std::string studio;                            // folder of the built studio; empty: where the program finds it
  std::vector<std::string> webhook_hosts;        // "host" or "host:port" for webhooks in spite of a private address or http
  std::vector<std::string> trusted_proxies;      // addresses and networks whose X-Forwarded-For names the client
  std::vector<std::string> moderation{"words"};  // "words", "command", both, or "off"
  std::vector<std::string> blocked_words;        // refused besides the built-in rules
  std::vector<std::string> blocked_words_files;  // of rules as in word_rules.h
  std::vector<std::string> moderation_command;   // a program and its arguments
  int moderation_seconds = 20;                   // it may take
  std::string moderation_failure = "refuse";     // or "allow": what it could not judge
  int provider_jobs = 4;                         // of one provider, waited for at once; 0: elsewhere
  std::vector<Provider> providers = {};          // [[provider]] tables of the file; no field

  FieldList fields();
  std::filesystem::path data_folder() const;
  /// Where jobs and accounts are: `database`, else $HOTSHOT_DATABASE; empty: hotshot.db in the data folder.
  std::string database_url() const;
  store::Quota quota() const;
};

/// What a settings file says. Throws InvalidArgument.
ServiceConfig read_config(const std::filesystem::path& path);

/// $XDG_DATA_HOME/hotshot or ~/.local/share/hotshot.
std::filesystem::path default_data_folder();

/// Checks what single ranges cannot say. Throws InvalidArgument, "[serve] …".
void check_config(const ServiceConfig& config);

/// Whether only this machine can reach the service by what the settings say: its address, public_url and hosts.
bool is_private(const ServiceConfig& config);

/// The host of "https://a.example:8/x": "a.example"; "" for what is no such URL.
std::string url_host(const std::string& url);

/// "127.0.0.0/8", "::1", "localhost".
bool is_loopback(const std::string& address);

/// Milliseconds since 1970 of "YYYY-MM-DD" (its first instant, UTC). Throws InvalidArgument.
std::int64_t parse_day(const std::string& text, std::string_view where);

}  // namespace hotshot::service
