#include "service/remote_interface.h"

#include <array>

#include "base/error.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

struct Row {
  std::string_view name;
  const RemoteInterface& (*interface)();
};
constexpr auto kInterfaces =
    std::to_array<Row>({{"openai", remote_openai}, {"openrouter", remote_openrouter}, {"xai", remote_xai}});

}  // namespace

const RemoteInterface& remote_interface(const std::string& name, std::string_view where) {
  std::vector<std::string> known;
  for (const Row& row : kInterfaces) {
    if (row.name == name) return row.interface();
    known.emplace_back(row.name);
  }
  throw_unknown(fmt::format("{}: interface", where), name, known);
}

std::string text_in(const json& object, const char* name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::pair<std::string, std::string> error_in(const json& answer) {
  if (!answer.is_object() || !answer.contains("error")) return {text_in(answer, "code"), text_in(answer, "message")};
  const json& error = answer["error"];
  if (error.is_object()) return {text_in(error, "code"), text_in(error, "message")};
  return {text_in(answer, "code"), text_in(answer, "error")};
}

void add_settings(const RemoteOrder& order, json& body) {
  for (const auto& [name, value] : order.settings.items()) body[name == "negative" ? "negative_prompt" : name] = value;
}

}  // namespace hotshot::service
