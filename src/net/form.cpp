#include "net/form.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "net/spool.h"

namespace hotshot::net {
namespace {

constexpr std::uint64_t kPiece = 64 << 10;    // of the body, in memory at a time
constexpr std::size_t kMaxHeaders = 8 << 10;  // bytes of a part's headers
constexpr std::size_t kMaxPadding = 64;       // spaces behind a delimiter
constexpr std::size_t kMaxBoundary = 70;      // RFC 2046

[[noreturn]] void malformed(const std::string& message) { throw HttpError(400, "invalid_form", "[form] " + message); }

[[noreturn]] void too_large(const std::string& message, const std::string& param = {}) {
  throw HttpError(413, "too_large", "[form] " + message, param);
}

/// `form-data; name="a"; filename="b"`: the word before the first ';' and the parameters, names in lower case.
struct Parameters {
  std::string word;
  Headers values;
};

/// A quoted string at the front of `text`, removed from it. Backslashes count only before quotes and backslashes:
/// old browsers send whole paths with single ones.
std::string take_quoted(std::string_view& text) {
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\')) ++i;
    value += text[i];
  }
  malformed("expected a closing quote in a header");
}

Parameters parse_parameters(std::string_view text) {
  Parameters parsed;
  const auto first = std::min(text.find(';'), text.size());
  parsed.word = trimmed(text.substr(0, first));
  text.remove_prefix(first);
  while (!text.empty()) {
    text = trimmed(text.substr(1));  // the ';'
    if (text.empty() || text.starts_with(';')) continue;
    const auto equals = text.find_first_of("=;");
    if (equals == std::string_view::npos || text[equals] == ';') malformed("expected name=value in a header");
    const std::string name(trimmed(text.substr(0, equals)));
    text = trimmed(text.substr(equals + 1));
    std::string value;
    if (text.starts_with('"')) {
      value = take_quoted(text);
      text = trimmed(text);
      if (!text.empty() && !text.starts_with(';')) malformed("expected ';' after a quoted value in a header");
    } else {
      const auto end = std::min(text.find(';'), text.size());
      value = trimmed(text.substr(0, end));
      text.remove_prefix(end);
    }
    if (parsed.values.find(name)) malformed("expected a parameter once but got " + name + " twice");
    parsed.values.add(name, std::move(value));
  }
  return parsed;
}

/// UTF-8''%e2%82%ac (RFC 8187); nothing for other character sets and what is malformed.
std::optional<std::string> parse_extended(std::string_view text) {
  const auto first = text.find('\'');
  const auto second = first == std::string_view::npos ? first : text.find('\'', first + 1);
  if (second == std::string_view::npos || !same_name(text.substr(0, first), "utf-8")) return std::nullopt;
  auto decoded = percent_decode(text.substr(second + 1));
  if (!is_utf8(decoded)) return std::nullopt;
  return decoded;
}

class Multipart {
 public:
  Multipart(const Content& content, const std::string& boundary, const FormLimits& limits)
      : content_(content), delimiter_("\r\n--" + boundary), limits_(limits), window_("\r\n") {}

  std::vector<FormPart> parse() {
    std::vector<FormPart> parts;
    bool last = up_to_delimiter([](std::string_view) {});  // the preamble
    while (!last) {
      if (parts.size() >= static_cast<std::size_t>(std::max(limits_.max_parts, 0))) {
        too_large(fmt::format("expected at most {} parts", limits_.max_parts));
      }
      FormPart part = head_of_part();
      const auto most = part.is_file ? limits_.max_file_bytes : limits_.max_field_bytes;
      Spool spool(limits_.spool, part.is_file ? limits_.memory_file : limits_.max_field_bytes);
      last = up_to_delimiter([&](std::string_view bytes) {
        if (bytes.size() > most - spool.size()) {
          too_large(fmt::format("expected at most {} bytes in '{}'", most, part.name), part.name);
        }
        spool.append(bytes);
      });
      part.content = spool.finish();
      parts.push_back(std::move(part));
    }
    return parts;  // what follows is the epilogue
  }

 private:
  /// Lets the window grow by a piece of the body; false at its end.
  bool more() {
    if (read_ >= content_.size()) return false;
    const auto piece = content_.read(read_, kPiece);
    ensure(!piece.empty(), "form", "the body ended at byte {} of {}", read_, content_.size());
    read_ += piece.size();
    window_.erase(0, at_);
    at_ = 0;
    window_ += piece;
    return true;
  }

  enum class Line { kPart, kLast, kNone };

  /// What stands behind the text of a delimiter, `offset` bytes from the window's front; `length` of it belong to the
  /// delimiter. A longer word ("--boundaryX") is no delimiter.
  Line line_at(std::size_t offset, std::size_t& length) {
    while (window_.size() - at_ < offset + kMaxPadding + 2 && more()) {
    }
    const auto text = std::string_view(window_).substr(at_ + offset);
    length = 2;
    if (text.starts_with("--")) return Line::kLast;
    const auto padding = std::min({text.find_first_not_of(" \t"), text.size(), kMaxPadding});
    length = padding + 2;
    return text.substr(padding).starts_with("\r\n") ? Line::kPart : Line::kNone;
  }

  /// Gives `take` what comes before the next delimiter and goes behind it; true for the closing one.
  template <class Take>
  bool up_to_delimiter(const Take& take) {
    const auto give = [&](std::size_t count) {
      if (count > 0) take(std::string_view(window_).substr(at_, count));
      at_ += count;
    };
    for (;;) {
      const auto found = window_.find(delimiter_, at_);
      if (found == std::string::npos) {
        const auto left = window_.size() - at_;
        give(left - std::min(left, delimiter_.size() - 1));  // the rest may be the beginning of a delimiter
        if (!more()) malformed("expected a closing boundary at the end");
        continue;
      }
      std::size_t length = 0;
      const auto before = found - at_;
      const auto line = line_at(before + delimiter_.size(), length);
      if (line == Line::kNone) {
        give(before + 2);
        continue;
      }
      give(before);
      at_ += delimiter_.size() + length;
      return line == Line::kLast;
    }
  }

  Headers headers_of_part() {
    std::size_t end = 0;
    while ((end = window_.find("\r\n\r\n", at_)) == std::string::npos || end - at_ > kMaxHeaders) {
      if (window_.size() - at_ > kMaxHeaders)
        malformed(fmt::format("expected at most {} bytes of headers in a part", kMaxHeaders));
      if (!more()) malformed("expected an empty line after the headers of a part");
    }
    Headers headers;
    auto text = std::string_view(window_).substr(at_, end - at_);
    while (!text.empty()) {
      const auto line_end = std::min(text.find("\r\n"), text.size());
      const auto line = text.substr(0, line_end);
      text.remove_prefix(std::min(line_end + 2, text.size()));
      const bool control = std::any_of(line.begin(), line.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
      });
      const auto colon = line.find(':');
      if (control || colon == std::string_view::npos || colon == 0 || line.find_first_of(" \t") < colon) {
        malformed("expected 'name: value' in the headers of a part");
      }
      headers.add(std::string(line.substr(0, colon)), std::string(trimmed(line.substr(colon + 1))));
    }
    at_ = end + 4;
    return headers;
  }

  FormPart head_of_part() {
    const auto headers = headers_of_part();
    const auto disposition = parse_parameters(headers.get("content-disposition"));
    const auto* name = disposition.values.find("name");
    if (!same_name(disposition.word, "form-data") || !name) {
      malformed("expected a content-disposition: form-data with a name in every part");
    }
    const auto encoding = headers.get("content-transfer-encoding");
    if (same_name(encoding, "base64") || same_name(encoding, "quoted-printable")) {
      malformed(fmt::format("expected bytes as they are but got {}", encoding));
    }
    FormPart part;
    part.name = *name;
    part.type = headers.get("content-type");
    const auto* plain = disposition.values.find("filename");
    const auto* extended = disposition.values.find("filename*");
    part.is_file = plain || extended;
    if (plain) part.file_name = *plain;
    if (extended) part.file_name = parse_extended(*extended).value_or(part.file_name);
    return part;
  }

  const Content& content_;
  const std::string delimiter_;
  const FormLimits& limits_;
  std::string window_;      // a piece of the body; begins with a line end of its own, for a delimiter at the very front
  std::size_t at_ = 0;      // what is left of it
  std::uint64_t read_ = 0;  // bytes of the body that are or were in the window
};

void check_boundary(const std::string& boundary) {
  const bool fits = !boundary.empty() && boundary.size() <= kMaxBoundary && boundary.back() != ' ';
  const bool plain = std::all_of(boundary.begin(), boundary.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
  });
  if (!fits || !plain) malformed(fmt::format("expected a boundary of 1 to {} plain characters", kMaxBoundary));
}

std::vector<FormPart> parse_urlencoded(const Content& body, const FormLimits& limits) {
  if (body.size() > limits.max_field_bytes) {
    too_large(fmt::format("expected at most {} bytes but got {}", limits.max_field_bytes, body.size()));
  }
  std::vector<FormPart> parts;
  for (auto& [name, value] : parse_query(body.text(limits.max_field_bytes))) {
    if (parts.size() >= static_cast<std::size_t>(std::max(limits.max_parts, 0))) {
      too_large(fmt::format("expected at most {} fields", limits.max_parts));
    }
    FormPart part;
    part.name = std::move(name);
    part.content = Content(std::move(value));
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace

std::vector<FormPart> parse_form(const Request& request, const FormLimits& limits) {
  const auto type = parse_parameters(request.headers.get("content-type"));
  if (same_name(type.word, "application/x-www-form-urlencoded")) return parse_urlencoded(request.body, limits);
  if (!same_name(type.word, "multipart/form-data")) {
    throw HttpError(415, "unsupported_media_type",
                    fmt::format("[form] expected multipart/form-data or application/x-www-form-urlencoded but got '{}'",
                                type.word));
  }
  const auto boundary = type.values.get("boundary");
  check_boundary(boundary);
  return Multipart(request.body, boundary, limits).parse();
}

}  // namespace hotshot::net
