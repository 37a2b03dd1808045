#include "weights/part.h"

#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/options.h"
#include "weights/name_list.h"

namespace hotshot::weights {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 2> kBasenames = {"diffusion_pytorch_model", "model"};
constexpr std::uintmax_t kMaxIndexBytes = 64u << 20;

using WeightMap = std::map<std::string, std::string>;  // tensor name → file name

WeightMap read_index(const fs::path& path) {
  const std::string where = fmt::format("weights {}", path.string());
  const auto index = parse_json(read_file(path, kMaxIndexBytes));
  require(index.is_object() && index.contains("weight_map") && index["weight_map"].is_object(), where,
          "expected a JSON object with weight_map");
  WeightMap map;
  for (const auto& [name, file] : index["weight_map"].items()) {
    require(file.is_string(), where, "expected a file name for '{}' but got {}", name, shown(file));
    const auto text = file.get<std::string>();
    require(text.ends_with(".safetensors") && fs::path(text).filename() == text, where,
            "expected the name of a .safetensors file beside the index but got '{}'", text);
    map.emplace(name, text);
  }
  require(!map.empty(), where, "expected at least one tensor in weight_map");
  return map;
}

std::set<std::string> shard_names(const WeightMap& map) {
  std::set<std::string> names;
  for (const auto& [name, file] : map) names.insert(file);
  return names;
}

struct PartSource {
  fs::path file;   // a .safetensors file, or
  fs::path index;  // an index
};

PartSource find_part(const fs::path& folder) {
  require(fs::is_directory(folder), "weights", "expected a folder but '{}' is none", folder.string());
  std::string looked_for;
  for (const std::string_view basename : kBasenames) {
    for (const std::string_view suffix : {".safetensors", ".safetensors.index.json", ".fp16.safetensors"}) {
      const std::string name = fmt::format("{}{}", basename, suffix);
      if (fs::exists(folder / name))
        return suffix.ends_with(".json") ? PartSource{{}, folder / name} : PartSource{folder / name, {}};
      looked_for += (looked_for.empty() ? "" : ", ") + name;
    }
  }
  for (const std::string_view pickle : {"diffusion_pytorch_model.bin", "pytorch_model.bin"})
    require(!fs::exists(folder / pickle), "weights",
            "expected one of {} but {} has only {}, a pickle, which is never read", looked_for, folder.string(),
            pickle);
  throw_invalid("weights", fmt::format("expected one of {} but {} has none", looked_for, folder.string()));
}

TensorMap read_shards(const fs::path& index) {
  const WeightMap map = read_index(index);
  TensorMap tensors;
  NameList unlisted;
  NameList missing;
  for (const std::string& shard : shard_names(map)) {
    for (auto& [name, tensor] : read_safetensors(index.parent_path() / shard).tensors) {
      const auto listed = map.find(name);
      if (listed == map.end() || listed->second != shard) {
        unlisted.add(fmt::format("{} in {}", name, shard));
      } else {
        tensors.emplace(name, std::move(tensor));
      }
    }
  }
  for (const auto& [name, shard] : map)
    if (!tensors.contains(name)) missing.add(fmt::format("{} in {}", name, shard));
  require(missing.empty() && unlisted.empty(), fmt::format("weights {}", index.string()),
          "expected the shards to hold what the index lists but missing: [{}], not listed: [{}]", missing.text(),
          unlisted.text());
  return tensors;
}

// Names split into shards in their order; each shard but one of a single tensor stays within the limit.
std::vector<TensorMap> split(const TensorMap& tensors, std::int64_t max_shard_bytes) {
  std::vector<TensorMap> shards(1);
  std::int64_t bytes = 0;
  for (const auto& [name, tensor] : tensors) {
    const auto size = static_cast<std::int64_t>(tensor.nbytes());
    if (!shards.back().empty() && bytes + size > max_shard_bytes) {
      shards.emplace_back();
      bytes = 0;
    }
    shards.back().emplace(name, tensor);
    bytes += size;
  }
  return shards;
}

// Removes an earlier write's index and those of its shards that are not `kept`.
void remove_old_shards(const fs::path& index, const std::set<std::string>& kept) {
  if (!fs::exists(index)) return;
  const std::set<std::string> old = shard_names(read_index(index));
  fs::remove(index);
  for (const std::string& name : old)
    if (!kept.contains(name)) fs::remove(index.parent_path() / name);
}

}  // namespace

std::vector<fs::path> part_files(const fs::path& folder) {
  const PartSource source = find_part(folder);
  if (source.index.empty()) return {source.file};
  std::vector<fs::path> files;
  for (const std::string& name : shard_names(read_index(source.index))) files.push_back(folder / name);
  return files;
}

TensorMap read_part(const fs::path& folder) {
  const PartSource source = find_part(folder);
  return source.index.empty() ? read_safetensors(source.file).tensors : read_shards(source.index);
}

void write_part(const fs::path& folder, std::string_view basename, const TensorMap& tensors,
                std::int64_t max_shard_bytes) {
  require(max_shard_bytes > 0, "weights", "expected a positive shard size but got {}", max_shard_bytes);
  make_folders(folder, "weights");
  const fs::path single = folder / fmt::format("{}.safetensors", basename);
  const fs::path index = folder / fmt::format("{}.safetensors.index.json", basename);
  const Metadata metadata = {{"format", "pt"}};  // transformers refuses files without it
  const std::vector<TensorMap> shards = split(tensors, max_shard_bytes);
  if (shards.size() == 1) {
    write_safetensors(single, tensors, metadata);
    remove_old_shards(index, {});
    return;
  }
  nlohmann::json map = nlohmann::json::object();
  std::uint64_t total = 0;
  std::set<std::string> written;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const std::string name = fmt::format("{}-{:05}-of-{:05}.safetensors", basename, i + 1, shards.size());
    write_safetensors(folder / name, shards[i], metadata);
    written.insert(name);
    for (const auto& [tensor_name, tensor] : shards[i]) map[tensor_name] = name, total += tensor.nbytes();
  }
  remove_old_shards(index, written);
  const nlohmann::json text = {{"metadata", {{"total_size", total}}}, {"weight_map", std::move(map)}};
  write_file(index, text.dump(2) + "\n");
  fs::remove(single);
}

}  // namespace hotshot::weights
