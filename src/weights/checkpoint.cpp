#include "weights/checkpoint.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/options.h"

namespace hotshot::weights {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view kPrefix = "step-";
constexpr std::string_view kStateFile = "state.json";
constexpr std::uint64_t kMaxStateBytes = 256u << 20;

// The step in a checkpoint's folder name; none for any other name.
std::optional<std::int64_t> step_of(const fs::path& path) {
  const std::string name = path.filename().string();
  if (!name.starts_with(kPrefix) || name.size() < kPrefix.size() + 8) return std::nullopt;
  std::int64_t step = 0;
  const char* const end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + kPrefix.size(), end, step);
  if (error != std::errc() || stop != end || step < 0) return std::nullopt;
  return step;
}

bool plain_name(const std::string& name) {
  return !name.empty() && name.size() <= 100 &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; });
}

fs::path group_file(const fs::path& path, const std::string& name) { return path / (name + ".safetensors"); }

// state.json of a complete checkpoint; otherwise the reason why it is not one.
struct Manifest {
  json value;
  std::string defect;
};

Manifest read_manifest(const fs::path& path) {
  json value;
  try {
    value = parse_json(read_file(path / kStateFile, kMaxStateBytes));
  } catch (const InvalidArgument& error) {
    return {{}, error.what()};
  }
  if (!value.is_object() || !value.contains("files") || !value["files"].is_object() || !value.contains("state") ||
      !value.contains("step") || value["step"] != step_of(path).value_or(-1)) {
    return {{}, "expected state.json with step, files and state"};
  }
  for (const auto& [name, bytes] : value["files"].items()) {
    std::error_code error;
    if (!plain_name(name)) return {{}, "state.json has a malformed name"};
    const auto size = fs::file_size(group_file(path, name), error);
    if (error || bytes != size) return {{}, fmt::format("{}.safetensors is missing or cut", name)};
  }
  return {std::move(value), {}};
}

// Steps of all folders with a checkpoint's name, newest first.
std::vector<std::pair<std::int64_t, fs::path>> checkpoints(const fs::path& folder) {
  std::vector<std::pair<std::int64_t, fs::path>> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (const auto step = step_of(entry.path()); step && entry.is_directory()) found.emplace_back(*step, entry.path());
  std::sort(found.rbegin(), found.rend());
  return found;
}

void sync_folder(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ensure(fd >= 0, "checkpoint", "cannot open {}: {}", path.string(), std::strerror(errno));
  ::fsync(fd);  // some file systems cannot; the files themselves are synced when written
  ::close(fd);
}

// Hidden first, by one rename, so that a half-removed folder never has a checkpoint's name.
void remove_checkpoint(const fs::path& path) {
  const fs::path hidden = path.parent_path() / fmt::format(".{}.removed", path.filename().string());
  fs::remove_all(hidden);
  fs::rename(path, hidden);
  fs::remove_all(hidden);
}

void remove_leftovers(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(fmt::format(".{}", kPrefix)) && (name.ends_with(".partial") || name.ends_with(".removed")))
      fs::remove_all(entry.path());
  }
}

// Puts the folder `partial` in the place of `path`. An old one is exchanged in one step; there is always one of them.
void put_in_place(const fs::path& partial, const fs::path& path) {
  if (!fs::exists(path)) {
    fs::rename(partial, path);
    return;
  }
  const int result = ::renameat2(AT_FDCWD, partial.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE);
  if (result == 0) {
    fs::remove_all(partial);
    return;
  }
  ensure(errno == EINVAL || errno == ENOSYS, "checkpoint", "cannot write {}: {}", path.string(), std::strerror(errno));
  remove_checkpoint(path);
  fs::rename(partial, path);
}

// A checkpoint counts towards `keep` only when complete; older ones than the kept go, complete or not, but `written`.
void prune(const fs::path& folder, const fs::path& written, int keep) {
  int complete = 0;
  for (const auto& [step, path] : checkpoints(folder)) {
    if (complete >= keep && path != written) remove_checkpoint(path);
    complete += complete < keep && read_manifest(path).defect.empty();
  }
}

}  // namespace

fs::path write_checkpoint(const fs::path& folder, const Checkpoint& checkpoint, int keep) {
  require(checkpoint.step >= 0, "checkpoint", "expected a step from 0 up but got {}", checkpoint.step);
  require(keep >= 1, "checkpoint", "expected to keep at least 1 checkpoint but got {}", keep);
  make_folders(folder, "checkpoint");
  remove_leftovers(folder);
  const std::string name = fmt::format("{}{:08}", kPrefix, checkpoint.step);
  const fs::path partial = folder / fmt::format(".{}.partial", name);
  std::error_code error;
  require(fs::create_directory(partial, error), "checkpoint", "cannot create {}: {}", partial.string(),
          error.message());
  json files = json::object();
  for (const auto& [group, tensors] : checkpoint.groups) {
    require(plain_name(group), "checkpoint", "expected a name of letters, digits, '_' and '-' but got '{}'", group);
    write_safetensors(group_file(partial, group), tensors);
    files[group] = fs::file_size(group_file(partial, group));
  }
  const json manifest = {{"step", checkpoint.step}, {"files", std::move(files)}, {"state", checkpoint.state}};
  write_file(partial / kStateFile, manifest.dump(1) + "\n");
  sync_folder(partial);
  put_in_place(partial, folder / name);
  sync_folder(folder);
  prune(folder, folder / name, keep);
  return folder / name;
}

std::optional<fs::path> latest_checkpoint(const fs::path& folder) {
  for (const auto& [step, path] : checkpoints(folder))
    if (read_manifest(path).defect.empty()) return path;
  return std::nullopt;
}

Checkpoint read_checkpoint(const fs::path& path) {
  Manifest manifest = read_manifest(path);
  require(manifest.defect.empty(), "checkpoint", "expected a complete checkpoint but in {}: {}", path.string(),
          manifest.defect);
  Checkpoint checkpoint{
      .step = manifest.value["step"].get<std::int64_t>(), .groups = {}, .state = std::move(manifest.value["state"])};
  for (const auto& [group, bytes] : manifest.value["files"].items())
    checkpoint.groups.emplace(group, read_safetensors(group_file(path, group)).tensors);
  return checkpoint;
}

}  // namespace hotshot::weights
