#include "service/native.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/options.h"
#include "service/access.h"

namespace hotshot::service {

nlohmann::json json_body(const net::Request& request) {
  if (request.body.size() == 0) return nlohmann::json::object();
  const std::string type = request.headers.get("content-type");
  if (!type.starts_with("application/json")) {
    throw net::HttpError(415, "unsupported_media_type",
                         fmt::format("[content-type] expected application/json but got '{}'", type));
  }
  nlohmann::json body = parse_json(request.body.text());
  if (!body.is_object())
    throw net::HttpError(400, "invalid_request", "[body] expected a JSON object but got something else");
  return body;
}

std::string text_member(const nlohmann::json& object, const char* name, const std::string& otherwise) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return otherwise;
  if (!found->is_string()) {
    throw net::HttpError(400, "invalid_request", fmt::format("[{}] expected a string but got {}", name, shown(*found)),
                         name);
  }
  return *found;
}

std::optional<std::int64_t> integer_member(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return {};
  if (!found->is_number_integer()) {
    throw net::HttpError(400, "invalid_request",
                         fmt::format("[{}] expected a whole number but got {}", name, shown(*found)), name);
  }
  return found->get<std::int64_t>();
}

std::optional<bool> boolean_member(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return {};
  if (!found->is_boolean()) {
    throw net::HttpError(400, "invalid_request",
                         fmt::format("[{}] expected true or false but got {}", name, shown(*found)), name);
  }
  return found->get<bool>();
}

void add_native_events(net::Router& router, Service& service, EventHub& events) {
  router.add("GET", "/api/v1/events",
             allow(service, store::Scope::read, [&service, &events](net::Request& request, const store::Identity& who) {
               events.require_room(who.account.id);
               const std::string after = request.headers.get("last-event-id");
               const std::int64_t last = std::strtoll(after.c_str(), nullptr, 10);
               net::Response response;
               response.headers = {
                   {"content-type", "text/event-stream"}, {"cache-control", "no-store"}, {"x-accel-buffering", "no"}};
               response.body = net::StreamBody(
                   [&service, &events, request, owner = who.account.id, last](std::shared_ptr<net::Stream> stream) {
                     events.listen(std::move(stream), owner, last, [&service, request] {
                       try {
                         identify(service, request, store::Scope::read);
                         return true;
                       } catch (const net::HttpError&) {
                         return false;
                       } catch (const std::exception&) {
                         return true;  // the database cannot be asked for a moment
                       }
                     });
                   });
               return response;
             }));
}

}  // namespace hotshot::service
