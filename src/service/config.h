// What the owner of a service decides: a TOML file, flags, defaults.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/options.h"
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
  std::string creation_ends;   // sunset: "2027-03-01", after which nothing new is made; empty: never
  std::string export_ends;     // sunset: until when downloads stay open
  std::string sunset_message;  // shown with both
  std::string studio;          // folder of the built studio; empty: where the program finds it

  FieldList fields();
  std::filesystem::path data_folder() const;
  store::Quota quota() const;
};

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
