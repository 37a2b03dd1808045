// A provider whose answers a test decides, on a port of its own.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/clip.h"
#include "base/test_support.h"
#include "media/encode.h"
#include "net/router.h"
#include "net/server.h"
#include "service/base64.h"
#include "service/provider.h"
#include "service/remote_renderer.h"
#include "service/test_support.h"

namespace hotshot::service {

inline constexpr const char* kWestKey = "sk-west-7f3a9c";

/// A file of 8 frames at 8 per second, 32 x 32, in the format of `name`.
inline std::string small_clip(const std::string& name = "clip.mp4") {
  const TestFolder folder;
  Clip clip{Frames(8, 32, 32), {8, 1}};
  for (std::size_t i = 0; i < clip.frames.pixels.size(); ++i)
    clip.frames.pixels[i] = static_cast<std::uint8_t>(i * 7 % 251);
  media::encode(clip, folder / name);
  return read_file(folder / name);
}

class FakeProvider {
 public:
  using Answer = std::function<net::Response(net::Request&)>;

  explicit FakeProvider(std::string interface) : interface_(std::move(interface)) {
    clip = small_clip();
    on("POST", "/v1/videos");
    on("POST", "/v1/videos/generations");
    on("GET", "/v1/videos/{id}");
    on("DELETE", "/v1/videos/{id}");
    on("GET", "/v1/videos/{id}/content");
    server_ = std::make_unique<net::Server>(net::ServerOptions{}, router_);
  }

  /// As it stands in a settings file.
  nlohmann::json table() const {
    return {{"name", "west"},     {"interface", interface_}, {"url", url()}, {"key", kWestKey},  {"models", {"tiny"}},
            {"sizes", {"32x32"}}, {"seconds", {1, 2}},       {"fps", 8},     {"takes", {"seed"}}};
  }
  std::string url() const { return fmt::format("http://127.0.0.1:{}/v1", server_->port()); }
  /// How often "POST" was asked, or "GET", …
  int count(const std::string& method, const std::string& path_end = "") {
    const std::lock_guard lock(mutex_);
    int count = 0;
    for (const net::Request& request : seen_) count += request.method == method && request.path.ends_with(path_end);
    return count;
  }
  std::vector<net::Request> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

  /// Instead of the well-behaved answer, for requests of that method; an empty one is none.
  std::map<std::string, Answer> instead;
  std::string clip;
  int polls_until_done = 2;

 private:
  void on(const char* method, const char* pattern) {
    router_.add(method, pattern, [this](net::Request& request) {
      {
        const std::lock_guard lock(mutex_);
        seen_.push_back(request);
      }
      const auto scripted = instead.find(request.method);
      if (scripted != instead.end() && scripted->second) return scripted->second(request);
      return behave(request);
    });
  }

  net::Response behave(const net::Request& request) {
    if (request.method == "DELETE") return net::Response::json({{"deleted", true}});
    if (request.path.ends_with("/content")) {
      net::Response response;
      response.headers.set("content-type", "video/mp4");
      response.body = clip;
      return response;
    }
    const bool xai = interface_ == "xai";
    if (request.method == "POST") {
      if (xai) return net::Response::json({{"request_id", "r-1"}});
      return net::Response::json({{"id", "r-1"}, {"status", interface_ == "openai" ? "queued" : "pending"}});
    }
    const bool done = ++polls_ >= polls_until_done;
    if (xai && !done) return {202};
    if (xai) {
      return net::Response::json(
          {{"status", "done"}, {"video", {{"url", "data:video/mp4;base64," + base64(clip)}, {"duration", 1}}}});
    }
    if (!done) return net::Response::json({{"id", "r-1"}, {"status", "in_progress"}, {"progress", 40}});
    return net::Response::json({{"id", "r-1"}, {"status", "completed"}, {"progress", 100}});
  }

  const std::string interface_;
  net::Router router_;
  std::mutex mutex_;
  std::vector<net::Request> seen_;
  std::atomic<int> polls_{0};
  std::unique_ptr<net::Server> server_;
};

/// A service that offers the fake provider's model "west/tiny", and its worker.
struct TestRelay {
  explicit TestRelay(FakeProvider& fake, nlohmann::json changes = nlohmann::json::object())
      : providers([&] {
          nlohmann::json table = fake.table();
          table.update(changes);
          return read_providers(nlohmann::json::array({table}), "test");
        }()),
        test([this](ServiceConfig& config) { config.providers = providers; }),
        renderer(providers[0], {"gif"}, {.first = std::chrono::milliseconds(10), .patience = patience}) {}

  std::string submit(nlohmann::json more = nlohmann::json::object()) {
    nlohmann::json body{{"model", "west/tiny"}, {"prompt", "a red cat"}, {"seconds", 1}};
    body.update(more);
    const Answer answer = test.send_json("POST", "/api/v1/jobs", body);
    if (answer.status != 201) throw std::runtime_error(answer.body);
    return answer.json()["jobs"][0]["id"];
  }
  bool work(const std::string& name = "relay") { return Worker(*test.service, renderer, {.name = name}).run_one(); }
  /// Submits and works; the job.
  nlohmann::json make(const nlohmann::json& more = nlohmann::json::object()) {
    const std::string id = submit(more);
    work();
    return test.job(id);
  }

  std::chrono::milliseconds patience{300};
  std::vector<Provider> providers;
  TestService test;
  RemoteRenderer renderer;
};

}  // namespace hotshot::service
