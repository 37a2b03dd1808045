// A data set of picture files: clips as folders of frames, as Hotshot-XL's fine-tuning wants them, or single pictures.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "data/clip_set.h"

namespace hotshot::data {

struct PictureSize {
  int width = 0;
  int height = 0;
};

/// How pictures are read: this folder knows no formats. Both throw InvalidArgument, naming the file, for what is no
/// picture. Empty functions where pictures cannot be read.
struct PictureReader {
  std::function<PictureSize(const std::filesystem::path&)> size;
  /// One frame, scaled to cover height × width without distortion, its middle cut out.
  std::function<Frames(const std::filesystem::path&, int height, int width)> cover;

  explicit operator bool() const { return size && cover; }
};

/// Pictures that follow each other, and what they show.
struct Sample {
  std::filesystem::path place;  // for messages
  std::vector<std::filesystem::path> frames;
  std::string prompt;
};

/// Whether a comes before b where people count: runs of digits by their value, so that 2 stands before 10.
bool natural_less(std::string_view a, std::string_view b);

/// FOLDER/SAMPLE/{frames, prompt.txt}, samples and frames in natural order. Frames are the files that are called as
/// pictures are (png, jpg, jpeg, webp, bmp); hidden files are passed over. Throws InvalidArgument for a sample without
/// frames or without a prompt in UTF-8, and for a folder without samples.
std::vector<Sample> read_samples(const std::filesystem::path& folder);

/// FOLDER/{pictures}, each a sample of one frame. What it shows stands in the file of its name that ends in .txt, else
/// in `prompt`.
std::vector<Sample> read_pictures(const std::filesystem::path& folder, const std::string& prompt);

/// Every sample is a clip of the bucket of nearest aspect ratio, among those the one with most frames that it fills; of
/// a longer sample the middle is taken. Bucket::clips counts for nothing.
class FileClips : public ClipSet {
 public:
  /// Reads the sizes and digests of all pictures. Throws InvalidArgument where frames of a sample differ in size, or
  /// are too few for any bucket.
  FileClips(const std::vector<Sample>& samples, std::vector<Bucket> buckets, PictureReader reader);

  std::int64_t count(std::size_t bucket) const override { return static_cast<std::int64_t>(clips_[bucket].size()); }
  std::vector<Frames> clips(std::size_t bucket, std::uint64_t first, int n) const override;
  std::string caption(std::size_t bucket, std::uint64_t clip, std::uint64_t draw) const override;
  Framing framing(std::size_t bucket, std::uint64_t clip) const override;
  std::string digest(std::size_t bucket) const override { return digests_[bucket]; }
  std::string name() const override { return {}; }

 private:
  struct Placed {
    Sample sample;  // its frames cut to those of the bucket
    PictureSize size;
  };

  std::vector<Bucket> buckets_;
  PictureReader reader_;
  std::vector<std::vector<Placed>> clips_;  // by bucket
  std::vector<std::string> digests_;
};

}  // namespace hotshot::data
