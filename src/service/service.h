// What every interface of the service works with.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/http.h"
#include "net/router.h"
#include "service/catalogue.h"
#include "service/config.h"
#include "store/accounts.h"
#include "store/blobs.h"
#include "store/database.h"
#include "store/jobs.h"

namespace hotshot::service {

/// Everything kept, opened. Members are thread-safe.
class Service {
 public:
  /// Makes the data folder where missing. Throws InvalidArgument.
  explicit Service(ServiceConfig config);

  const ServiceConfig& config() const { return config_; }
  bool sign_in() const { return sign_in_; }
  std::filesystem::path folder(std::string_view name) const { return config_.data_folder() / name; }

  /// Signs links; made once and kept in the data folder.
  const std::string& link_secret() const { return link_secret_; }

  store::JobStore& jobs() { return jobs_; }
  store::Accounts& accounts() { return accounts_; }
  store::BlobStore& blobs() { return *blobs_; }
  Catalogue& catalogue() { return catalogue_; }

 private:
  ServiceConfig config_;
  bool sign_in_;
  std::string link_secret_;
  std::unique_ptr<store::Database> database_;
  store::JobStore jobs_;
  store::Accounts accounts_;
  std::unique_ptr<store::BlobStore> blobs_;
  Catalogue catalogue_;
};

/// From whom and how a request for clips came.
struct Submission {
  std::string dialect;
  std::string kind = "video";
  std::string parent = {}, relation = {}, folder = {};
  int priority = 0;
  std::optional<store::Idempotency> idempotency = {};
};

/// Queues one job for each clip of `planned`. HttpError 429 "quota_exceeded" (retry-after where waiting helps), 403
/// "sunset" after the last day of creation, 422 "idempotency_mismatch".
store::Submitted submit(Service& service, const store::Identity& who, const Planned& planned, const Submission& how);

/// The job, if it is there and this identity may see it; else HttpError 404 "not_found".
store::Job visible_job(Service& service, const store::Identity& who, const std::string& id);

/// Where a file of a job lies; HttpError 404 "not_found" or "not_ready" where it is not there (yet).
std::filesystem::path job_file_path(Service& service, const store::Job& job, std::string_view role);

}  // namespace hotshot::service
