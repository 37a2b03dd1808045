#include "service/job_files.h"

#include <chrono>

#include "base/error.h"
#include "store/s3_blobs.h"

namespace hotshot::service {
namespace {

constexpr std::chrono::hours kLinkLifetime{1};
constexpr std::chrono::minutes kRedirectLifetime{10};  // less, so that what a browser keeps still works

store::S3Settings s3_settings(const ServiceConfig& config) {
  return {.url = config.blobs,
          .endpoint = config.s3_endpoint,
          .region = config.s3_region,
          .access_key = config.s3_access_key,
          .secret_key = config.s3_secret_key};
}

const store::JobFile& file_of(const store::Job& job, std::string_view role) {
  const store::JobFile* file = job.file(role);
  if (!file && !store::is_final(job.status)) {
    throw net::HttpError(
        404, "not_ready",
        fmt::format("[job] {} is {}: its files come when it is done", job.id, store::status_name(job.status)));
  }
  if (!file) throw net::HttpError(404, "not_found", fmt::format("[job] {} has no {}", job.id, role));
  return *file;
}

}  // namespace

std::unique_ptr<store::BlobStore> open_blobs(const ServiceConfig& config) {
  if (config.blobs.empty()) return store::open_file_blobs(config.data_folder() / "files");
  return store::open_s3_blobs({.settings = s3_settings(config),
                               .cache = config.data_folder() / "cache",
                               .cache_bytes = static_cast<std::uint64_t>(config.cache_megabytes) * 1'000'000});
}

std::string link_origin(const ServiceConfig& config) {
  if (!config.blob_links) return "";
  const store::S3Address address = store::s3_address(s3_settings(config));
  return fmt::format("{}://{}", address.scheme, address.host);
}

std::filesystem::path job_file_path(Service& service, const store::Job& job, std::string_view role) {
  const auto path = service.blobs().find(file_of(job, role).sha256);
  if (!path) throw net::HttpError(404, "not_found", fmt::format("[job] {} has no {}", job.id, role));
  return *path;
}

net::Response job_file_response(Service& service, const net::Request& request, const store::Job& job,
                                std::string_view role, net::FileInfo how) {
  const store::JobFile& file = file_of(job, role);
  how.size = file.bytes;
  how.type = file.type;
  how.etag = file.sha256;
  if (service.config().blob_links && request.method == "GET") {
    net::Headers answer{{"content-type", file.type}, {"cache-control", how.cache_control}};
    if (!how.download_name.empty()) answer.add("content-disposition", net::content_disposition(how));
    if (const auto link = service.blobs().link(file.sha256, kLinkLifetime, answer)) {
      const std::int64_t seconds = std::chrono::seconds(kRedirectLifetime).count();
      return net::Response::redirect(*link).with("cache-control", fmt::format("private, max-age={}", seconds));
    }
  }
  how.path = job_file_path(service, job, role);
  return net::file_response(request, how);
}

std::string file_extension(const store::JobFile& file) { return file.type.substr(file.type.find('/') + 1); }

}  // namespace hotshot::service
