// For the tests of this folder: a service on a fresh folder, a client that speaks JSON, and a renderer without
// networks.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/test_support.h"
#include "net/test_support.h"
#include "service/app.h"
#include "service/worker.h"

namespace hotshot::service {

/// The tiny random model of tests/golden.
inline constexpr const char* kTinyModel = "pipeline-wan";

/// A request that any machine has room for.
inline nlohmann::json tiny_request(const std::string& prompt = "a") {
  return {{"prompt", prompt}, {"model", kTinyModel}, {"size", "32x32"}, {"frames", 4}};
}

/// Writes small files after some steps; `on_step` may look in, or throw.
class FakeRenderer : public Renderer {
 public:
  std::vector<std::string> lanes() const override { return {"video"}; }
  std::vector<RenderedFile> render(const store::Claim& claim, RenderContext& context) override {
    ++renders;
    context.begin("sampling", steps);
    for (int step = 1; step <= steps; ++step) {
      if (on_step) on_step(step, context);
      advance_or_stop(&context, step);
    }
    std::vector<RenderedFile> files;
    for (const auto& [role, name] :
         {std::pair{"video", "video.mp4"}, {"thumbnail", "thumbnail.png"}, {"gif", "video.gif"}}) {
      const auto path = context.folder() / name;
      write_file(path, fmt::format("{} of {}", role, claim.job.prompt));
      files.push_back({role, path, net::media_type(name)});
    }
    return files;
  }

  int steps = 3;
  int renders = 0;
  std::function<void(int step, RenderContext&)> on_step;
};

struct Answer {
  int status = 0;
  net::Headers headers;
  std::string body;
  nlohmann::json json() const { return nlohmann::json::parse(body); }
};

/// A service with its server, and a worker that works when it is told to.
class TestService {
 public:
  explicit TestService(const std::function<void(ServiceConfig&)>& change = {}) {
    ::setenv("HOTSHOT_MODELS", HOTSHOT_SOURCE_DIR "/tests/golden", 1);
    ServiceConfig config;
    config.data = (folder_.path() / "data").string();
    config.port = 0;
    config.formats = {};
    if (change) change(config);
    service.emplace(config);
    app = std::make_unique<App>(*service);
  }

  /// `headers` are lines, each with "\r\n".
  Answer send(const std::string& method, const std::string& target, const std::string& body = {},
              const std::string& headers = {}) {
    net::TestClient client(app->port());
    const std::string host = ("\n" + headers).find("\nhost:") == std::string::npos ? "host: localhost\r\n" : "";
    client.send(fmt::format("{} {} HTTP/1.1\r\n{}{}content-length: {}\r\n\r\n{}", method, target, host, headers,
                            body.size(), body));
    const net::Reply reply = client.read_reply(method != "HEAD");
    return {reply.status, reply.headers, reply.body};
  }
  Answer send_json(const std::string& method, const std::string& target, const nlohmann::json& body,
                   const std::string& headers = {}) {
    return send(method, target, body.dump(), "content-type: application/json\r\n" + headers);
  }
  Answer get(const std::string& target, const std::string& headers = {}) { return send("GET", target, {}, headers); }

  /// A job of the tiny model.
  std::string submit(const std::string& prompt = "a red cat", const nlohmann::json& more = nlohmann::json::object()) {
    nlohmann::json body = tiny_request(prompt);
    body.update(more);
    const Answer answer = send_json("POST", "/api/v1/jobs", body);
    if (answer.status != 201) throw std::runtime_error(answer.body);
    return answer.json()["jobs"][0]["id"];
  }
  nlohmann::json job(const std::string& id) { return get("/api/v1/jobs/" + id).json(); }
  bool work(const std::string& name = "worker", int lease_ms = 30'000) {
    return Worker(*service, renderer, {.name = name, .lease_ms = lease_ms}).run_one();
  }

  FakeRenderer renderer;
  std::optional<Service> service;
  std::unique_ptr<App> app;

 private:
  TestFolder folder_;
};

}  // namespace hotshot::service
