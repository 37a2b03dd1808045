#include "service/signed_links.h"

#include <openssl/crypto.h>

#include <cstdlib>

#include "base/digest.h"
#include "base/error.h"
#include "service/job_files.h"
#include "service/job_json.h"

namespace hotshot::service {
namespace {

std::string signature(Service& service, const std::string& id, std::string_view role, std::int64_t until) {
  return to_hex(hmac_sha256(service.link_secret(), fmt::format("{}/{}/{}", id, role, until)));
}

}  // namespace

std::string signed_link(Service& service, const net::Request& request, const store::Job& job, std::string_view role,
                        std::int64_t lifetime_ms) {
  const std::int64_t until = store::now_ms() + lifetime_ms;
  const std::string base = public_base(service.config());
  return fmt::format("{}/files/{}/{}?until={}&by={}", base.empty() ? "http://" + request.headers.get("host") : base,
                     job.id, role, until, signature(service, job.id, role, until));
}

void add_signed_links(net::Router& router, Service& service) {
  router.add("GET", "/files/{id}/{role}", [&service](net::Request& request) {
    const std::string id = request.capture("id"), role = request.capture("role");
    const std::string *until_text = request.query_value("until"), *by = request.query_value("by");
    const std::int64_t until = until_text ? std::strtoll(until_text->c_str(), nullptr, 10) : 0;
    const std::string expected = signature(service, id, role, until);
    const bool right =
        by && by->size() == expected.size() && CRYPTO_memcmp(by->data(), expected.data(), expected.size()) == 0;
    if (!right || until < store::now_ms())
      throw net::HttpError(403, "expired", "[link] expected a valid link but this one is over");
    const auto job = service.jobs().find(id);
    if (!job) throw net::HttpError(404, "not_found", "[link] what it led to is gone");
    // Clients show it in pages of their own.
    return job_file_response(service, request, *job, role).with("cross-origin-resource-policy", "cross-origin");
  });
}

}  // namespace hotshot::service
