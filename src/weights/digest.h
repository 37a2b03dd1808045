// What a model is, as one digest.
#pragma once

#include <filesystem>
#include <string>

namespace hotshot::weights {

/// The digest of what a model folder is made of: every .safetensors .json .model .txt file in it and below, hidden
/// ones left out. It is the SHA-256 of the lines "<sha256 of the file>  <relative path>\n" in byte order of the paths,
/// so it can be checked with sha256sum. Throws InvalidArgument for a folder without such files.
std::string folder_digest(const std::filesystem::path& folder);

}  // namespace hotshot::weights
