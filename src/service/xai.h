// xAI's video interface (Grok Imagine), at /xai/v1: what the Vercel AI SDK speaks.
#pragma once

#include "net/router.h"
#include "service/service.h"

namespace hotshot::service {

void add_xai(net::Router& router, Service& service);

}  // namespace hotshot::service
