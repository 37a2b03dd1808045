// OpenRouter's video interface, at /openrouter/api/v1.
#pragma once

#include "net/router.h"
#include "service/service.h"

namespace hotshot::service {

void add_openrouter(net::Router& router, Service& service);

}  // namespace hotshot::service
