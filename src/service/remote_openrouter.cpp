// The OpenRouter video interface (@openrouter/sdk 1.3).
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "net/http.h"
#include "service/remote_interface.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

class OpenRouter : public RemoteInterface {
 public:
  Abilities abilities() const override {
    return {.sizes = {{1280, 720}, {720, 1280}},
            .fps = 24,
            .seconds = 5,
            .lengths = {3, 4, 5, 6, 7, 8, 9, 10},
            .takes = {"seed"}};
  }
  RemoteCall create(const RemoteOrder& order) const override {
    json body{{"model", order.model},
              {"prompt", order.prompt},
              {"duration", std::max(1L, std::lround(order.seconds))},
              {"size", fmt::format("{}x{}", order.size.width, order.size.height)}};
    add_settings(order, body);
    return {"POST", "/videos", body};
  }
  std::string id_in(const json& answer) const override { return text_in(answer, "id"); }
  RemoteCall poll(const std::string& id) const override { return {"GET", path(id)}; }
  RemoteState state_in(const json& answer, const std::string& id) const override {
    const std::string status = text_in(answer, "status");
    if (status == "completed") return {.status = RemoteState::Status::done, .file = path(id) + "/content?index=0"};
    if (status == "failed" || status == "cancelled" || status == "expired") {
      const auto [code, message] = error_in(answer);
      return {.status = RemoteState::Status::failed,
              .code = code.empty() ? status : code,
              .message = message.empty() ? status : message};
    }
    return {};
  }

 private:
  static std::string path(const std::string& id) { return "/videos/" + net::percent_encode(id); }
};

}  // namespace

const RemoteInterface& remote_openrouter() {
  static const OpenRouter openrouter;
  return openrouter;
}

}  // namespace hotshot::service
