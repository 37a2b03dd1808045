#include "net/wire.h"

#include <algorithm>

#include "base/error.h"

namespace hotshot::net {
namespace {

[[noreturn]] void malformed(const std::string& message) { throw HttpError(400, "malformed_request", message); }

bool is_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool whole_escapes(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2]))) return false;
  }
  return true;
}

/// Refuses what could lead elsewhere than it seems; `decoded` is one segment.
void check_segment(const std::string& decoded) {
  if (std::any_of(decoded.begin(), decoded.end(), is_control)) malformed("The path has control characters.");
  if (!is_utf8(decoded)) malformed("The path is not UTF-8.");
  if (decoded == "..") malformed("The path has '..' in it.");
  if (decoded.find('/') == std::string::npos) return;
  for (std::size_t at = 0; at <= decoded.size();) {
    const auto end = std::min(decoded.find('/', at), decoded.size());
    const auto piece = std::string_view(decoded).substr(at, end - at);
    if (piece.empty() || piece == "." || piece == "..") malformed("The path has escaped slashes that lead elsewhere.");
    at = end + 1;
  }
}

/// With '%' and '/' escaped, so that the path can be split at '/' and each segment decoded again.
std::string kept(const std::string& decoded) {
  std::string out;
  for (const char c : decoded) {
    if (c == '%') {
      out += "%25";
    } else if (c == '/') {
      out += "%2F";
    } else {
      out += c;
    }
  }
  return out;
}

std::string normal_path(std::string_view raw) {
  if (!whole_escapes(raw)) malformed("The path has a damaged percent escape.");
  std::string path;
  for (std::size_t at = 0; at <= raw.size();) {
    const auto end = std::min(raw.find('/', at), raw.size());
    const auto decoded = percent_decode(raw.substr(at, end - at));
    check_segment(decoded);
    if (!decoded.empty() && decoded != ".") path += "/" + kept(decoded);
    at = end + 1;
  }
  return path.empty() ? "/" : path;
}

struct Reason {
  int status;
  std::string_view words;
};

constexpr Reason kReasons[] = {{200, "OK"},
                               {201, "Created"},
                               {202, "Accepted"},
                               {204, "No Content"},
                               {206, "Partial Content"},
                               {301, "Moved Permanently"},
                               {302, "Found"},
                               {303, "See Other"},
                               {304, "Not Modified"},
                               {307, "Temporary Redirect"},
                               {308, "Permanent Redirect"},
                               {400, "Bad Request"},
                               {401, "Unauthorized"},
                               {402, "Payment Required"},
                               {403, "Forbidden"},
                               {404, "Not Found"},
                               {405, "Method Not Allowed"},
                               {406, "Not Acceptable"},
                               {408, "Request Timeout"},
                               {409, "Conflict"},
                               {410, "Gone"},
                               {411, "Length Required"},
                               {412, "Precondition Failed"},
                               {413, "Content Too Large"},
                               {415, "Unsupported Media Type"},
                               {416, "Range Not Satisfiable"},
                               {417, "Expectation Failed"},
                               {422, "Unprocessable Content"},
                               {429, "Too Many Requests"},
                               {431, "Request Header Fields Too Large"},
                               {500, "Internal Server Error"},
                               {501, "Not Implemented"},
                               {502, "Bad Gateway"},
                               {503, "Service Unavailable"},
                               {504, "Gateway Timeout"},
                               {505, "HTTP Version Not Supported"},
                               {507, "Insufficient Storage"}};

std::string_view reason(int status) {
  for (const auto& known : kReasons) {
    if (known.status == status) return known.words;
  }
  return "Status";
}

bool is_value(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) { return is_control(c) && c != '\t'; });
}

bool is_servers_own(std::string_view name) {
  for (const auto* own : {"content-length", "transfer-encoding", "connection", "keep-alive", "trailer", "upgrade"}) {
    if (same_name(name, own)) return true;
  }
  return false;
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_host(std::string_view value) {
  if (value.empty()) return true;
  const auto bracket = value.starts_with('[') ? value.find(']') : 0;
  if (bracket == std::string_view::npos) return false;
  const auto colon = std::min(value.find(':', bracket), value.size());
  const auto name = value.substr(0, colon), port = value.substr(std::min(colon + 1, value.size()));
  if (!std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; }) || port.size() > 5) {
    return false;
  }
  if (bracket > 0) {
    const auto inner = name.substr(1, bracket - 1);
    return bracket == name.size() - 1 && !inner.empty() &&
           std::all_of(inner.begin(), inner.end(), [](char c) { return is_hex(c) || c == ':' || c == '.'; });
  }
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return is_alnum(c) || std::string_view("-._~%!$&'()*+,;=").find(c) != std::string_view::npos ||
           static_cast<unsigned char>(c) >= 0x80;
  });
}

Target parse_target(std::string_view target) {
  Target parsed;
  if (target.find('#') != std::string_view::npos) malformed("The target has a '#' in it.");
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!same_name(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    const auto end = std::min(target.find_first_of("/?"), target.size());
    parsed.authority = target.substr(0, end);
    if (parsed.authority.empty() || !is_host(parsed.authority)) malformed("The target's host is malformed.");
    target.remove_prefix(end);
    break;
  }
  if (parsed.authority.empty() && !target.starts_with('/')) malformed("The target does not begin with '/'.");
  const auto question = std::min(target.find('?'), target.size());
  parsed.path = normal_path(target.substr(0, question));
  parsed.query = target.substr(std::min(question + 1, target.size()));
  return parsed;
}

Target check_head(const RequestLine& line, Headers& headers) {
  const bool star = line.target == "*" && line.method == "OPTIONS";
  auto target = star ? Target{"/", "", ""} : parse_target(line.target);
  int hosts = 0, lengths = 0, codings = 0;
  for (const auto& [name, value] : headers) {
    hosts += same_name(name, "host");
    lengths += same_name(name, "content-length");
    codings += same_name(name, "transfer-encoding");
  }
  if (lengths > 1) malformed("The request has more than one content-length.");
  if (lengths == 1 && codings > 0) malformed("The request has both a content-length and a transfer-encoding.");
  if (codings > 0 && line.version < 11) malformed("A request of HTTP/1.0 has no transfer-encoding.");
  if (codings > 1 || (codings == 1 && !same_name(trimmed(headers.get("transfer-encoding")), "chunked"))) {
    malformed("The only transfer-encoding possible is chunked.");
  }
  if (hosts > 1 || (hosts == 0 && line.version >= 11) || !is_host(headers.get("host"))) {
    malformed("The request needs one well-formed host.");
  }
  if (!target.authority.empty()) headers.set("host", target.authority);
  return target;
}

std::string response_head(const Response& response, const Framing& framing, const std::string& request_id,
                          std::int64_t unix_seconds) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason(response.status));
  const auto put = [&](std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
  };
  for (const auto& [name, value] : response.headers) {
    if (is_token(name) && is_value(value) && !is_servers_own(name)) put(name, value);
  }
  const auto put_default = [&](std::string_view name, std::string_view value) {
    const auto* given = response.headers.find(name);
    if (!given || !is_value(*given)) put(name, value);
  };
  put_default("date", http_date(unix_seconds));
  put_default("x-content-type-options", "nosniff");
  if (!request_id.empty()) put_default("x-request-id", request_id);
  if (framing.length) put("content-length", fmt::format("{}", *framing.length));
  if (framing.chunked) put("transfer-encoding", "chunked");
  if (!framing.keep_alive) put("connection", "close");
  if (framing.keep_alive && framing.http_1_0) put("connection", "keep-alive");
  return head + "\r\n";
}

}  // namespace hotshot::net
