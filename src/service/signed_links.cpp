#include "service/signed_links.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdlib>

#include "base/error.h"
#include "base/file.h"
#include "net/file_response.h"
#include "service/job_json.h"

namespace hotshot::service {
namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

std::string signature(Service& service, const std::string& id, std::string_view role, std::int64_t until) {
  return hex(hmac_sha256(service.link_secret(), fmt::format("{}/{}/{}", id, role, until)));
}

}  // namespace

std::string hmac_sha256(std::string_view key, std::string_view text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  const auto* done = ::HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                            reinterpret_cast<const unsigned char*>(text.data()), text.size(), out, &size);
  ensure(done != nullptr, "hmac", "expected {} bytes to be signed but OpenSSL refused", text.size());
  return {reinterpret_cast<const char*>(out), size};
}

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
    const auto path = job_file_path(service, *job, role);
    const store::JobFile& file = *job->file(role);
    // Clients show it in pages of their own.
    return net::file_response(request, {.path = path, .size = file.bytes, .type = file.type, .etag = file.sha256})
        .with("cross-origin-resource-policy", "cross-origin");
  });
}

}  // namespace hotshot::service
