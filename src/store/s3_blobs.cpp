// Every put writes an object of its own, PREFIX/SHA256/ID, never over another: a removal deletes by name the copies
// that it saw in a listing and found old enough, so whoever puts the same bytes meanwhile, on any machine, loses
// nothing. Of several copies the newest counts; each() clears the others away after a day.
//
// Amazon dates what was uploaded in parts by its beginning, which may be long ago at its end. PREFIX/SHA256/ID.stamp,
// written just before the end, says when it was put.
#include "store/s3_blobs.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <limits>

#include "base/digest.h"
#include "base/error.h"
#include "store/blob_cache.h"
#include "store/temporary_file.h"

namespace hotshot::store {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kDay = 24 * 3600 * 1000;
constexpr std::size_t kNameSize = 64;
constexpr std::uint64_t kMostParts = 10'000;
constexpr std::string_view kStamp = ".stamp";

bool is_stamp(const S3Object& object) { return object.key.ends_with(kStamp); }

// Everything in the bucket that has to do with one blob.
struct Copies {
  std::string sha256;
  std::vector<S3Object> objects = {};

  std::int64_t age_ms() const {  // since it was last put
    std::int64_t age = std::numeric_limits<std::int64_t>::max();
    for (const S3Object& object : objects) age = std::min(age, object.age_ms);
    return age;
  }
  /// Those with bytes, the newest first; every machine finds the same order.
  std::vector<S3Object> newest_first() const {
    std::vector<S3Object> copies;
    std::copy_if(objects.begin(), objects.end(), std::back_inserter(copies),
                 [](const S3Object& object) { return !is_stamp(object); });
    std::sort(copies.begin(), copies.end(), [](const S3Object& a, const S3Object& b) {
      return a.age_ms != b.age_ms ? a.age_ms < b.age_ms : a.key > b.key;
    });
    return copies;
  }
};

class S3Blobs : public BlobStore {
 public:
  explicit S3Blobs(const S3BlobOptions& options)
      : options_(options),
        bucket_(s3_address(options.settings), options.patience),
        cache_(options.cache, options.cache_bytes) {
    try {
      bucket_.list(bucket_.address().prefix, {}, 1);
    } catch (const S3Error& error) {
      if (error.status >= 500) throw;
      throw InvalidArgument(fmt::format("[s3] cannot open {}: {}", bucket_.address().shown(), error.what()));
    }
  }

  Blob put_file(const fs::path& path) override {
    struct stat status = {};
    ensure(::lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode), "blobs", "expected a file but got {}",
           path.string());
    const Blob blob{sha256_file(path), static_cast<std::uint64_t>(status.st_size)};
    const std::string key = key_of(blob.sha256) + new_id("put");
    if (blob.bytes < options_.upload_in_parts_from) {
      bucket_.put(key, {path, 0, blob.bytes});
    } else {
      put_in_parts(key, path, blob.bytes);
    }
    const Blob kept = cache_.keep(path);
    ensure(kept.sha256 == blob.sha256, "blobs", "expected {} to stay as it was but it changed", path.string());
    return blob;
  }

  Blob put(std::string_view bytes) override {
    const TemporaryFile file(cache_.temporary_folder());
    std::ofstream out(file.path, std::ios::binary);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.close();
    ensure(out.good(), "blobs", "cannot write {}", file.path.string());
    return put_file(file.path);
  }

  std::optional<fs::path> find(const std::string& sha256) override {
    return cache_.find(sha256, [&](const fs::path& to) { return fetch(sha256, to); });
  }

  std::optional<std::string> link(const std::string& sha256, std::chrono::seconds lifetime,
                                  const net::Headers& answer) override {
    const std::vector<S3Object> copies = copies_of(sha256).newest_first();
    if (copies.empty()) return {};
    return bucket_.link(copies.front().key, lifetime, answer);
  }

  bool remove(const std::string& sha256, std::int64_t grace_ms) override {
    const Copies copies = copies_of(sha256);
    if (grace_ms > 0 && copies.age_ms() < grace_ms) return false;
    for (const S3Object& object : copies.objects) bucket_.remove(object.key);
    cache_.remove(sha256);
    return true;
  }

  void each(std::int64_t age_ms, const std::function<void(const Blob&)>& visit) override {
    std::vector<std::string> stale;
    for_each_blob(bucket_.address().prefix, [&](const Copies& copies) {
      const std::vector<S3Object> newest = copies.newest_first();
      for (const S3Object& object : copies.objects) {
        if (object.age_ms > kDay && (newest.empty() || object.key != newest.front().key)) stale.push_back(object.key);
      }
      if (!newest.empty() && copies.age_ms() >= age_ms) visit({copies.sha256, newest.front().bytes});
    });
    for (const std::string& key : stale) bucket_.remove(key);
    for (const S3Upload& upload : bucket_.uploads(bucket_.address().prefix)) {
      if (upload.age_ms > kDay) bucket_.abort_upload(upload.key, upload.id);
    }
    cache_.trim();
  }

 private:
  std::string key_of(const std::string& sha256) const {
    require(is_sha256(sha256), "blobs", "expected 64 hex digits but got '{}'", sha256);
    return bucket_.address().prefix + sha256 + "/";
  }

  // The blobs whose keys begin with `prefix`, in order of their names.
  void for_each_blob(const std::string& prefix, const std::function<void(const Copies&)>& visit) {
    const std::size_t begin = bucket_.address().prefix.size();
    Copies copies;
    std::string from;
    do {
      S3Page page = bucket_.list(prefix, from);
      for (S3Object& object : page.objects) {
        const std::string name = object.key.substr(std::min(begin, object.key.size()), kNameSize);
        if (!is_sha256(name) || object.key.find('/', begin) != begin + kNameSize) continue;  // not ours
        if (name != copies.sha256) {
          if (!copies.objects.empty()) visit(copies);
          copies = {name};
        }
        copies.objects.push_back(std::move(object));
      }
      from = page.next;
    } while (!from.empty());
    if (!copies.objects.empty()) visit(copies);
  }

  Copies copies_of(const std::string& sha256) {
    Copies found{sha256};
    for_each_blob(key_of(sha256), [&](const Copies& copies) { found = copies; });
    return found;
  }

  // Copies may go between listing and reading, where newer ones have come.
  bool fetch(const std::string& sha256, const fs::path& to) {
    for (int look = 0; look < 3; ++look) {
      const std::vector<S3Object> copies = copies_of(sha256).newest_first();
      if (copies.empty()) return false;
      for (std::size_t i = 0; i < copies.size(); ++i) {
        try {
          if (bucket_.get(copies[i], sha256, to)) return true;
        } catch (const net::ClientError&) {  // damaged for good, perhaps: the same bytes may be there once more
          if (i + 1 == copies.size()) throw;
        }
        std::error_code ignored;
        fs::remove(to, ignored);
      }
    }
    return false;
  }

  void put_in_parts(const std::string& key, const fs::path& path, std::uint64_t bytes) {
    const std::uint64_t size = std::max(options_.part_bytes, bytes / kMostParts + 1);
    const std::string upload = bucket_.begin_upload(key);
    try {
      std::vector<std::string> parts;
      for (std::uint64_t offset = 0; offset < bytes; offset += size) {
        parts.push_back(bucket_.put_part(key, upload, static_cast<int>(parts.size()) + 1,
                                         {path, offset, std::min(size, bytes - offset)}));
      }
      bucket_.put_empty(key + std::string(kStamp));
      bucket_.finish_upload(key, upload, parts);
    } catch (...) {
      try {
        bucket_.abort_upload(key, upload);
      } catch (const std::exception&) {  // each() clears it away after a day
      }
      throw;
    }
  }

  S3BlobOptions options_;
  S3Bucket bucket_;
  BlobCache cache_;
};

}  // namespace

std::unique_ptr<BlobStore> open_s3_blobs(const S3BlobOptions& options) { return std::make_unique<S3Blobs>(options); }

}  // namespace hotshot::store
