#include "media/picture_files.h"

#include <cctype>
#include <cerrno>
#include <fstream>
#include <memory>
#include <system_error>

#include "base/error.h"
#include "base/file.h"

namespace hotshot::media {
namespace {

/// A file name split around its "%d" or "%0Nd", or "out.png" around the "_%04d" it is given.
struct Pattern {
  std::string before, after;
  int digits = 4;
  std::string fill(int number) const { return fmt::format("{}{:0{}}{}", before, number, digits, after); }
};

Pattern pattern_of(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  const std::size_t begin = name.find('%');
  if (begin == std::string::npos) return {path.stem().string() + "_", path.extension().string()};
  std::size_t end = begin + 1;
  if (end < name.size() && name[end] == '0') ++end;
  const bool width = end < name.size() && std::isdigit(static_cast<unsigned char>(name[end])) && end > begin + 1;
  const int digits = width ? name[end++] - '0' : 1;
  require(end < name.size() && name[end] == 'd' && name.find('%', end) == std::string::npos, "encode",
          "expected one number such as %04d in the file name but got '{}'", name);
  return {name.substr(0, begin), name.substr(end + 1), digits};
}

void fill_file(const AtomicFile& file, const std::string& bytes, const std::filesystem::path& path) {
  std::ofstream out(file.path(), std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  ensure(out.good(), "encode", "cannot write {}: {}", path.string(), std::generic_category().message(errno));
}

}  // namespace

Paths write_pictures(const Clip& clip, const std::filesystem::path& path, Progress* progress,
                     const std::function<std::string(int frame)>& bytes_of) {
  const bool one = clip.frames.count == 1 && path.filename().string().find('%') == std::string::npos;
  const Pattern pattern = one ? Pattern{} : pattern_of(path);
  Paths paths;
  std::vector<std::unique_ptr<AtomicFile>> files;  // written in full before the first one appears
  for (int i = 0; i < clip.frames.count; ++i) {
    paths.push_back(one ? path : path.parent_path() / pattern.fill(i + 1));
    files.push_back(std::make_unique<AtomicFile>(paths.back()));
    fill_file(*files.back(), bytes_of(i), paths.back());
    advance_or_stop(progress, i + 1);
  }
  for (const auto& file : files) file->commit();
  return paths;
}

}  // namespace hotshot::media
