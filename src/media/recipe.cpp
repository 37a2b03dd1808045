#include "media/recipe.h"

#include <algorithm>

#include "base/error.h"
#include "media/format.h"

namespace hotshot::media {
namespace {

/// The row of the file's first bytes; null where no row knows them.
const Format* format_in(const ByteReader& file) {
  const std::string head = file.bytes(0, std::min<std::uint64_t>(16, file.size()));
  for (const Format& format : formats()) {
    if (format.begins(head)) return &format;
  }
  return nullptr;
}

}  // namespace

std::optional<std::string> read_recipe(const std::filesystem::path& path) {
  const ByteReader file(path);
  if (const Format* format = format_in(file)) return format->read_recipe(file);
  std::string names;
  for (const Format& format : formats()) names += (names.empty() ? "" : ", ") + std::string(format.name);
  throw_invalid("media", fmt::format("{}: expected a file of {} but got something else", file.name(), names));
}

std::optional<std::string> read_digital_source(const std::filesystem::path& path) {
  const ByteReader file(path);
  const Format* format = format_in(file);
  return format ? format->read_source(file) : std::nullopt;
}

bool is_known_format(const std::filesystem::path& path) { return format_in(ByteReader(path)) != nullptr; }

}  // namespace hotshot::media
