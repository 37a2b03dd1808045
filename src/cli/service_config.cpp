#include "cli/service_config.h"

#include <string_view>

namespace hotshot::cli {

service::ServiceConfig config_file(int argc, char** argv) {
  constexpr std::string_view kFlag = "--config";
  service::ServiceConfig config;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == kFlag && i + 1 < argc) config = service::read_config(argv[i + 1]);
    if (word.starts_with(std::string(kFlag) + "=")) config = service::read_config(word.substr(kFlag.size() + 1));
  }
  return config;
}

}  // namespace hotshot::cli
