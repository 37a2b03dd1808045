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
#include "service/moderation.h"
#include "store/accounts.h"
#include "store/audit.h"
#include "store/blobs.h"
#include "store/database.h"
#include "store/jobs.h"
#include "store/webhooks.h"

namespace hotshot::service {

/// Everything kept, opened. Members are thread-safe.
class Service {
 public:
  /// Makes the data folder where missing. Throws InvalidArgument.
  explicit Service(ServiceConfig config);

  const ServiceConfig& config() const { return config_; }
  bool sign_in() const { return sign_in_; }
  std::filesystem::path folder(std::string_view name) const { return config_.data_folder() / name; }

  /// Signs links; made once and kept in the database.
  const std::string& link_secret() const { return link_secret_; }

  store::JobStore& jobs() { return jobs_; }
  store::Accounts& accounts() { return accounts_; }
  store::AuditLog& audit() { return audit_; }
  store::Webhooks& webhooks() { return webhooks_; }
  store::BlobStore& blobs() { return *blobs_; }
  const Moderator& moderator() const { return moderator_; }
  Catalogue& catalogue() { return catalogue_; }

 private:
  ServiceConfig config_;
  bool sign_in_;
  Moderator moderator_;
  std::unique_ptr<store::Database> database_;
  std::string link_secret_;
  store::JobStore jobs_;
  store::Accounts accounts_;
  store::AuditLog audit_;
  store::Webhooks webhooks_;
  std::unique_ptr<store::BlobStore> blobs_;
  Catalogue catalogue_;
};

/// Key, certificates and whom the owner trusts, in the data folder (provenance/signer.h).
inline constexpr const char* kSigningFolder = "signing";

/// From whom and how a request for clips came.
struct Submission {
  std::string dialect;
  std::string parent = {}, relation = {}, folder = {};
  int priority = 0;
  std::optional<store::Idempotency> idempotency = {};
};

/// Queues one job for each clip of `planned`. HttpError 429 "quota_exceeded" (retry-after where waiting helps), 403
/// "sunset" after the last day of creation, 400 "moderation" for words that are refused, 422 "idempotency_mismatch".
store::Submitted submit(Service& service, const store::Identity& who, const Planned& planned, const Submission& how);

/// The job, if it is there and this identity may see it; else HttpError 404 "not_found".
store::Job visible_job(Service& service, const store::Identity& who, const std::string& id);

}  // namespace hotshot::service
