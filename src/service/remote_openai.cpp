// The OpenAI Videos interface (npm openai 7.57, src/resources/videos.ts).
#include <algorithm>

#include "base/error.h"
#include "net/http.h"
#include "service/remote_interface.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

class OpenAi : public RemoteInterface {
 public:
  Abilities abilities() const override {
    return {.sizes = {{1280, 720}, {720, 1280}}, .fps = 24, .seconds = 4, .lengths = {4, 8, 12}};
  }
  RemoteCall create(const RemoteOrder& order) const override {
    json body{{"model", order.model},
              {"prompt", order.prompt},
              {"size", fmt::format("{}x{}", order.size.width, order.size.height)},
              {"seconds", fmt::format("{:g}", order.seconds)}};
    add_settings(order, body);
    return {"POST", "/videos", body};
  }
  std::string id_in(const json& answer) const override { return text_in(answer, "id"); }
  RemoteCall poll(const std::string& id) const override { return {"GET", path(id)}; }
  RemoteState state_in(const json& answer, const std::string& id) const override {
    const std::string status = text_in(answer, "status");
    if (status == "completed") return {.status = RemoteState::Status::done, .file = path(id) + "/content"};
    if (status == "failed" || status == "cancelled" || status == "expired") {
      const auto [code, message] = error_in(answer);
      return {.status = RemoteState::Status::failed, .code = code, .message = message};
    }
    const bool known = answer.is_object() && answer.contains("progress") && answer["progress"].is_number();
    return {.fraction = known ? std::clamp(answer["progress"].get<double>() / 100, 0.0, 1.0) : 0.0};
  }
  std::optional<RemoteCall> cancel(const std::string& id) const override { return RemoteCall{"DELETE", path(id)}; }

 private:
  static std::string path(const std::string& id) { return "/videos/" + net::percent_encode(id); }
};

}  // namespace

const RemoteInterface& remote_openai() {
  static const OpenAi openai;
  return openai;
}

}  // namespace hotshot::service
