// Everything somebody made, as one ZIP that any program opens and `hotshot import` takes back whole.
//
//   hotshot-export.json            what this is
//   clips/ID/clip.json             prompt, settings, times, names and SHA-256 of the files
//   clips/ID/video.mp4 …           the files
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "service/service.h"

namespace hotshot::service {

struct ExportReport {
  int clips = 0;
  int files = 0;
  std::vector<std::string> problems;  // files that are missing on disk
};

/// Every job of `owner` that is over, those in the trash too, oldest first. `sink` gets the archive's bytes in order
/// and may throw to stop.
ExportReport export_library(Service& service, const std::string& owner,
                            const std::function<void(std::string_view)>& sink);

struct ImportReport {
  int added = 0;
  int known = 0;                      // were here already
  std::vector<std::string> problems;  // of clips that were left out
};

/// Takes in what export_library wrote, for `owner`. Clips with a missing or changed file are left out and named;
/// nothing of them is kept. Throws InvalidArgument for a file that is no such archive.
ImportReport import_library(Service& service, const std::string& owner, const std::filesystem::path& archive);

}  // namespace hotshot::service
