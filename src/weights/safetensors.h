// Tensors in one .safetensors file: 8 bytes of header length, a JSON header {name: {dtype, shape, data_offsets}},
// bytes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hotshot::weights {

/// Tensors by name, in the order of the names.
using TensorMap = std::map<std::string, at::Tensor>;
/// The free `__metadata__` strings of a file.
using Metadata = std::map<std::string, std::string>;

/// What a file says of one tensor.
struct TensorInfo {
  std::string name;
  at::ScalarType dtype = at::kFloat;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;  // first byte, counted from the start of the data
  std::uint64_t end = 0;    // one past the last byte

  std::uint64_t bytes() const { return end - begin; }
  std::int64_t elements() const;
};

/// A validated header: every tensor lies in the data, and together they cover it without overlap or hole.
struct SafetensorsHeader {
  std::vector<TensorInfo> tensors;  // in the order of their bytes
  Metadata metadata;
  std::uint64_t data_begin = 0;  // offset of the data in the file
};

/// A file's tensors. They alias a private mapping of the file and keep it alive; writing to one changes memory only,
/// never the file. A tensor whose bytes are not aligned for its type is a copy.
struct SafetensorsFile {
  TensorMap tensors;
  Metadata metadata;
};

/// Parses the JSON of a header over `data_bytes` bytes of data. Throws InvalidArgument, naming `where`, for anything
/// but a well-formed header of types F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL. data_begin is left 0.
SafetensorsHeader parse_safetensors_header(std::string_view json, std::uint64_t data_bytes, const std::string& where);

/// Maps a file; everything is validated before the first tensor is made. Throws InvalidArgument. The file must not
/// shrink while its tensors live: reading a page that is gone kills the process (SIGBUS), as with any mapping.
/// Pickles (.ckpt .pt .pth .bin .pkl) are refused: reading one would run the code inside.
SafetensorsFile read_safetensors(const std::filesystem::path& path);

/// The header alone, read and validated without touching the data.
SafetensorsHeader read_safetensors_header(const std::filesystem::path& path);
/// The tensors a file holds, by name, without touching the data.
std::vector<TensorInfo> list_safetensors(const std::filesystem::path& path);

/// Writes a file atomically. The bytes depend on names, values and metadata alone. Tensors may be on any device and
/// of any strides. Throws InvalidArgument for a type the format lacks or the name "__metadata__".
void write_safetensors(const std::filesystem::path& path, const TensorMap& tensors, const Metadata& metadata = {});

/// "F32" for float … ; throws InvalidArgument for a type the format lacks.
std::string_view dtype_name(at::ScalarType dtype);

}  // namespace hotshot::weights
