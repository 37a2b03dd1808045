#include "store/s3_bucket.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <random>
#include <thread>

#include "base/digest.h"
#include "base/error.h"
#include "store/database.h"
#include "store/s3_xml.h"

namespace hotshot::store {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kEmptySha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr const char* kType = "application/octet-stream";

net::Reach reach_of(const S3Address& address) {
  net::Reach reach;
  if (address.own_endpoint) reach.hosts = {address.host};  // the owner chose it: also at home, also without TLS
  return reach;
}

std::int64_t to_ms(int year, unsigned month, unsigned day, int hour, int minute, int second) {
  using namespace std::chrono;
  const year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  if (!date.ok()) return 0;
  return duration_cast<milliseconds>(sys_days(date).time_since_epoch() + hours(hour) + minutes(minute) +
                                     seconds(second))
      .count();
}

// "2026-11-25T15:00:00.123Z"; 0 for what is none.
std::int64_t iso_ms(const std::string& text) {
  int year = 0, hour = 0, minute = 0, second = 0, fraction = 0;
  unsigned month = 0, day = 0;
  const int read =
      std::sscanf(text.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d.%3d", &year, &month, &day, &hour, &minute, &second, &fraction);
  return read >= 6 ? to_ms(year, month, day, hour, minute, second) + fraction : 0;
}

// "Wed, 25 Nov 2026 15:00:00 GMT", as the server says what time it is; ours where it does not.
std::int64_t server_ms(const net::ClientResponse& response) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  int year = 0, hour = 0, minute = 0, second = 0;
  unsigned day = 0;
  char month[4] = "";
  const std::string text = response.headers.get("date");
  const int read =
      std::sscanf(text.c_str(), "%*3s, %2u %3s %4d %2d:%2d:%2d", &day, month, &year, &hour, &minute, &second);
  const auto at = kMonths.find(month);
  const std::int64_t ms = read == 6 && at != std::string_view::npos && at % 3 == 0
                              ? to_ms(year, static_cast<unsigned>(at / 3 + 1), day, hour, minute, second)
                              : 0;
  return ms > 0 ? ms : now_ms();
}

// Both ends of the difference are rounded down to whole seconds.
std::int64_t age_of(const std::string& time, const net::ClientResponse& response) {
  const std::int64_t ms = iso_ms(time);
  ensure(ms > 0, "s3", "expected a time but got '{}'", time.substr(0, 40));
  return server_ms(response) - ms - 1000;
}

std::uint64_t number_of(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  ensure(error == std::errc() && end == text.data() + text.size(), "s3", "expected a size but got '{}'",
         text.substr(0, 40));
  return value;
}

S3Error refused(const S3Request& request, const net::ClientResponse& response) {
  const std::string code = xml_text(response.body, "Code"), message = xml_text(response.body, "Message");
  const std::string region = response.headers.get("x-amz-bucket-region");
  return {response.status, code,
          fmt::format("[s3] {} {}{}: {} {}: {}{}", request.method, request.host, request.path, response.status,
                      code.empty() ? "without a code" : code.substr(0, 80),
                      message.empty() ? "no more was said" : message.substr(0, 300),
                      region.empty() ? "" : fmt::format(" (its region is {})", region.substr(0, 40)))};
}

bool may_help_to_ask_again(const S3Error& error) {
  return error.status >= 500 ? error.status != 501
                             : error.status == 429 || error.code == "RequestTimeout" || error.code == "InternalError" ||
                                   error.code == "SlowDown";
}

// Half of it by chance, so that many who wait for the same server do not come back at once.
milliseconds with_chance(milliseconds pause) {
  static thread_local std::minstd_rand random(std::random_device{}());
  return pause / 2 + milliseconds(random() % static_cast<unsigned>(pause.count() / 2 + 1));
}

}  // namespace

struct S3Bucket::Call {
  S3Request request;
  std::string body = {};
  std::optional<net::FileUpload> file = {};
  std::string payload = std::string(kEmptySha256);
  std::optional<std::filesystem::path> save = {};
  std::uint64_t max_bytes = 8u << 20;
  std::string saved_sha256 = {};  // what `save` must hold afterwards
};

S3Bucket::S3Bucket(S3Address address, S3Patience patience)
    : address_(std::move(address)), patience_(patience), client_(reach_of(address_)) {}

// Of an object, or, where the key is empty, of the bucket itself.
S3Request S3Bucket::request_for(const std::string& method, const std::string& key) const {
  const std::string path =
      key.empty() && !address_.base_path.empty() ? address_.base_path : address_.base_path + "/" + key;
  return {.method = method, .host = address_.host, .path = path};
}

net::ClientResponse S3Bucket::send_once(const Call& call) const {
  S3Request request = call.request;
  sign(request, address_.signer, call.payload, now_ms() / 1000);
  net::ClientRequest outgoing{.method = request.method,
                              .url = fmt::format("{}://{}{}", address_.scheme, address_.host, request_target(request)),
                              .headers = request.headers,
                              .body = call.body,
                              .file = call.file,
                              .timeout = call.file || call.save ? milliseconds(0) : patience_.timeout,
                              .max_bytes = call.max_bytes,
                              .save = call.save};
  net::ClientResponse response = client_.send(outgoing);
  // The end of an upload in parts is answered 200 before it is known how it ends.
  if (response.status / 100 != 2 || !xml_elements(response.body, "Error").empty()) throw refused(request, response);
  if (!call.saved_sha256.empty()) {
    const std::string got = sha256_file(*call.save);
    if (got != call.saved_sha256)
      throw net::ClientError(
          fmt::format("[s3] {}{}: expected SHA-256 {} but got {}", request.host, request.path, call.saved_sha256, got));
  }
  return response;
}

net::ClientResponse S3Bucket::send(const Call& call) const {
  milliseconds pause = patience_.pause;
  for (int attempt = 1;; ++attempt, pause *= 2) {
    const bool last = attempt >= patience_.attempts;
    try {
      return send_once(call);
    } catch (const S3Error& error) {
      if (last || !may_help_to_ask_again(error)) throw;
    } catch (const net::ClientError&) {
      if (last) throw;
    }
    std::this_thread::sleep_for(with_chance(pause));
    std::error_code ignored;
    if (call.save) std::filesystem::remove(*call.save, ignored);
  }
}

void S3Bucket::put(const std::string& key, const net::FileUpload& file) {
  Call call{.request = request_for("PUT", key), .file = file};
  call.request.headers.set("content-type", kType);
  call.payload = sha256_file(file.path, file.offset, file.length);
  send(call);
}

void S3Bucket::put_empty(const std::string& key) {
  Call call{.request = request_for("PUT", key)};
  call.request.headers.set("content-type", kType);
  send(call);
}

bool S3Bucket::get(const S3Object& object, const std::string& sha256, const std::filesystem::path& to) {
  try {
    send({.request = request_for("GET", object.key),
          .save = to,
          .max_bytes = std::max<std::uint64_t>(object.bytes, 1u << 20),
          .saved_sha256 = sha256});
    return true;
  } catch (const S3Error& error) {
    if (error.code == "NoSuchKey" || (error.status == 404 && error.code.empty())) return false;
    throw;
  }
}

void S3Bucket::remove(const std::string& key) {
  try {
    send({.request = request_for("DELETE", key)});
  } catch (const S3Error& error) {
    if (error.code != "NoSuchKey") throw;
  }
}

S3Page S3Bucket::list(const std::string& prefix, const std::string& from, int most) {
  Call call{.request = request_for("GET", "")};
  call.request.query = {{"list-type", "2"}, {"max-keys", std::to_string(most)}, {"prefix", prefix}};
  if (!from.empty()) call.request.query.emplace_back("continuation-token", from);
  const net::ClientResponse response = send(call);
  S3Page page;
  for (const std::string_view object : xml_elements(response.body, "Contents")) {
    page.objects.push_back({.key = xml_text(object, "Key"),
                            .bytes = number_of(xml_text(object, "Size")),
                            .age_ms = age_of(xml_text(object, "LastModified"), response)});
  }
  if (xml_text(response.body, "IsTruncated") == "true") page.next = xml_text(response.body, "NextContinuationToken");
  return page;
}

std::string S3Bucket::link(const std::string& key, std::chrono::seconds lifetime, const net::Headers& answer) const {
  S3Request request = request_for("GET", key);
  for (const auto& [name, value] : answer) request.query.emplace_back("response-" + name, value);
  presign(request, address_.signer, lifetime, now_ms() / 1000);
  return fmt::format("{}://{}{}", address_.scheme, address_.host, request_target(request));
}

std::string S3Bucket::begin_upload(const std::string& key) {
  Call call{.request = request_for("POST", key)};
  call.request.query = {{"uploads", ""}};
  call.request.headers.set("content-type", kType);
  const std::string id = xml_text(send(call).body, "UploadId");
  ensure(!id.empty(), "s3", "expected an UploadId for {} but got none", key);
  return id;
}

std::string S3Bucket::put_part(const std::string& key, const std::string& upload, int number,
                               const net::FileUpload& file) {
  Call call{.request = request_for("PUT", key), .file = file};
  call.request.query = {{"partNumber", std::to_string(number)}, {"uploadId", upload}};
  call.payload = sha256_file(file.path, file.offset, file.length);
  const std::string etag = send(call).headers.get("etag");
  ensure(!etag.empty(), "s3", "expected an ETag for part {} of {} but got none", number, key);
  return etag;
}

void S3Bucket::finish_upload(const std::string& key, const std::string& upload, const std::vector<std::string>& parts) {
  Call call{.request = request_for("POST", key)};
  call.request.query = {{"uploadId", upload}};
  call.request.headers.set("content-type", "application/xml");
  call.body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (std::size_t i = 0; i < parts.size(); ++i)
    call.body += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", i + 1, parts[i]);
  call.body += "</CompleteMultipartUpload>";
  call.payload = sha256_text(call.body);
  try {
    send(call);
  } catch (const S3Error& error) {
    // An answer that was lost: the upload had ended well, and the next try found it no more.
    if (error.code != "NoSuchUpload") throw;
    const S3Page page = list(key, {}, 1);
    if (page.objects.empty() || page.objects.front().key != key) throw;
  }
}

void S3Bucket::abort_upload(const std::string& key, const std::string& upload) {
  Call call{.request = request_for("DELETE", key)};
  call.request.query = {{"uploadId", upload}};
  try {
    send(call);
  } catch (const S3Error& error) {
    if (error.code != "NoSuchUpload") throw;
  }
}

std::vector<S3Upload> S3Bucket::uploads(const std::string& prefix) {
  Call call{.request = request_for("GET", "")};
  call.request.query = {{"prefix", prefix}, {"uploads", ""}};
  std::vector<S3Upload> uploads;
  try {
    const net::ClientResponse response = send(call);
    for (const std::string_view upload : xml_elements(response.body, "Upload")) {
      uploads.push_back({.key = xml_text(upload, "Key"),
                         .id = xml_text(upload, "UploadId"),
                         .age_ms = age_of(xml_text(upload, "Initiated"), response)});
    }
  } catch (const S3Error& error) {
    if (error.status != 501 && error.status != 405) throw;
  }
  return uploads;
}

}  // namespace hotshot::store
