// Removes the bytes that no job needs any more.
#pragma once

#include <cstdint>

#include "store/blobs.h"
#include "store/jobs.h"

namespace hotshot::store {

/// Removes what jobs needed once and none needs now. Bytes put within the last `grace_ms` stay for a later call: a
/// worker puts its files before it says that they belong to its job. Returns how many went. Call it every minute.
int sweep(JobStore& jobs, BlobStore& blobs, std::int64_t grace_ms = 600'000);

/// Looks at every blob, also at those of which no job ever heard (a process died between the two). Call it once a day;
/// whatever keeps blobs without a job must be younger than `grace_ms`. Returns how many went.
int sweep_all(JobStore& jobs, BlobStore& blobs, std::int64_t grace_ms = 24 * 3600 * 1000);

}  // namespace hotshot::store
