#include "net/file_response.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/error.h"

namespace hotshot::net {
namespace {

/// First and last byte, both included.
struct Range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

enum class RangeKind { kWhole, kPart, kUnsatisfiable };

/// Digits only; numbers too large become the largest.
std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    value = value > (kMost - digit) / 10 ? kMost : value * 10 + digit;
  }
  return value;
}

/// RFC 9110, section 14.1.2. What is malformed, several ranges, or of another unit is ignored.
RangeKind parse_range(std::string_view text, std::uint64_t size, Range& range) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || !same_name(trimmed(text.substr(0, equals)), "bytes")) {
    return RangeKind::kWhole;
  }
  const auto spec = trimmed(text.substr(equals + 1));
  const auto dash = spec.find('-');
  if (dash == std::string_view::npos) return RangeKind::kWhole;
  const auto before = trimmed(spec.substr(0, dash)), after = trimmed(spec.substr(dash + 1));
  if (before.empty()) {
    const auto suffix = parse_number(after);
    if (!suffix) return RangeKind::kWhole;
    if (*suffix == 0) return RangeKind::kUnsatisfiable;
    if (size == 0) return RangeKind::kWhole;  // satisfiable, but no content-range can say so
    range = {size - std::min(*suffix, size), size - 1};
    return RangeKind::kPart;
  }
  const auto first = parse_number(before);
  const auto last = after.empty() ? std::numeric_limits<std::uint64_t>::max() : parse_number(after);
  if (!first || !last || *last < *first) return RangeKind::kWhole;
  if (*first >= size) return RangeKind::kUnsatisfiable;
  range = {*first, std::min(*last, size - 1)};
  return RangeKind::kPart;
}

/// Whether a list of entity tags, or "*", names ours; weak tags count (If-None-Match compares weakly).
bool names_etag(std::string_view list, std::string_view quoted) {
  if (trimmed(list) == "*") return true;
  while (!list.empty()) {
    list = list.substr(std::min(list.find_first_not_of(" \t,"), list.size()));
    if (list.starts_with("W/")) list.remove_prefix(2);
    if (!list.starts_with('"')) return false;
    const auto end = list.find('"', 1);
    if (end == std::string_view::npos) return false;
    if (list.substr(0, end + 1) == quoted) return true;
    list.remove_prefix(end + 1);
  }
  return false;
}

}  // namespace

std::string content_disposition(const FileInfo& file) {
  std::string plain;
  for (const char c : file.download_name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 && byte < 0xc0) continue;  // one sign for a character of several bytes
    const bool safe = byte >= 0x20 && byte < 0x7f && std::string_view("\"\\/%").find(c) == std::string_view::npos;
    plain += safe ? c : '_';
  }
  std::string value = fmt::format("{}; filename=\"{}\"", file.inline_name ? "inline" : "attachment", plain);
  if (plain != file.download_name) value += "; filename*=UTF-8''" + percent_encode(file.download_name);
  return value;
}

Response file_response(const Request& request, const FileInfo& file) {
  const std::string quoted = "\"" + file.etag + "\"";
  Response response;
  response.with("accept-ranges", "bytes");
  if (!file.etag.empty()) response.with("etag", quoted);
  if (!file.cache_control.empty()) response.with("cache-control", file.cache_control);
  const bool reads = request.method == "GET" || request.method == "HEAD";
  const auto* known = request.headers.find("if-none-match");
  if (reads && known && !file.etag.empty() && names_etag(*known, quoted)) {
    response.status = 304;
    return response;
  }

  Range range{0, file.size};
  RangeKind kind = RangeKind::kWhole;
  const auto* wanted = request.headers.find("range");
  const auto* condition = request.headers.find("if-range");
  const bool unchanged = !condition || (!file.etag.empty() && trimmed(*condition) == quoted);
  if (wanted && unchanged && request.method == "GET") kind = parse_range(*wanted, file.size, range);
  if (kind == RangeKind::kUnsatisfiable) {
    response.status = 416;
    response.with("content-range", fmt::format("bytes */{}", file.size)).with("cache-control", "no-store");
    return response;
  }
  response.with("content-type", file.type.empty() ? "application/octet-stream" : file.type);
  if (!file.download_name.empty()) response.with("content-disposition", content_disposition(file));
  FileBody body{file.path, 0, file.size};
  if (kind == RangeKind::kPart) {
    response.status = 206;
    response.with("content-range", fmt::format("bytes {}-{}/{}", range.first, range.last, file.size));
    body.offset = range.first;
    body.length = range.last - range.first + 1;
  }
  response.body = std::move(body);
  return response;
}

}  // namespace hotshot::net
