#include "data/file_clips.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <optional>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "text/prompt.h"

namespace hotshot::data {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 5> kPictures{".png", ".jpg", ".jpeg", ".webp", ".bmp"};
constexpr std::uint64_t kMaxPromptBytes = 64u << 10;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The run of digits at the start, without leading zeros, and how long it is with them.
std::pair<std::string_view, std::size_t> number_at(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && is_digit(text[length])) ++length;
  const std::size_t zeros = std::min(text.find_first_not_of('0'), length);
  return {text.substr(zeros, length - zeros), length};
}

bool is_picture(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return std::find(kPictures.begin(), kPictures.end(), extension) != kPictures.end();
}

std::vector<fs::path> entries(const fs::path& folder, bool (*wanted)(const fs::directory_entry&)) {
  std::error_code error;
  fs::directory_iterator all(folder, error);
  require(!error, "data", "expected a folder but '{}' cannot be read: {}", folder.string(), error.message());
  std::vector<fs::path> paths;
  for (const fs::directory_entry& entry : all) {
    if (!entry.path().filename().string().starts_with('.') && wanted(entry)) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end(), [](const fs::path& a, const fs::path& b) {
    return natural_less(a.filename().string(), b.filename().string());
  });
  return paths;
}

bool is_picture_file(const fs::directory_entry& entry) {
  std::error_code ignored;
  return is_picture(entry.path()) && entry.is_regular_file(ignored);
}

bool is_folder(const fs::directory_entry& entry) {
  std::error_code ignored;
  return entry.is_directory(ignored);
}

std::string read_prompt(const fs::path& path) {
  std::string prompt = read_file(path, kMaxPromptBytes);
  if (prompt.starts_with("\xEF\xBB\xBF")) prompt.erase(0, 3);
  const char* kSpace = " \t\r\n";
  prompt.erase(prompt.find_last_not_of(kSpace) + 1);
  prompt.erase(0, std::min(prompt.find_first_not_of(kSpace), prompt.size()));
  require(!prompt.empty(), "data", "expected words in '{}' but it is empty", path.string());
  try {
    text::check_prompt(prompt);
  } catch (const InvalidArgument& error) {
    throw_invalid("data", fmt::format("{}: {}", path.string(), error.what()));
  }
  return prompt;
}

double aspect(int width, int height) { return static_cast<double>(width) / height; }

std::optional<std::size_t> bucket_for(const PictureSize& size, std::size_t frames, const std::vector<Bucket>& buckets) {
  std::optional<std::size_t> best;
  const auto distance = [&](std::size_t i) {
    return std::abs(aspect(buckets[i].width, buckets[i].height) - aspect(size.width, size.height));
  };
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    if (static_cast<std::size_t>(buckets[i].frames) > frames) continue;
    const bool nearer = !best || distance(i) < distance(*best);
    const bool longer = best && distance(i) == distance(*best) && buckets[i].frames > buckets[*best].frames;
    if (nearer || longer) best = i;
  }
  return best;
}

PictureSize size_of(const Sample& sample, const PictureReader& reader) {
  std::optional<PictureSize> first;
  for (const fs::path& frame : sample.frames) {
    const PictureSize size = reader.size(frame);
    if (!first) first = size;
    require(size.width == first->width && size.height == first->height, "data",
            "expected frames of one size, {}x{}, but '{}' has {}x{}", first->width, first->height, frame.string(),
            size.width, size.height);
  }
  return *first;
}

}  // namespace

bool natural_less(std::string_view a, std::string_view b) {
  const std::string_view whole_a = a, whole_b = b;
  while (!a.empty() && !b.empty()) {
    if (!is_digit(a.front()) || !is_digit(b.front())) {
      if (a.front() != b.front()) return static_cast<unsigned char>(a.front()) < static_cast<unsigned char>(b.front());
      a.remove_prefix(1), b.remove_prefix(1);
      continue;
    }
    const auto [number_a, length_a] = number_at(a);
    const auto [number_b, length_b] = number_at(b);
    if (number_a.size() != number_b.size()) return number_a.size() < number_b.size();
    if (number_a != number_b) return number_a < number_b;
    a.remove_prefix(length_a), b.remove_prefix(length_b);
  }
  if (a.empty() != b.empty()) return a.empty();
  return whole_a < whole_b;  // alike but for leading zeros
}

std::vector<Sample> read_samples(const fs::path& folder) {
  std::vector<Sample> samples;
  for (const fs::path& place : entries(folder, is_folder)) {
    Sample sample{.place = place, .frames = entries(place, is_picture_file), .prompt = {}};
    require(!sample.frames.empty(), "data", "expected pictures in '{}' but there is none", place.string());
    require(fs::exists(place / "prompt.txt"), "data", "expected prompt.txt in '{}' but it is not there",
            place.string());
    sample.prompt = read_prompt(place / "prompt.txt");
    samples.push_back(std::move(sample));
  }
  require(!samples.empty(), "data", "expected folders of frames in '{}' but there is none", folder.string());
  return samples;
}

std::vector<Sample> read_pictures(const fs::path& folder, const std::string& prompt) {
  std::vector<Sample> samples;
  for (const fs::path& picture : entries(folder, is_picture_file)) {
    const fs::path own = fs::path(picture).replace_extension(".txt");
    samples.push_back({picture, {picture}, fs::exists(own) ? read_prompt(own) : prompt});
    require(!samples.back().prompt.empty(), "data", "expected a prompt for '{}', its own or one for all, but got {}",
            picture.string(), "none");
  }
  require(!samples.empty(), "data", "expected pictures in '{}' but there is none", folder.string());
  return samples;
}

FileClips::FileClips(const std::vector<Sample>& samples, std::vector<Bucket> buckets, PictureReader reader)
    : buckets_(std::move(buckets)), reader_(std::move(reader)), clips_(buckets_.size()) {
  require(bool(reader_), "data", "expected a program that reads pictures but this one was built {}", "without");
  std::vector<Sha256> digests(buckets_.size());
  for (const Sample& sample : samples) {
    const PictureSize size = size_of(sample, reader_);
    const auto bucket = bucket_for(size, sample.frames.size(), buckets_);
    require(bucket.has_value(), "data", "expected as many frames as a bucket has but '{}' has {}",
            sample.place.string(), sample.frames.size());
    Placed placed{sample, size};
    const std::size_t wanted = static_cast<std::size_t>(buckets_[*bucket].frames);
    const std::size_t before = (sample.frames.size() - wanted) / 2;
    const auto first = sample.frames.begin() + static_cast<std::ptrdiff_t>(before);
    placed.sample.frames.assign(first, first + static_cast<std::ptrdiff_t>(wanted));
    digests[*bucket].update(sha256_text(sample.prompt));
    for (const fs::path& frame : placed.sample.frames) digests[*bucket].update(sha256_file(frame));
    clips_[*bucket].push_back(std::move(placed));
  }
  for (Sha256& digest : digests) digests_.push_back(digest.hex());
}

std::vector<Frames> FileClips::clips(std::size_t bucket, std::uint64_t first, int n) const {
  const Bucket& shape = buckets_[bucket];
  std::vector<Frames> clips;
  for (int i = 0; i < n; ++i) {
    const Placed& placed = clips_[bucket].at(first + static_cast<std::uint64_t>(i));
    Frames& clip = clips.emplace_back(shape.frames, shape.height, shape.width);
    for (int t = 0; t < shape.frames; ++t) {
      const Frames frame = reader_.cover(placed.sample.frames[static_cast<std::size_t>(t)], shape.height, shape.width);
      ensure(frame.pixels.size() == clip.frame_bytes(), "data", "expected a frame of {}x{} but got {}x{}", shape.width,
             shape.height, frame.width, frame.height);
      std::memcpy(clip.frame(t), frame.pixels.data(), clip.frame_bytes());
    }
  }
  return clips;
}

std::string FileClips::caption(std::size_t bucket, std::uint64_t clip, std::uint64_t) const {
  return clips_[bucket].at(clip).sample.prompt;
}

Framing FileClips::framing(std::size_t bucket, std::uint64_t clip) const {
  const PictureSize size = clips_[bucket].at(clip).size;
  const Bucket& shape = buckets_[bucket];
  const double scale =
      std::max(static_cast<double>(shape.width) / size.width, static_cast<double>(shape.height) / size.height);
  return {.original_width = size.width,
          .original_height = size.height,
          .crop_left = (std::round(size.width * scale) - shape.width) / 2,
          .crop_top = (std::round(size.height * scale) - shape.height) / 2};
}

}  // namespace hotshot::data
