// The places where blobs may lie, for tests that all of them must pass.
#pragma once

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include "base/test_support.h"
#include "store/blobs.h"
#include "store/ids.h"
#include "store/test_s3.h"

namespace hotshot::store {

class BlobPlace {
 public:
  virtual ~BlobPlace() = default;
  /// As another machine sees it: nothing but the place itself is shared.
  virtual std::unique_ptr<BlobStore> open() = 0;
  /// As if the blob had been put `hours` before.
  virtual void make_older(const std::string& sha256, int hours) = 0;

  const TestFolder folder;
};

class FolderPlace : public BlobPlace {
 public:
  std::unique_ptr<BlobStore> open() override { return open_file_blobs(folder / "blobs"); }
  void make_older(const std::string& sha256, int hours) override {
    const auto path = folder / ("blobs/" + sha256.substr(0, 2) + "/" + sha256.substr(2));
    std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - std::chrono::hours(hours));
  }
};

class TestS3Place : public BlobPlace {
 public:
  std::unique_ptr<BlobStore> open() override {
    return open_s3_blobs(s3.options(folder / ("cache-" + std::to_string(++machines_))));
  }
  void make_older(const std::string& sha256, int hours) override { s3.make_older(sha256, hours); }

  TestS3 s3;

 private:
  std::atomic<int> machines_{0};
};

/// The server of tests/s3_server.py, which keeps objects as files and checks signatures: the one that ctest started and
/// named in HOTSHOT_TEST_S3_SERVER (a file), else one of this process's own.
class S3TestServer {
 public:
  static const S3TestServer& get() {
    static const S3TestServer server;
    return server;
  }
  bool is_there() const { return endpoint.starts_with("http://"); }

  std::string endpoint;  // or why there is none
  std::string folder;

 private:
  S3TestServer() {
    const char* given = std::getenv("HOTSHOT_TEST_S3_SERVER");
    if (!given) script("start");
    std::ifstream in(given ? given : own_);
    std::string process;
    if (!std::getline(in, endpoint)) endpoint = "tests/s3_server.py said nothing";
    std::getline(in, process);
    std::getline(in, folder);
    if (given) own_.clear();
  }
  ~S3TestServer() {
    if (!own_.empty()) script("stop");
  }
  void script(const std::string& verb) const {
    const std::string command = fmt::format("python3 '{}/tests/s3_server.py' {} '{}'", HOTSHOT_SOURCE_DIR, verb, own_);
    if (std::system(command.c_str()) != 0) std::fprintf(stderr, "failed: %s\n", command.c_str());
  }

  const TestFolder place_;
  std::string own_ = (place_ / "server").string();
};

class S3ServerPlace : public BlobPlace {
 public:
  std::unique_ptr<BlobStore> open() override {
    return open_s3_blobs({.settings = {.url = "s3://clips/" + prefix_,
                                       .endpoint = S3TestServer::get().endpoint,
                                       .access_key = "S3RVER",
                                       .secret_key = "S3RVER"},
                          .cache = folder / ("cache-" + std::to_string(++machines_)),
                          .upload_in_parts_from = 6u << 20,
                          .part_bytes = 5u << 20});
  }
  void make_older(const std::string& sha256, int hours) override {
    const std::filesystem::path objects =
        std::filesystem::path(S3TestServer::get().folder) / "clips" / prefix_ / sha256;
    for (const auto& entry : std::filesystem::directory_iterator(objects))
      std::filesystem::last_write_time(entry.path(), entry.last_write_time() - std::chrono::hours(hours));
  }

 private:
  const std::string prefix_ = new_id("test");
  std::atomic<int> machines_{0};
};

}  // namespace hotshot::store
