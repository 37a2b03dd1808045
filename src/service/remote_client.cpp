#include "service/remote_client.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/file.h"
#include "base/options.h"
#include "service/base64.h"

namespace hotshot::service {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds kTimeout{30'000};
constexpr std::uint64_t kMostJson = 64u << 20;  // an answer of xAI's interface may hold the clip
constexpr std::uint64_t kMostFile = 1u << 30;
constexpr milliseconds kLongestWait{60'000};
constexpr std::size_t kLongestMessage = 300;

// "https://a.example/x" → "a.example:443": the owner wrote this host, wherever it lies.
net::Reach reach_of(const std::string& url) {
  const std::size_t begin = url.find("://") + 3;
  const std::string host = url.substr(begin, url.find('/', begin) - begin);
  const std::size_t colon = host.rfind(':');
  const bool has_port = colon != std::string::npos && host.find(']', colon) == std::string::npos;
  return {.hosts = {has_port ? host : host + (url.starts_with("https:") ? ":443" : ":80")}};
}

// Seconds, or milliseconds where the header's name says so.
milliseconds wait_in(const net::Headers& headers) {
  for (const auto& [name, scale] :
       {std::pair{"openai-poll-after-ms", 1.0}, {"retry-after-ms", 1.0}, {"retry-after", 1000.0}}) {
    const std::string text = headers.get(name);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !(value > 0)) continue;
    return std::min(kLongestWait, milliseconds(static_cast<std::int64_t>(std::min(value * scale, 1e6))));
  }
  return milliseconds{0};
}

RemoteAnswer::Kind kind_of(int status) {
  if (status / 100 == 2) return RemoteAnswer::Kind::ok;
  const bool later = status >= 500 || status == 408 || status == 425 || status == 429;
  return later ? RemoteAnswer::Kind::later : RemoteAnswer::Kind::refused;
}

}  // namespace

RemoteClient::RemoteClient(const Provider& provider)
    : provider_(provider), reach_(reach_of(provider.url)), client_(reach_) {}

std::string RemoteClient::presentable(const std::string& text) const {
  std::string line = provider_.key.remove_from(text);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  if (line.size() <= kLongestMessage) return line;
  std::size_t end = kLongestMessage;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;  // not inside a character
  return line.substr(0, end) + "…";
}

net::ClientRequest RemoteClient::request_for(const RemoteCall& call) const {
  net::ClientRequest request{.method = call.method,
                             .url = provider_.url + call.path,
                             .headers = {{"accept", "application/json"}},
                             .timeout = kTimeout,
                             .max_bytes = kMostJson};
  if (!call.body.is_null()) {
    request.headers.set("content-type", "application/json");
    request.body = call.body.dump();
  }
  if (!provider_.key.reveal().empty()) request.headers.set("authorization", "Bearer " + provider_.key.reveal());
  return request;
}

RemoteAnswer RemoteClient::send(const net::Client& client, const net::ClientRequest& request) const {
  using Kind = RemoteAnswer::Kind;
  try {
    const net::ClientResponse response = client.send(request);
    RemoteAnswer answer{.kind = kind_of(response.status), .status = response.status};
    answer.body = parse_json(response.body);
    if (answer.body.is_discarded()) answer.body = nullptr;
    answer.wait = wait_in(response.headers);
    if (answer.kind == Kind::ok) return answer;
    const auto [code, message] = error_in(answer.body);
    answer.code = presentable(code);
    answer.message = message.empty() ? fmt::format("status {}", response.status) : presentable(message);
    answer.unseen = response.status == 429 || response.status == 503 || response.status == 425;
    return answer;
  } catch (const net::NotConnected& error) {
    return {.kind = Kind::later, .message = presentable(error.what()), .unseen = true};
  } catch (const net::ClientError& error) {
    return {.kind = Kind::later, .message = presentable(error.what())};
  }
}

RemoteAnswer RemoteClient::ask(const RemoteCall& call, const std::function<bool()>& cancelled) const {
  net::ClientRequest request = request_for(call);
  request.cancelled = cancelled;
  return send(client_, request);
}

RemoteAnswer RemoteClient::ask_once(const RemoteCall& call, const std::string& idempotency_key) const {
  net::ClientRequest request = request_for(call);
  request.headers.set("idempotency-key", idempotency_key);
  return send(net::Client(reach_), request);
}

RemoteAnswer RemoteClient::fetch(const std::string& file, const std::filesystem::path& to,
                                 const std::function<bool()>& cancelled) const {
  using Kind = RemoteAnswer::Kind;
  if (file.starts_with("data:")) {
    const std::size_t mark = file.find(";base64,");
    const auto bytes = mark == std::string::npos ? std::nullopt : from_base64(std::string_view(file).substr(mark + 8));
    if (!bytes) return {.kind = Kind::refused, .message = "the clip inside its answer is no base64"};
    write_file(to, *bytes);
    return {};
  }
  const bool own = file.starts_with('/');
  net::ClientRequest request = own ? request_for({.path = file}) : net::ClientRequest{.url = file};
  request.headers.set("accept", "video/mp4, */*");
  request.timeout = milliseconds{0};
  request.max_bytes = kMostFile;
  request.max_redirects = 5;
  request.save = to;
  request.cancelled = cancelled;
  try {
    return send(client_, request);
  } catch (const InvalidArgument& error) {  // an address that may not be reached
    return {.kind = Kind::refused, .message = presentable(error.what())};
  }
}

}  // namespace hotshot::service
