#include "weights/digest.h"

#include <set>

#include "base/digest.h"
#include "base/error.h"

namespace hotshot::weights {
namespace {

namespace fs = std::filesystem;

bool hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

std::set<std::string> model_files(const fs::path& folder) {
  static const std::set<std::string> kExtensions = {".safetensors", ".json", ".model", ".txt"};
  std::set<std::string> files;
  const auto options = fs::directory_options::follow_directory_symlink;
  for (auto entry = fs::recursive_directory_iterator(folder, options); entry != fs::recursive_directory_iterator();
       ++entry) {
    require(entry.depth() < 16, "weights", "expected folders at most 16 deep in {}", folder.string());
    if (hidden(entry->path())) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file() && kExtensions.contains(entry->path().extension().string())) {
      files.insert(entry->path().lexically_relative(folder).generic_string());
    }
  }
  return files;
}

}  // namespace

std::string folder_digest(const fs::path& folder) {
  require(fs::is_directory(folder), "weights", "expected a folder but '{}' is none", folder.string());
  const std::set<std::string> files = model_files(folder);
  require(!files.empty(), "weights", "expected a model but {} has no .safetensors, .json, .model or .txt files",
          folder.string());
  Sha256 digest;
  for (const std::string& name : files) digest.update(fmt::format("{}  {}\n", sha256_file(folder / name), name));
  return digest.hex();
}

}  // namespace hotshot::weights
