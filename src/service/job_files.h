// The files of jobs: where they are kept, and how one is sent.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "net/file_response.h"
#include "service/service.h"

namespace hotshot::service {

/// What the settings name: a folder below the data folder, or a bucket. Throws as open_s3_blobs.
std::unique_ptr<store::BlobStore> open_blobs(const ServiceConfig& config);

/// Where browsers are sent for files besides this service: "https://bucket.s3.eu-central-1.amazonaws.com"; "" without
/// blob_links.
std::string link_origin(const ServiceConfig& config);

/// Where a file of a job lies, to be opened within a minute; HttpError 404 "not_found" or "not_ready" where it is not
/// there (yet).
std::filesystem::path job_file_path(Service& service, const store::Job& job, std::string_view role);

/// Answers with a file of a job, or, where the service gives out links, with a redirect to one. `how` says what the
/// file is called and how it is cached; path, size, type and etag are the file's own. Throws as job_file_path.
net::Response job_file_response(Service& service, const net::Request& request, const store::Job& job,
                                std::string_view role, net::FileInfo how = {});

/// "mp4" of "video/mp4".
std::string file_extension(const store::JobFile& file);

}  // namespace hotshot::service
