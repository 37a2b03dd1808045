#include "net/peers.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace hotshot::net {
namespace {

TEST(Networks, ContainsWhatTheirPrefixSays) {
  const Networks networks({"10.0.0.0/8", "192.168.1.7", "fd00::/9", "0.0.0.0/32"});
  for (const char* in : {"10.0.0.1", "10.255.255.255", "::ffff:10.1.2.3", "192.168.1.7", "fd7f::1", "0.0.0.0"}) {
    EXPECT_TRUE(networks.contains(in)) << in;
  }
  for (const char* out : {"11.0.0.1", "192.168.1.8", "fd80::1", "::a00:1", "0.0.0.1", "", "x", "10.0.0"}) {
    EXPECT_FALSE(networks.contains(out)) << out;
  }
  EXPECT_TRUE(Networks({"0.0.0.0/0"}).contains("1.2.3.4"));
  EXPECT_FALSE(Networks({"0.0.0.0/0"}).contains("2001:db8::1"));
  EXPECT_FALSE(Networks().contains("127.0.0.1"));
}

TEST(Networks, RefuseWhatIsNone) {
  for (const char* text : {"", "host", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "::/129", "/8"}) {
    EXPECT_THROW(Networks({text}), InvalidArgument) << text;
  }
}

TEST(ClientAddress, IsTheConnectionsWhereNoTrustedProxySpeaks) {
  const Headers headers{{"x-forwarded-for", "1.2.3.4"}, {"forwarded", "for=1.2.3.4"}};
  EXPECT_EQ(client_address("9.9.9.9", headers, Networks()), "9.9.9.9");
  EXPECT_EQ(client_address("9.9.9.9", headers, Networks({"127.0.0.1"})), "9.9.9.9");
}

TEST(ClientAddress, IsTheLastThatIsNoProxy) {
  const Networks proxies({"127.0.0.1", "10.0.0.0/8"});
  const auto of = [&](const Headers& headers) { return client_address("127.0.0.1", headers, proxies); };
  EXPECT_EQ(of({}), "127.0.0.1");
  EXPECT_EQ(of({{"x-forwarded-for", "1.2.3.4"}}), "1.2.3.4");
  EXPECT_EQ(of({{"X-Forwarded-For", "6.6.6.6, 1.2.3.4, 10.0.0.2"}}), "1.2.3.4");  // 6.6.6.6 is what the client says
  EXPECT_EQ(of({{"x-forwarded-for", "6.6.6.6"}, {"x-forwarded-for", "1.2.3.4"}}), "1.2.3.4");
  EXPECT_EQ(of({{"x-forwarded-for", "10.0.0.3, 10.0.0.2"}}), "10.0.0.3");
  EXPECT_EQ(of({{"x-forwarded-for", "1.2.3.4:5678"}}), "1.2.3.4");
  EXPECT_EQ(of({{"x-forwarded-for", "2001:db8::1"}}), "2001:db8::1");
  EXPECT_EQ(of({{"x-forwarded-for", "::ffff:1.2.3.4"}}), "1.2.3.4");
  EXPECT_EQ(of({{"forwarded", "for=6.6.6.6;proto=http, For=\"[2001:db8::2]:4711\";by=10.0.0.1"}}), "2001:db8::2");
}

TEST(ClientAddress, IsTheProxysWhereTheHeadersAreMalformedOrDisagree) {
  const Networks proxies({"127.0.0.1"});
  const auto of = [&](const Headers& headers) { return client_address("127.0.0.1", headers, proxies); };
  for (const char* text : {"", "unknown", "1.2.3.4, _hidden", "1.2.3.4,", "[", "\"", "[::1", "1.2.3.4.5"}) {
    EXPECT_EQ(of({{"x-forwarded-for", text}}), "127.0.0.1") << text;
    EXPECT_EQ(of({{"forwarded", std::string("proto=") + text}}), "127.0.0.1") << text;
  }
  EXPECT_EQ(of({{"x-forwarded-for", "1.2.3.4"}, {"forwarded", "for=6.6.6.6"}}), "127.0.0.1");
  EXPECT_EQ(of({{"x-forwarded-for", "1.2.3.4"}, {"forwarded", "for=1.2.3.4"}}), "1.2.3.4");
}

TEST(Subscriber, HasA64thOfIpv6) {
  EXPECT_EQ(subscriber("1.2.3.4"), "1.2.3.4");
  EXPECT_EQ(subscriber("2001:db8:0:1:2:3:4:5"), "2001:db8:0:1::/64");
  EXPECT_EQ(subscriber("2001:db8:0:1::9"), subscriber("2001:db8:0:1:ffff::"));
  EXPECT_EQ(subscriber(""), "");
}

}  // namespace
}  // namespace hotshot::net
