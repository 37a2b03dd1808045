#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>

#include "net/client.h"

namespace hotshot::net {
namespace {

struct Network {
  std::uint32_t address;
  int bits;
};

// What the IANA registry of special-purpose IPv4 addresses (RFC 6890) calls not globally reachable, multicast, and the
// anycast of 6to4 relays.
constexpr Network kPrivateV4[] = {
    {0x00000000, 8},   // "this network"; 0.0.0.0 connects to this machine
    {0x0a000000, 8},   // private
    {0x64400000, 10},  // carriers' NAT
    {0x7f000000, 8},   // loopback
    {0xa9fe0000, 16},  // link-local, and the clouds' metadata
    {0xac100000, 12},  // private
    {0xc0000000, 24},  // protocol assignments
    {0xc0000200, 24},  // documentation
    {0xc0586300, 24},  // 6to4 relays
    {0xc0a80000, 16},  // private
    {0xc6120000, 15},  // benchmarks
    {0xc6336400, 24},  // documentation
    {0xcb007100, 24},  // documentation
    {0xe0000000, 3},   // multicast, reserved, broadcast
};

bool is_private_v4(const std::uint8_t* bytes) {
  std::uint32_t address = 0;
  for (int i = 0; i < 4; ++i) address = address << 8 | bytes[i];
  return std::any_of(std::begin(kPrivateV4), std::end(kPrivateV4),
                     [&](const Network& network) { return (address ^ network.address) >> (32 - network.bits) == 0; });
}

using V6 = std::array<std::uint8_t, 16>;

bool begins(const V6& address, std::initializer_list<std::uint8_t> bytes) {
  return std::equal(bytes.begin(), bytes.end(), address.begin());
}

bool is_private_v6(const V6& a) {
  if (begins(a, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff})) return is_private_v4(&a[12]);     // ::ffff:0:0/96
  if (begins(a, {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) return is_private_v4(&a[12]);  // NAT64, RFC 6052
  if (begins(a, {0x20, 0x02})) return is_private_v4(&a[2]);                                    // 6to4, RFC 3056
  const bool special = (begins(a, {0x20, 0x01}) && a[2] < 2) ||                                // 2001::/23, with Teredo
                       begins(a, {0x20, 0x01, 0x0d, 0xb8}) ||                                  // documentation
                       (begins(a, {0x3f, 0xff}) && (a[2] & 0xf0) == 0);                        // documentation
  const bool global_unicast = (a[0] & 0xe0) == 0x20;                                           // 2000::/3, RFC 4291
  return special || !global_unicast;
}

}  // namespace

bool is_private_address(std::string_view address) {
  const std::string text(address);
  if (text.size() != std::strlen(text.c_str())) return true;
  std::array<std::uint8_t, 4> v4{};
  if (::inet_pton(AF_INET, text.c_str(), v4.data()) == 1) return is_private_v4(v4.data());
  V6 v6{};
  if (::inet_pton(AF_INET6, text.c_str(), v6.data()) == 1) return is_private_v6(v6);
  return true;
}

}  // namespace hotshot::net
