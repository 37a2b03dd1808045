#include "service/verifying.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "service/access.h"
#include "service/fields.h"
#include "service/origin.h"
#include "store/database.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

// By the bytes alone: names and types of uploads say nothing.
Origin uploaded_origin(Service& service, const net::Request& request) {
  const net::Content file = uploaded_file(request, service.folder("spool"));
  try {
    return origin_of(file.path(), provenance::read_anchors(service.folder(kSigningFolder)));
  } catch (const InvalidArgument& error) {
    // Not where the upload lay.
    std::string message = error.what();
    const std::string path = file.path().string();
    if (const std::size_t at = message.find(path); at != std::string::npos) message.replace(at, path.size(), "file");
    throw net::HttpError(400, "invalid_request", message, "file");
  }
}

// What OpenAI's library expects: its own two signals. A watermark (synthid) is not looked for, so nothing is said of
// it.
json provenance_check(const Origin& origin) {
  const provenance::Verdict& verdict = origin.credentials;
  const auto said = [](const std::string& text) { return text.empty() ? json(nullptr) : json(text); };
  const json c2pa{{"type", "c2pa"},
                  {"outcome", verdict.present ? "detected" : "not_detected"},
                  {"validation_state", provenance::state_name(verdict)},
                  {"issuer", said(verdict.claimed.issuer)},
                  {"model", said(verdict.claimed.software_agent)},
                  {"generated_at", said(verdict.claimed.time)}};
  return {
      {"object", "content_provenance_check"}, {"created_at", store::now_ms() / 1000}, {"results", json::array({c2pa})}};
}

}  // namespace

void add_verifying(net::Router& router, Service& service) {
  router.add("POST", "/api/v1/verify",
             allow(service, store::Scope::read,
                   [&service](net::Request& request, const store::Identity&) {
                     return net::Response::json(origin_json(uploaded_origin(service, request)));
                   }),
             {.max_body = kLargestUpload});
  router.add("POST", "/v1/content_provenance_checks",
             allow(service, store::Scope::read,
                   [&service](net::Request& request, const store::Identity&) {
                     return net::Response::json(provenance_check(uploaded_origin(service, request)));
                   }),
             {.max_body = kLargestUpload});
}

}  // namespace hotshot::service
