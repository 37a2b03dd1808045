#include "service/archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/options.h"
#include "pipeline/recipe.h"
#include "pipeline/request.h"
#include "service/fields.h"
#include "service/moderation.h"

namespace hotshot::service {
namespace {

using nlohmann::json;
using store::Job;

constexpr std::string_view kFormat = "hotshot-export-1";
constexpr std::string_view kHead = "hotshot-export.json";
constexpr std::int64_t kMostJson = 256 << 10;
constexpr std::int64_t kMostFile = 2ll << 30;
constexpr std::size_t kPiece = 256 << 10;

// ---- a job as JSON, and back

json job_record(const Job& job) {
  json files = json::array();
  for (const store::JobFile& file : job.files) {
    files.push_back({{"role", file.role}, {"sha256", file.sha256}, {"type", file.type}, {"bytes", file.bytes}});
  }
  const auto time = [](const std::optional<std::int64_t>& ms) { return ms ? json(*ms) : json(); };
  json record{{"id", job.id},
              {"kind", job.kind},
              {"dialect", job.dialect},
              {"status", store::status_name(job.status)},
              {"model", job.model},
              {"prompt", job.prompt},
              {"title", job.title},
              {"folder", job.folder},
              {"favourite", job.favourite},
              {"requested", job.requested},
              {"effective", job.effective},
              {"warnings", job.warnings},
              {"moderation", job.moderation},
              {"parent", job.parent},
              {"relation", job.relation},
              {"group", job.group},
              {"attempts", job.attempts},
              {"created_ms", job.created_ms},
              {"started_ms", time(job.started_ms)},
              {"finished_ms", time(job.finished_ms)},
              {"trashed_ms", time(job.trashed_ms)},
              {"files", files}};
  if (job.error) record["error"] = {{"code", job.error->code}, {"message", job.error->message}};
  return record;
}

// Throws json::exception for other types, InvalidArgument for other words.
Job job_of(const json& record, const std::string& owner) {
  const auto time = [&](const char* name) {
    const auto found = record.find(name);
    return found == record.end() || found->is_null() ? std::optional<std::int64_t>() : found->get<std::int64_t>();
  };
  Job job;
  job.owner = owner;
  job.id = record.at("id").get<std::string>();
  job.kind = record.at("kind").get<std::string>();
  job.dialect = record.value("dialect", "native");
  job.status = store::parse_status(record.at("status").get<std::string>());
  job.model = record.at("model").get<std::string>();
  job.prompt = record.at("prompt").get<std::string>();
  job.title = record.value("title", "");
  job.folder = record.value("folder", "");
  job.favourite = record.value("favourite", false);
  job.requested = record.at("requested");
  job.effective = record.at("effective");
  job.warnings = record.value("warnings", json::array());
  job.moderation = record.value("moderation", json::array());
  job.parent = record.value("parent", "");
  job.relation = record.value("relation", "");
  job.group = record.value("group", "");
  job.attempts = record.value("attempts", 0);
  job.created_ms = record.at("created_ms").get<std::int64_t>();
  job.started_ms = time("started_ms");
  job.finished_ms = time("finished_ms");
  job.trashed_ms = time("trashed_ms");
  if (record.contains("error")) job.error = store::JobError{record["error"].at("code"), record["error"].at("message")};
  for (const json& file : record.at("files")) {
    job.files.push_back({file.at("role"), file.at("sha256"), file.at("type"), file.at("bytes")});
  }
  return job;
}

// What files of a job may be. An archive may come from anybody, and its files are served as what they say they are: so
// nothing that a browser would run.
constexpr auto kFileTypes = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"video", "video/mp4"},
    {"webm", "video/webm"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"thumbnail", "image/png"},
    {"spritesheet", "image/png"},
    {"image", "image/png"},
    {"image", "image/gif"},
    {"image", "image/webp"},
});

void check_file(const store::JobFile& file) {
  const bool known = std::any_of(kFileTypes.begin(), kFileTypes.end(), [&](const auto& allowed) {
    return file.role == allowed.first && file.type == allowed.second;
  });
  require(known, "clip.json", "expected files of known roles and types but got '{}' of '{}'", file.role.substr(0, 64),
          file.type.substr(0, 64));
  require(is_sha256(file.sha256), "clip.json", "expected a SHA-256 but got '{}'", file.sha256.substr(0, 80));
}

// What answers are later made from has the types it has in jobs of this service.
void check_settings(const Job& job) {
  require(job.requested.is_object() && (job.effective.is_object() || job.effective.is_null()) &&
              job.warnings.is_array() && job.moderation.is_array(),
          "clip.json", "expected objects and lists but got other values for job {}", job.id);
  require(std::all_of(job.moderation.begin(), job.moderation.end(), is_decision), "clip.json",
          "expected decisions of moderation but got other values for job {}", job.id);
  for (const std::string* text : {&job.title, &job.folder, &job.relation, &job.parent, &job.group, &job.dialect}) {
    require(text->size() <= kLongestName, "clip.json", "expected names of at most {} bytes but got {}", kLongestName,
            text->size());
  }
  if (job.effective.is_null()) return;
  request_of(job.effective, "clip.json");
  job.effective.value("output_format", "png");  // json::exception for other types
  job.effective.value("frame_duration_ms", 200);
}

// "video" of type "video/mp4" → "video.mp4".
std::string file_name(const store::JobFile& file) {
  const std::string extension = file.type.substr(file.type.find('/') + 1);
  const bool plain = std::all_of(extension.begin(), extension.end(), [](unsigned char c) { return std::isalnum(c); });
  return file.role + "." + (plain && !extension.empty() ? extension : "bin");
}

// ---- writing

class Zip {
 public:
  explicit Zip(const std::function<void(std::string_view)>& sink) : sink_(sink), archive_(::archive_write_new()) {
    check(::archive_write_set_format_zip(archive_));
    check(::archive_write_zip_set_compression_store(archive_));  // clips are compressed already
    check(::archive_write_set_bytes_in_last_block(archive_, 1));
    check(::archive_write_open(archive_, this, nullptr, write, nullptr));
  }
  ~Zip() { ::archive_write_free(archive_); }
  Zip(const Zip&) = delete;
  Zip& operator=(const Zip&) = delete;

  void add(const std::string& name, std::string_view bytes, std::int64_t time_ms) {
    begin(name, static_cast<std::int64_t>(bytes.size()), time_ms);
    data(bytes);
  }
  void add_file(const std::string& name, const std::filesystem::path& path, std::int64_t time_ms) {
    std::ifstream in(path, std::ios::binary);
    ensure(in.good(), "export", "cannot read {}", path.string());
    begin(name, static_cast<std::int64_t>(std::filesystem::file_size(path)), time_ms);
    std::vector<char> piece(kPiece);
    while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in.gcount() > 0) {
      data({piece.data(), static_cast<std::size_t>(in.gcount())});
    }
  }
  void close() { check(::archive_write_close(archive_)); }

 private:
  static la_ssize_t write(::archive* archive, void* self, const void* bytes, std::size_t count) {
    auto* zip = static_cast<Zip*>(self);
    try {
      if (!zip->failure_) zip->sink_({static_cast<const char*>(bytes), count});
    } catch (...) {  // not through libarchive's frames
      zip->failure_ = std::current_exception();
    }
    if (!zip->failure_) return static_cast<la_ssize_t>(count);
    ::archive_set_error(archive, EIO, "stopped");
    return -1;
  }
  void check(la_ssize_t result) {
    if (failure_) std::rethrow_exception(failure_);
    ensure(result >= 0, "export", "cannot write the archive: {}",
           ::archive_error_string(archive_) ? ::archive_error_string(archive_) : "");
  }
  void begin(const std::string& name, std::int64_t size, std::int64_t time_ms) {
    const std::unique_ptr<::archive_entry, decltype(&::archive_entry_free)> entry(::archive_entry_new(),
                                                                                  ::archive_entry_free);
    ::archive_entry_set_pathname_utf8(entry.get(), name.c_str());
    ::archive_entry_set_size(entry.get(), size);
    ::archive_entry_set_filetype(entry.get(), AE_IFREG);
    ::archive_entry_set_perm(entry.get(), 0644);
    ::archive_entry_set_mtime(entry.get(), time_ms / 1000, 0);
    check(::archive_write_header(archive_, entry.get()));
  }
  void data(std::string_view bytes) { check(::archive_write_data(archive_, bytes.data(), bytes.size())); }

  const std::function<void(std::string_view)>& sink_;
  std::exception_ptr failure_;
  ::archive* archive_;
};

// ---- reading

class Unzip {
 public:
  explicit Unzip(const std::filesystem::path& path) : archive_(::archive_read_new()) {
    ::archive_read_support_format_zip(archive_);
    require(::archive_read_open_filename(archive_, path.c_str(), kPiece) == ARCHIVE_OK, "import",
            "expected a ZIP archive but {}", error());
  }
  ~Unzip() { ::archive_read_free(archive_); }
  Unzip(const Unzip&) = delete;
  Unzip& operator=(const Unzip&) = delete;

  /// The next file's name; empty at the end.
  std::string next() {
    ::archive_entry* entry = nullptr;
    for (;;) {
      const int result = ::archive_read_next_header(archive_, &entry);
      if (result == ARCHIVE_EOF) return {};
      require(result == ARCHIVE_OK, "import", "expected a sound ZIP archive but {}", error());
      if (::archive_entry_filetype(entry) != AE_IFREG) continue;
      const char* name = ::archive_entry_pathname_utf8(entry);
      return name ? name : "?";
    }
  }
  /// Its bytes, at most `most`.
  void read(std::int64_t most, const std::function<void(std::string_view)>& take) {
    std::vector<char> piece(kPiece);
    for (std::int64_t total = 0;;) {
      const la_ssize_t got = ::archive_read_data(archive_, piece.data(), piece.size());
      require(got >= 0, "import", "expected a sound ZIP archive but {}", error());
      if (got == 0) return;
      total += got;
      require(total <= most, "import", "expected files of at most {} bytes in the archive but got more", most);
      take({piece.data(), static_cast<std::size_t>(got)});
    }
  }
  std::string text() {
    std::string text;
    read(kMostJson, [&](std::string_view bytes) { text += bytes; });
    return text;
  }

 private:
  std::string error() const {
    const char* text = ::archive_error_string(archive_);
    return text ? text : "it is something else";
  }
  ::archive* archive_;
};

// "clips/ID/NAME" → ID, NAME; nothing where it is no such name.
std::optional<std::pair<std::string, std::string>> clip_path(const std::string& path) {
  if (!path.starts_with("clips/")) return {};
  const std::size_t slash = path.find('/', 6);
  if (slash == std::string::npos || path.find('/', slash + 1) != std::string::npos) return {};
  return std::pair{path.substr(6, slash - 6), path.substr(slash + 1)};
}

// One clip while its files come.
class Importer {
 public:
  Importer(Service& service, const std::string& owner) : service_(service), owner_(owner) {}

  void begin(const std::string& id, Unzip& archive) {
    finish();
    id_ = id;
    try {
      const json record = parse_json(archive.text());
      if (!record.is_object()) throw InvalidArgument("[clip.json] expected JSON but got something else");
      Job job = job_of(record, owner_);
      require(job.id == id, "clip.json", "expected the id of its folder but got '{}'", job.id.substr(0, 64));
      // A job that was under way when it was exported is none any more.
      require(store::is_final(job.status), "clip.json", "expected a clip that is done but it is {}",
              store::status_name(job.status));
      check_settings(job);
      for (const store::JobFile& file : job.files) {
        check_file(file);
        require(missing_.emplace(file_name(file), file).second, "clip.json", "expected each file once but got {} twice",
                file_name(file));
      }
      job_ = std::move(job);
    } catch (const json::exception&) {
      problem("[clip.json] expected other types of values");
    } catch (const InvalidArgument& error) {
      problem(error.what());
    }
  }

  void file(const std::string& id, const std::string& name, Unzip& archive) {
    const auto found = id == id_ ? missing_.find(name) : missing_.end();
    if (!job_ || found == missing_.end()) return;  // not ours: passed over
    AtomicFile out(service_.folder("spool") / "import.part");
    {
      std::ofstream stream(out.path(), std::ios::binary);
      try {
        archive.read(kMostFile, [&](std::string_view bytes) {
          stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        });
      } catch (const InvalidArgument& error) {  // ZIP's own checksum, say: the others may be sound
        problem(error.what());
        return;
      }
      ensure(stream.flush().good(), "import", "cannot write {}", out.path().string());
    }
    const std::string sha256 = sha256_file(out.path());
    if (sha256 != found->second.sha256) {
      problem(fmt::format("[{}] expected SHA-256 {} but got {}", name, found->second.sha256.substr(0, 64), sha256));
      return;
    }
    const store::Blob blob = service_.blobs().put_file(out.path());
    for (store::JobFile& kept : job_->files) {
      if (kept.sha256 == blob.sha256) kept.bytes = blob.bytes;
    }
    bytes_ += blob.bytes;
    missing_.erase(found);
  }

  void finish() {
    if (job_ && !missing_.empty())
      problem(fmt::format("[{}] expected this file but it is missing", missing_.begin()->first));
    const std::uint64_t most = service_.config().quota().max_bytes;
    if (job_ && most > 0 && service_.jobs().usage(owner_).bytes + bytes_ > most) {
      problem(fmt::format("[quota] expected at most {} bytes of files but got more", most));
    }
    if (job_) {
      try {
        (service_.jobs().adopt(*job_) ? report.added : report.known) += 1;
      } catch (const InvalidArgument& error) {
        problem(error.what());
      }
    }
    job_.reset();
    missing_.clear();
    bytes_ = 0;
  }

  ImportReport report;

 private:
  void problem(const std::string& what) {
    report.problems.push_back(fmt::format("{}: {}", id_.substr(0, 64), what));
    job_.reset();
    missing_.clear();
  }

  Service& service_;
  const std::string& owner_;
  std::string id_;
  std::optional<Job> job_;
  std::map<std::string, store::JobFile> missing_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

ExportReport export_library(Service& service, const std::string& owner,
                            const std::function<void(std::string_view)>& sink) {
  ExportReport report;
  Zip zip(sink);
  const std::int64_t now = store::now_ms();
  const json head{{"format", kFormat}, {"engine", pipeline::kEngine}, {"exported_ms", now}};
  zip.add(std::string(kHead), head.dump(1) + "\n", now);
  for (const bool trashed : {false, true}) {
    store::JobQuery query{.owner = owner, .trashed = trashed, .ascending = true, .limit = 200};
    for (bool more = true; more;) {
      const store::JobPage page = service.jobs().list(query);
      for (const Job& job : page.jobs) {
        if (!store::is_final(job.status)) continue;
        const std::string folder = "clips/" + job.id + "/";
        zip.add(folder + "clip.json", job_record(job).dump(1) + "\n", job.created_ms);
        ++report.clips;
        for (const store::JobFile& file : job.files) {
          const auto path = service.blobs().find(file.sha256);
          if (!path) {
            report.problems.push_back(fmt::format("{}: its {} is missing", job.id, file.role));
            continue;
          }
          zip.add_file(folder + file_name(file), *path, job.created_ms);
          ++report.files;
        }
      }
      more = page.has_more && !page.jobs.empty();
      if (more) query.after = page.jobs.back().id;
    }
  }
  zip.close();
  return report;
}

ImportReport import_library(Service& service, const std::string& owner, const std::filesystem::path& path) {
  Unzip archive(path);
  const bool headed = archive.next() == kHead;
  const json head = headed ? parse_json(archive.text()) : json();
  require(head.is_object() && head.contains("format") && head["format"] == kFormat, "import",
          "expected an archive that hotshot exported but {} is another one", path.filename().string());
  Importer importer(service, owner);
  for (std::string name = archive.next(); !name.empty(); name = archive.next()) {
    const auto parts = clip_path(name);
    if (!parts) continue;
    if (parts->second == "clip.json") {
      importer.begin(parts->first, archive);
    } else {
      importer.file(parts->first, parts->second, archive);
    }
  }
  importer.finish();
  return std::move(importer.report);
}

}  // namespace hotshot::service
