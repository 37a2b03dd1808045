// The xAI interface (@ai-sdk/xai 5.0, xai-video-model).
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "net/http.h"
#include "service/remote_interface.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

// The names of resolutions that the interface has, by the shorter side.
std::string resolution_of(const pipeline::PixelSize& size) {
  const int side = std::min(size.width, size.height);
  return side == 480 || side == 720 || side == 1080 ? fmt::format("{}p", side) : std::string();
}

class Xai : public RemoteInterface {
 public:
  Abilities abilities() const override {
    return {.sizes = {{1280, 720}, {720, 1280}, {720, 720}},
            .fps = 24,
            .seconds = 6,
            .lengths = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};
  }
  RemoteCall create(const RemoteOrder& order) const override {
    const int divisor = std::gcd(order.size.width, order.size.height);
    json body{{"model", order.model},
              {"prompt", order.prompt},
              {"duration", std::max(1L, std::lround(order.seconds))},
              {"aspect_ratio", fmt::format("{}:{}", order.size.width / divisor, order.size.height / divisor)}};
    if (const std::string resolution = resolution_of(order.size); !resolution.empty()) body["resolution"] = resolution;
    add_settings(order, body);
    return {"POST", "/videos/generations", body};
  }
  std::string id_in(const json& answer) const override { return text_in(answer, "request_id"); }
  RemoteCall poll(const std::string& id) const override { return {"GET", "/videos/" + net::percent_encode(id)}; }
  RemoteState state_in(const json& answer, const std::string& /*id*/) const override {
    const std::string status = text_in(answer, "status");
    if (status == "done") return done(answer);
    if (status == "failed" || status == "expired") {
      const auto [code, message] = error_in(answer);
      return {.status = RemoteState::Status::failed,
              .code = code.empty() ? status : code,
              .message = message.empty() ? status : message};
    }
    const bool known = answer.is_object() && answer.contains("progress") && answer["progress"].is_number();
    return {.fraction = known ? std::clamp(answer["progress"].get<double>() / 100, 0.0, 1.0) : 0.0};
  }
  bool is_idempotent() const override { return true; }

 private:
  static RemoteState done(const json& answer) {
    const json video = answer.value("video", json());
    const bool blocked = video.is_object() && video.contains("respect_moderation") &&
                         video["respect_moderation"].is_boolean() && !video["respect_moderation"].get<bool>();
    if (blocked)
      return {.status = RemoteState::Status::failed, .code = "moderation", .message = "blocked by its moderation"};
    return {.status = RemoteState::Status::done, .file = text_in(video, "url")};
  }
};

}  // namespace

const RemoteInterface& remote_xai() {
  static const Xai xai;
  return xai;
}

}  // namespace hotshot::service
