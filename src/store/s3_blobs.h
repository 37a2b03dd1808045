// Blobs in an S3 bucket, with local copies of those in use.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "store/blobs.h"
#include "store/s3_bucket.h"

namespace hotshot::store {

struct S3BlobOptions {
  S3Settings settings;
  std::filesystem::path cache;                          // folder for local copies, of this bucket alone
  std::uint64_t cache_bytes = std::uint64_t{10} << 30;  // of local copies; more for a minute while many are asked for
  std::uint64_t upload_in_parts_from = 64u << 20;       // bytes of a file
  std::uint64_t part_bytes = 16u << 20;                 // at least 5 MiB
  S3Patience patience = {};
};

/// Any number of machines may share a bucket and prefix. It needs what Amazon's and the usual servers give: a listing
/// that shows every write that has been answered. Throws InvalidArgument where the settings are wrong or the bucket
/// refuses them, S3Error or net::ClientError where it cannot be asked.
std::unique_ptr<BlobStore> open_s3_blobs(const S3BlobOptions& options);

}  // namespace hotshot::store
