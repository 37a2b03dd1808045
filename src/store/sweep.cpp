#include "store/sweep.h"

#include <algorithm>

namespace hotshot::store {

int sweep(JobStore& jobs, BlobStore& blobs, std::int64_t grace_ms) {
  std::vector<std::string> gone;
  for (const std::string& sha256 : jobs.unneeded_blobs())
    if (blobs.remove(sha256, grace_ms)) gone.push_back(sha256);
  jobs.forget_blobs(gone);
  return static_cast<int>(gone.size());
}

int sweep_all(JobStore& jobs, BlobStore& blobs, std::int64_t grace_ms) {
  std::vector<std::string> unneeded;
  blobs.each(grace_ms, [&](const Blob& blob) {
    if (!jobs.needs_blob(blob.sha256)) unneeded.push_back(blob.sha256);
  });
  std::vector<std::string> gone;
  for (const std::string& sha256 : unneeded)
    if (blobs.remove(sha256, grace_ms)) gone.push_back(sha256);
  jobs.forget_blobs(gone);
  return static_cast<int>(gone.size());
}

}  // namespace hotshot::store
