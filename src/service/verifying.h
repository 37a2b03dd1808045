// Files from anyone, and what they say of their origin.
#pragma once

#include "net/router.h"
#include "service/service.h"

namespace hotshot::service {

/// POST /api/v1/verify and OpenAI's POST /v1/content_provenance_checks: a form with `file`, of at most 256 MiB.
void add_verifying(net::Router& router, Service& service);

}  // namespace hotshot::service
