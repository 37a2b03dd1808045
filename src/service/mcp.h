// Model Context Protocol, at /mcp: agents make clips. Plain JSON over POST, without sessions, which serves clients of
// the specifications of 2025 (initialize) and of 2026-07-28 (server/discover).
#pragma once

#include "net/router.h"
#include "service/service.h"

namespace hotshot::service {

void add_mcp(net::Router& router, Service& service);

}  // namespace hotshot::service
