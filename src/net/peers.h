// Whose address a request has: that of its connection, or, where a proxy speaks for others, the one it names.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"

namespace hotshot::net {

/// A set of addresses: "10.0.0.7", "10.0.0.0/8", "::1", "fd00::/8". IPv4 in IPv6 form is the same as IPv4.
class Networks {
 public:
  Networks() = default;
  /// Throws InvalidArgument for what is neither an address nor a network.
  explicit Networks(const std::vector<std::string>& texts);
  /// False for what is no address.
  bool contains(std::string_view address) const;
  bool empty() const { return networks_.empty(); }

 private:
  struct Network {
    std::array<std::uint8_t, 16> bytes{};  // IPv4 as ::ffff:a.b.c.d
    int bits = 128;
  };
  std::vector<Network> networks_;
};

/// The client's address of a request that came from `peer`. Only where `peer` is one of `proxies` are X-Forwarded-For
/// and Forwarded (RFC 7239) looked at: the last address there that is no proxy itself. Where both headers are there and
/// disagree, one of them is the client's own invention, so that it stays `peer`; as where they are malformed.
std::string client_address(const std::string& peer, const Headers& headers, const Networks& proxies);

/// What one subscriber has: an IPv4 address as it is, of an IPv6 address the first 64 bits, "2001:db8:0:1::/64". Other
/// texts stay as they are.
std::string subscriber(const std::string& address);

}  // namespace hotshot::net
