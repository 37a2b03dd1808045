#include "net/peers.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/error.h"

namespace hotshot::net {
namespace {

using Bytes = std::array<std::uint8_t, 16>;
constexpr Bytes kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr int kMappedBits = 96;

std::optional<Bytes> parse_address(std::string_view text) {
  const std::string copy(text);
  Bytes bytes = kMapped;
  if (::inet_pton(AF_INET, copy.c_str(), bytes.data() + 12) == 1) return bytes;
  if (::inet_pton(AF_INET6, copy.c_str(), bytes.data()) == 1) return bytes;
  return {};
}

bool is_v4(const Bytes& bytes) { return std::equal(bytes.begin(), bytes.begin() + 12, kMapped.begin()); }

std::string shown(const Bytes& bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool v4 = is_v4(bytes);
  ::inet_ntop(v4 ? AF_INET : AF_INET6, bytes.data() + (v4 ? 12 : 0), text.data(), text.size());
  return text.data();
}

bool same_prefix(const Bytes& a, const Bytes& b, int bits) {
  const std::size_t whole = static_cast<std::size_t>(bits) / 8;
  if (std::memcmp(a.data(), b.data(), whole) != 0) return false;
  const int rest = bits % 8;
  return rest == 0 || (a[whole] >> (8 - rest)) == (b[whole] >> (8 - rest));
}

// "10.0.0.7", "10.0.0.7:4711", "[2001:db8::1]:4711", "2001:db8::1", each perhaps in quotes.
std::optional<Bytes> parse_node(std::string_view text) {
  text = trimmed(text);
  if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"')) text = text.substr(1, text.size() - 2);
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    return end == std::string_view::npos ? std::nullopt : parse_address(text.substr(1, end - 1));
  }
  if (std::count(text.begin(), text.end(), ':') == 1) text = text.substr(0, text.find(':'));
  return parse_address(text);
}

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> pieces;
  for (;;) {
    const std::size_t end = text.find(by);
    pieces.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return pieces;
    text.remove_prefix(end + 1);
  }
}

// The nodes of all headers of that name, in order. Forwarded has them as "for=" among other parameters.
std::vector<std::string_view> nodes(const Headers& headers, std::string_view name) {
  const bool rfc7239 = same_name(name, "forwarded");
  std::vector<std::string_view> found;
  for (const auto& [header, value] : headers) {
    if (!same_name(header, name)) continue;
    for (const std::string_view element : split(value, ',')) {
      if (!rfc7239) {
        found.push_back(element);
        continue;
      }
      std::string_view node;
      for (std::string_view parameter : split(element, ';')) {
        parameter = trimmed(parameter);
        if (parameter.size() > 4 && same_name(parameter.substr(0, 4), "for=")) node = parameter.substr(4);
      }
      found.push_back(node);
    }
  }
  return found;
}

// From the last node back over the proxies we trust; empty where a node is none.
std::optional<std::string> named_client(const Headers& headers, std::string_view name, const Networks& proxies) {
  const auto all = nodes(headers, name);
  for (auto node = all.rbegin(); node != all.rend(); ++node) {
    const auto address = parse_node(*node);
    if (!address) return {};
    const std::string text = shown(*address);
    if (!proxies.contains(text) || std::next(node) == all.rend()) return text;
  }
  return {};
}

}  // namespace

Networks::Networks(const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    const std::size_t slash = text.find('/');
    const auto address = parse_address(std::string_view(text).substr(0, slash));
    require(address.has_value(), "networks", "expected an address or a network such as 10.0.0.0/8 but got '{}'", text);
    Network network{.bytes = *address};
    if (slash != std::string::npos) {
      const int first = is_v4(*address) ? kMappedBits : 0;
      const auto read = std::from_chars(text.data() + slash + 1, text.data() + text.size(), network.bits);
      require(read.ec == std::errc() && read.ptr == text.data() + text.size() && network.bits >= 0 &&
                  network.bits + first <= 128,
              "networks", "expected a network such as 10.0.0.0/8 but got '{}'", text);
      network.bits += first;
    }
    networks_.push_back(network);
  }
}

bool Networks::contains(std::string_view address) const {
  const auto bytes = parse_address(address);
  return bytes && std::any_of(networks_.begin(), networks_.end(),
                              [&](const Network& network) { return same_prefix(*bytes, network.bytes, network.bits); });
}

std::string client_address(const std::string& peer, const Headers& headers, const Networks& proxies) {
  if (!proxies.contains(peer)) return peer;
  const bool both = headers.find("x-forwarded-for") && headers.find("forwarded");
  const auto named = named_client(headers, headers.find("x-forwarded-for") ? "x-forwarded-for" : "forwarded", proxies);
  if (both && named != named_client(headers, "forwarded", proxies)) return peer;
  return named.value_or(peer);
}

std::string subscriber(const std::string& address) {
  auto bytes = parse_address(address);
  if (!bytes || is_v4(*bytes)) return address;
  std::fill(bytes->begin() + 8, bytes->end(), 0);
  return shown(*bytes) + "/64";
}

}  // namespace hotshot::net
