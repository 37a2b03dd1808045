#include "pipeline/library.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "base/file.h"

namespace hotshot::pipeline {
namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

fs::path user_models() {
  if (const std::string data = environment("XDG_DATA_HOME"); !data.empty()) return fs::path(data) / "hotshot/models";
  const std::string home = environment("HOME");
  return home.empty() ? fs::path() : fs::path(home) / ".local/share/hotshot/models";
}

bool is_model(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path / "model_index.json", ignored);
}

const ModelRoot& own_root(const std::vector<ModelRoot>& roots) {
  const auto found = std::find_if(roots.begin(), roots.end(), [](const ModelRoot& root) { return root.own; });
  require(found != roots.end(), "models", "expected HOTSHOT_MODELS or HOME to say where models belong");
  return *found;
}

void check_name(const std::string& name) {
  const bool sound = !name.empty() && name.front() != '.' && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '_' || c == '.';
  });
  require(sound, "models", "expected a name of letters, digits, '-', '_' and '.' but got '{}'", name);
}

}  // namespace

std::vector<ModelRoot> model_roots() {
  std::vector<ModelRoot> roots;
  if (const std::string own = environment("HOTSHOT_MODELS"); !own.empty()) roots.push_back({own, true});
  roots.push_back({"models", false});
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) roots.push_back({program.parent_path().parent_path() / "models", false});
  if (const fs::path user = user_models(); !user.empty()) roots.push_back({user, true});
  return roots;
}

std::vector<ModelEntry> list_models(const std::vector<ModelRoot>& roots) {
  std::vector<ModelEntry> entries;
  for (const ModelRoot& root : roots) {
    std::error_code error;
    for (const auto& item : fs::directory_iterator(root.path, error)) {
      const std::string name = item.path().filename().string();
      const bool known = std::any_of(entries.begin(), entries.end(), [&](const auto& e) { return e.name == name; });
      if (!known && name.front() != '.' && is_model(item.path())) entries.push_back({name, item.path(), root.own});
    }
  }
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

fs::path find_model(const std::string& name_or_path, const std::vector<ModelRoot>& roots) {
  require(!name_or_path.empty(), "model", "expected a name or a folder but got nothing");
  if (name_or_path.find('/') != std::string::npos || is_model(name_or_path)) return name_or_path;
  std::vector<std::string> known;
  for (const ModelEntry& entry : list_models(roots)) {
    if (entry.name == name_or_path) return entry.path;
    known.push_back(entry.name);
  }
  if (!known.empty()) throw_unknown("model", name_or_path, known);
  std::string places;
  for (const ModelRoot& root : roots) places += (places.empty() ? "" : ", ") + root.path.string();
  throw_invalid("model", fmt::format("expected a model but got '{}', and there is none in {}", name_or_path, places));
}

fs::path place_for_model(const std::string& name, const std::vector<ModelRoot>& roots) {
  check_name(name);
  const fs::path root = own_root(roots).path, to = root / name;
  require(!fs::exists(fs::symlink_status(to)), "models", "expected a new name but '{}' is there already: {}", name,
          to.string());
  make_folders(root, "models");
  return to;
}

fs::path import_model(const fs::path& source, const std::string& name, bool copy, const std::vector<ModelRoot>& roots) {
  const fs::path from = fs::canonical(source);
  const std::string known_as = name.empty() ? from.filename().string() : name;
  const fs::path to = place_for_model(known_as, roots), root = to.parent_path();
  std::error_code error;
  if (!copy) {
    fs::create_directory_symlink(from, to, error);
    require(!error, "models", "cannot write {}: {}", to.string(), error.message());
    return to;
  }
  const fs::path partial = root / fmt::format(".{}.{}.partial", known_as, ::getpid());
  fs::copy(from, partial, fs::copy_options::recursive, error);
  if (!error) fs::rename(partial, to, error);
  if (error) {
    std::error_code ignored;
    fs::remove_all(partial, ignored);
    throw_failure("models", fmt::format("cannot copy to {}: {}", to.string(), error.message()));
  }
  return to;
}

void remove_model(const std::string& name, bool delete_files, const std::vector<ModelRoot>& roots) {
  const std::vector<ModelEntry> entries = list_models(roots);
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.name == name; });
  if (found == entries.end()) {
    std::vector<std::string> known;
    for (const ModelEntry& entry : entries) known.push_back(entry.name);
    throw_unknown("models", name, known);
  }
  require(found->own, "models", "expected an imported model but '{}' belongs to the program: {}", name,
          found->path.string());
  std::error_code error;
  if (fs::is_symlink(found->path)) {
    fs::remove(found->path, error);
  } else {
    require(delete_files, "models", "expected --delete-files, since '{}' is a folder of its own: {}", name,
            found->path.string());
    fs::remove_all(found->path, error);
  }
  ensure(!error, "models", "cannot remove {}: {}", found->path.string(), error.message());
}

}  // namespace hotshot::pipeline
