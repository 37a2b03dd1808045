// Models of this machine: folders with networks.
#pragma once

#include <filesystem>
#include <optional>

#include "pipeline/model_folder.h"
#include "service/offer.h"

namespace hotshot::service {

struct LocalOffer : Offer {
  /// Reads the folder; what is wrong with it becomes its problem.
  LocalOffer(std::string name, std::filesystem::path path, std::int64_t changed_ms);
  /// Settled, and "frames_made". Checks this machine's memory too.
  void plan(const pipeline::GenerateRequest& request, Planned& planned) const override;

  std::filesystem::path path;
  std::optional<pipeline::ModelFolder> folder = {};  // unless there is a problem
};

/// When a file of a folder last changed.
std::int64_t newest_change_ms(const std::filesystem::path& folder);

}  // namespace hotshot::service
