// Links to a job's files that need no key: for clients that fetch a result by its bare address.
#pragma once

#include <string>
#include <string_view>

#include "net/router.h"
#include "service/service.h"

namespace hotshot::service {

/// An address of that file, good for `lifetime_ms`: absolute where the service has a public_url, else below the host
/// the request named.
std::string signed_link(Service& service, const net::Request& request, const store::Job& job, std::string_view role,
                        std::int64_t lifetime_ms = 3600 * 1000);

/// "/files/{id}/{role}?until=…&by=…".
void add_signed_links(net::Router& router, Service& service);

}  // namespace hotshot::service
