// An S3 server inside a test: objects in memory, every signature computed again from what arrived, and failures on
// request.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/digest.h"
#include "base/error.h"
#include "net/router.h"
#include "net/server.h"
#include "store/database.h"
#include "store/s3_blobs.h"
#include "store/s3_xml.h"

namespace hotshot::store {

/// What may go wrong with a request.
enum class Trouble {
  refuse,     // 500 before anything is done
  slow_down,  // 503
  forbid,     // 403
  stall,      // no answer for a second, nothing done
  cut,        // done, but the answer breaks off
  spoil,      // done, but a byte of the answer's body is another
  late_error  // done is nothing, and 200 says so in its body
};

class TestS3 {
 public:
  static constexpr const char* kBucket = "clips";
  static constexpr const char* kAccessKey = "AKIATEST";
  static constexpr const char* kSecretKey = "secret/of+the=test";

  struct Object {
    std::string bytes;
    std::int64_t modified_ms = 0;
  };

  TestS3() : server_({.threads = 4}, router_) {}

  std::string endpoint() const { return fmt::format("http://127.0.0.1:{}", server_.port()); }
  /// Of a store with a cache in `cache`, quick to try again and quick to upload in parts.
  S3BlobOptions options(const std::filesystem::path& cache) const {
    return {
        .settings = {.url = std::string("s3://") + kBucket + "/some/prefix",
                     .endpoint = endpoint(),
                     .region = "eu-central-1",
                     .access_key = kAccessKey,
                     .secret_key = kSecretKey},
        .cache = cache,
        .upload_in_parts_from = 300'000,
        .part_bytes = 100'000,
        .patience = {.attempts = 3, .pause = std::chrono::milliseconds(2), .timeout = std::chrono::milliseconds(300)}};
  }

  /// Asked for each request with a right signature, as "GET /clips/key?query"; what it does happens before the request.
  std::function<std::optional<Trouble>(const std::string& what)> on_request;

  /// As if everything of that name had been written `hours` before.
  void make_older(const std::string& sha256, int hours) {
    const std::lock_guard lock(mutex_);
    for (auto& [key, object] : objects_) {
      if (key.find(sha256) != std::string::npos) object.modified_ms -= hours * 3'600'000ll;
    }
    for (auto& [id, upload] : uploads_) upload.begun_ms -= hours * 3'600'000ll;
  }
  std::map<std::string, Object> objects() const {
    const std::lock_guard lock(mutex_);
    return objects_;
  }
  void put_object(const std::string& key, const std::string& bytes) {
    const std::lock_guard lock(mutex_);
    objects_[key] = {bytes, now_ms()};
  }
  int uploads() const {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(uploads_.size());
  }
  int requests() const { return requests_; }
  /// Why requests were refused for their signature.
  std::vector<std::string> refusals() const {
    const std::lock_guard lock(mutex_);
    return refusals_;
  }

 private:
  struct Upload {
    std::string key;
    std::int64_t begun_ms = 0;
    std::map<int, std::string> parts = {};
  };

  // A router can be filled before the server starts only.
  struct Routes : net::Router {
    explicit Routes(TestS3& s3) {
      for (const char* method : {"GET", "PUT", "POST", "DELETE"}) {
        add(method, "/{bucket}/{key...}", [&s3](net::Request& request) { return s3.answer(request); },
            {.max_body = 1u << 30});
      }
    }
  };

  static net::Response error(int status, const std::string& code, const std::string& message = "in the test") {
    return net::Response::text(
        fmt::format("<?xml version=\"1.0\"?><Error><Code>{}</Code><Message>{}</Message></Error>", code, message),
        "application/xml", status);
  }
  static net::Response xml(const std::string& text) { return net::Response::text(text, "application/xml"); }
  static std::string query(const net::Request& request, std::string_view name) {
    const std::string* value = request.query_value(name);
    return value ? *value : "";
  }
  static std::string iso(std::int64_t ms) {
    const std::time_t seconds = ms / 1000;
    char text[40];
    std::tm utc = {};
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.000Z", ::gmtime_r(&seconds, &utc));
    return text;
  }

  net::Response answer(const net::Request& request) {
    ++requests_;
    if (const std::string refusal = check_signature(request); !refusal.empty()) {
      const std::lock_guard lock(mutex_);
      refusals_.push_back(refusal);
      return error(403, "SignatureDoesNotMatch", refusal);
    }
    if (request.capture("bucket") != kBucket) return error(404, "NoSuchBucket");
    std::string what = request.method + " " + request.path;
    if (!request.query_text.empty()) what += "?" + request.query_text;
    const auto trouble = on_request ? on_request(what) : std::nullopt;
    if (trouble == Trouble::refuse) return error(500, "InternalError");
    if (trouble == Trouble::slow_down) return error(503, "SlowDown");
    if (trouble == Trouble::forbid) return error(403, "AccessDenied");
    if (trouble == Trouble::late_error) return xml("<Error><Code>InternalError</Code></Error>");
    if (trouble == Trouble::stall) {
      std::this_thread::sleep_for(std::chrono::seconds(1));
      return error(500, "InternalError");
    }
    net::Response response = perform(request);
    std::string* body = std::get_if<std::string>(&response.body);
    if (trouble == Trouble::spoil && body && !body->empty()) body->back() ^= 1;
    if (trouble == Trouble::cut) {
      response.body = net::StreamBody([half = body->substr(0, body->size() / 2)](std::shared_ptr<net::Stream> stream) {
        stream->send(half);  // and no close
      });
    }
    return response;
  }

  // "" for a right one; else what is wrong.
  std::string check_signature(const net::Request& request) const {
    const bool in_query = request.query_value("X-Amz-Signature") != nullptr;
    S3Request again{.method = request.method, .host = request.headers.get("host"), .path = request.path};
    for (const auto& [name, value] : request.query) {
      if (!in_query || !name.starts_with("X-Amz-")) again.query.emplace_back(name, value);
    }
    const S3Signer signer{.access_key = kAccessKey, .secret_key = kSecretKey, .region = "eu-central-1"};
    const std::string time = in_query ? query(request, "X-Amz-Date") : request.headers.get("x-amz-date");
    std::tm utc = {};
    const char* end = ::strptime(time.c_str(), "%Y%m%dT%H%M%SZ", &utc);
    if (!end || *end) return "no time";
    const std::int64_t seconds = ::timegm(&utc), age = now_ms() / 1000 - seconds;
    if (in_query) {
      const int lifetime = std::atoi(query(request, "X-Amz-Expires").c_str());
      if (age > lifetime || lifetime > 7 * 24 * 3600) return "the link is over";
      presign(again, signer, std::chrono::seconds(lifetime), seconds);
      const bool same = again.query.back().second == query(request, "X-Amz-Signature");
      return same ? "" : "another signature in the query";
    }
    if (std::abs(age) > 900) return "the time is too far off";
    const std::string given = request.headers.get("authorization");
    const auto at = given.find("SignedHeaders=");
    if (at == std::string::npos) return "no authorization";
    std::istringstream names(given.substr(at + 14, given.find(',', at) - at - 14));
    for (std::string name; std::getline(names, name, ';');) {
      if (name != "host") again.headers.set(name, request.headers.get(name));
    }
    for (const auto& [name, value] : request.headers) {
      if (name.starts_with("x-amz-") && !again.headers.find(name)) return "not signed: " + name;
    }
    const std::string digest = sha256_text(request.body.text(1u << 30));
    if (digest != request.headers.get("x-amz-content-sha256")) return "another body";
    sign(again, signer, digest, seconds);
    return again.headers.get("authorization") == given ? "" : "another signature";
  }

  net::Response perform(const net::Request& request) {
    const std::lock_guard lock(mutex_);
    const std::string key = request.capture("key");
    if (key.empty()) return request.query_value("uploads") ? list_uploads(request) : list(request);
    const std::string upload = query(request, "uploadId");
    if (!upload.empty() && !uploads_.contains(upload)) return error(404, "NoSuchUpload");
    if (request.method == "PUT" && !upload.empty()) {
      uploads_[upload].parts[std::atoi(query(request, "partNumber").c_str())] = request.body.text(1u << 30);
      return net::Response::text("").with("etag", "\"" + sha256_text(request.body.text(1u << 30)).substr(0, 32) + "\"");
    }
    if (request.method == "POST") return upload.empty() ? begin(key) : finish(key, upload, request.body.text());
    if (request.method == "DELETE") {
      upload.empty() ? objects_.erase(key) : uploads_.erase(upload);
      return net::Response::empty();
    }
    if (request.method == "PUT") {
      objects_[key] = {request.body.text(1u << 30), now_ms()};
      return net::Response::text("").with("etag", "\"x\"");
    }
    if (!objects_.contains(key)) return error(404, "NoSuchKey");
    net::Response response = net::Response::text(objects_[key].bytes, "application/octet-stream");
    for (const auto& [name, value] : request.query) {
      if (name.starts_with("response-")) response.headers.set(name.substr(9), value);
    }
    return response;
  }

  net::Response begin(const std::string& key) {
    const std::string id = fmt::format("upload-{}+/=", ++last_upload_);
    uploads_[id] = {key, now_ms()};
    return xml(
        fmt::format("<InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                    "<UploadId>{}</UploadId></InitiateMultipartUploadResult>",
                    id));
  }

  // As Amazon: what was uploaded in parts is as old as its beginning.
  net::Response finish(const std::string& key, const std::string& id, const std::string& body) {
    const Upload& upload = uploads_[id];
    const auto parts = xml_elements(body, "Part");
    if (upload.key != key || parts.empty() || parts.size() != upload.parts.size()) return error(400, "InvalidPart");
    std::string bytes;
    for (const std::string_view part : parts) {
      const auto found = upload.parts.find(std::atoi(xml_text(part, "PartNumber").c_str()));
      if (found == upload.parts.end() ||
          xml_text(part, "ETag") != "\"" + sha256_text(found->second).substr(0, 32) + "\"")
        return error(400, "InvalidPart");
      bytes += found->second;
    }
    objects_[key] = {bytes, upload.begun_ms};
    uploads_.erase(id);
    return xml("<CompleteMultipartUploadResult><ETag>&quot;x-2&quot;</ETag></CompleteMultipartUploadResult>");
  }

  net::Response list(const net::Request& request) const {
    const std::string prefix = query(request, "prefix"), from = query(request, "continuation-token");
    const std::size_t most = std::min(std::atoi(query(request, "max-keys").c_str()), page);
    std::string text = "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><KeyCount>0</KeyCount>";
    std::size_t count = 0;
    for (auto object = objects_.lower_bound(std::max(prefix, from.substr(0, from.find('&'))));
         object != objects_.end() && object->first.starts_with(prefix); ++object) {
      if (count++ == most) {
        text += fmt::format("<IsTruncated>true</IsTruncated><NextContinuationToken>{}&amp;+/=</NextContinuationToken>",
                            object->first);
        break;
      }
      text += fmt::format(
          "<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>&quot;x&quot;</ETag><Size>{}</Size></Contents>",
          object->first, iso(object->second.modified_ms), object->second.bytes.size());
    }
    return xml(text + "</ListBucketResult>");
  }

  net::Response list_uploads(const net::Request& request) const {
    std::string text = "<ListMultipartUploadsResult>";
    for (const auto& [id, upload] : uploads_) {
      if (upload.key.starts_with(query(request, "prefix")))
        text += fmt::format("<Upload><Key>{}</Key><UploadId>{}</UploadId><Initiated>{}</Initiated></Upload>",
                            upload.key, id, iso(upload.begun_ms));
    }
    return xml(text + "</ListMultipartUploadsResult>");
  }

 public:
  int page = 1000;  // objects of a listing at once

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Object> objects_;
  std::map<std::string, Upload> uploads_;
  std::vector<std::string> refusals_;
  std::atomic<int> requests_{0};
  int last_upload_ = 0;
  Routes router_{*this};
  net::Server server_;
};

}  // namespace hotshot::store
