// The settings of a service, as its processes read them.
#pragma once

#include "service/config.h"

namespace hotshot::cli {

/// What the file of --config says, or nothing where there is none; flags then change it.
service::ServiceConfig config_file(int argc, char** argv);

}  // namespace hotshot::cli
