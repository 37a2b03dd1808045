// The page in the browser: files built from web/, and the public pages of shared clips.
#pragma once

#include <filesystem>
#include <optional>

#include "net/router.h"
#include "service/service.h"

namespace hotshot::service {

/// Where the built studio lies: the setting, else <program>/../web/dist or ./web/dist; empty where it was not built.
std::optional<std::filesystem::path> find_studio(const ServiceConfig& config);

/// Serves the files of `folder` as they are now (read once), index.html at "/". Without a folder, "/" says how to build
/// it.
void add_studio(net::Router& router, const std::optional<std::filesystem::path>& folder);

/// "/s/{secret}": the clip, to everybody who has the link.
void add_shared_pages(net::Router& router, Service& service);

}  // namespace hotshot::service
