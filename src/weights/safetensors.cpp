#include "weights/safetensors.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "weights/mapping.h"

namespace hotshot::weights {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian");

constexpr std::uint64_t kPrefixBytes = 8;
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;

std::string place(const std::filesystem::path& path) { return fmt::format("safetensors {}", path.string()); }

void refuse_pickle(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  for (const std::string_view refused : {".ckpt", ".pt", ".pth", ".bin", ".pkl", ".pickle"})
    require(extension != refused, "weights",
            "expected .safetensors but {} is a pickle, and reading a pickle runs the code inside it; convert it to "
            "safetensors first",
            path.string());
}

SafetensorsHeader read_header(const InputFile& file, const std::filesystem::path& path) {
  const std::string where = place(path);
  require(file.size() >= kPrefixBytes, where, "expected at least {} bytes but got {}", kPrefixBytes, file.size());
  std::uint64_t header_bytes = 0;
  file.read(&header_bytes, sizeof header_bytes, 0);
  // A zip archive (what torch.save writes) or a bare pickle, whatever the file is called.
  const bool pickle = (header_bytes & 0xffffffff) == 0x04034b50 || (header_bytes & 0xff) == 0x80;
  require(header_bytes <= kMaxHeaderBytes && header_bytes <= file.size() - kPrefixBytes, where,
          "expected a header of at most {} bytes but got {}{}", std::min(kMaxHeaderBytes, file.size() - kPrefixBytes),
          header_bytes, pickle ? "; this looks like a pickle from torch.save, which is never read" : "");
  std::string json(header_bytes, '\0');
  file.read(json.data(), json.size(), kPrefixBytes);
  const std::uint64_t data_begin = kPrefixBytes + header_bytes;
  SafetensorsHeader header = parse_safetensors_header(json, file.size() - data_begin, where);
  header.data_begin = data_begin;
  return header;
}

// Any byte but 0 and 1 is not a value of bool, and reading it would be undefined.
void require_bools(const std::byte* data, const TensorInfo& info, const std::filesystem::path& path) {
  const bool valid = std::all_of(data, data + info.bytes(), [](std::byte b) { return b <= std::byte{1}; });
  require(valid, place(path), "expected bytes 0 and 1 in a BOOL tensor");
}

at::Tensor make_tensor(const TensorInfo& info, std::byte* data, const std::shared_ptr<Mapping>& mapping) {
  const auto options = at::TensorOptions().dtype(info.dtype).device(at::kCPU);
  const bool aligned = reinterpret_cast<std::uintptr_t>(data) % at::elementSize(info.dtype) == 0;
  if (aligned && info.bytes() > 0) {
    return at::from_blob(
        data, info.shape,
        [held = mapping, bytes = info.bytes()](void* first) {
          held->give_back(static_cast<const std::byte*>(first), bytes);
        },
        options);
  }
  at::Tensor copy = at::empty(info.shape, options);
  if (info.bytes() > 0) std::memcpy(copy.data_ptr(), data, info.bytes());
  return copy;
}

// Largest elements first, so that each tensor is aligned for its type; then by name.
std::vector<TensorMap::const_iterator> file_order(const TensorMap& tensors) {
  std::vector<TensorMap::const_iterator> order;
  for (auto entry = tensors.begin(); entry != tensors.end(); ++entry) order.push_back(entry);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a->second.element_size() > b->second.element_size(); });
  return order;
}

std::string make_header(const std::vector<TensorMap::const_iterator>& order, const Metadata& metadata,
                        const std::string& where) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t position = 0;
  for (const auto& entry : order) {
    const auto& [name, tensor] = *entry;
    const std::uint64_t end = position + tensor.nbytes();
    header[name] = {{"dtype", dtype_name(tensor.scalar_type())},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {position, end}}};
    position = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::type_error&) {
    throw_invalid(where, "expected names and metadata in UTF-8");
  }
  text.append((8 - text.size() % 8) % 8, ' ');
  require(text.size() <= kMaxHeaderBytes, where, "expected a header of at most {} bytes but got {}", kMaxHeaderBytes,
          text.size());
  return text;
}

}  // namespace

SafetensorsHeader read_safetensors_header(const std::filesystem::path& path) {
  refuse_pickle(path);
  return read_header(InputFile(path), path);
}

std::vector<TensorInfo> list_safetensors(const std::filesystem::path& path) {
  std::vector<TensorInfo> tensors = read_safetensors_header(path).tensors;
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return tensors;
}

SafetensorsFile read_safetensors(const std::filesystem::path& path) {
  refuse_pickle(path);
  const InputFile file(path);
  SafetensorsHeader header = read_header(file, path);
  const auto mapping = std::make_shared<Mapping>(file);
  std::byte* const data = mapping->data() + header.data_begin;
  for (const TensorInfo& info : header.tensors)
    if (info.dtype == at::kBool) require_bools(data + info.begin, info, path);
  SafetensorsFile result{.tensors = {}, .metadata = std::move(header.metadata)};
  for (const TensorInfo& info : header.tensors)
    result.tensors.emplace(info.name, make_tensor(info, data + info.begin, mapping));
  return result;
}

void write_safetensors(const std::filesystem::path& path, const TensorMap& tensors, const Metadata& metadata) {
  const std::string where = place(path);
  for (const auto& [name, tensor] : tensors) {
    require(name != "__metadata__", where, "expected a tensor name other than __metadata__");
    require(tensor.defined() && tensor.layout() == at::kStrided, where, "expected a dense tensor for '{}'", name);
    dtype_name(tensor.scalar_type());
  }
  const auto order = file_order(tensors);
  const std::string header = make_header(order, metadata, where);
  AtomicFile file(path);
  std::ofstream out(file.path(), std::ios::binary | std::ios::trunc);
  const std::uint64_t header_bytes = header.size();
  out.write(reinterpret_cast<const char*>(&header_bytes), sizeof header_bytes);
  out.write(header.data(), static_cast<std::streamsize>(header.size()));
  for (const auto& entry : order) {
    const at::Tensor plain = entry->second.detach().to(at::kCPU).contiguous();
    out.write(static_cast<const char*>(plain.data_ptr()), static_cast<std::streamsize>(plain.nbytes()));
  }
  out.close();
  ensure(out.good(), where, "cannot write {} bytes: {}", header.size(), std::strerror(errno));
  file.commit();
}

}  // namespace hotshot::weights
