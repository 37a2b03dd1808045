#include "provenance/jumbf.h"

#include <gtest/gtest.h>

#include "base/test_support.h"

namespace hotshot::provenance::jumbf {
namespace {

const std::string kSmall =
    superbox(kStore, "c2pa", cbor_superbox(kCbor, "a", "\x01") + cbor_superbox(kCbor, "b", "\x02"));

TEST(Jumbf, ComesBack) {
  const std::string padded = kSmall + std::string(5, '\0');
  const Superbox store = parse(padded);
  EXPECT_EQ(store.type, kStore);
  EXPECT_EQ(store.label, "c2pa");
  ASSERT_EQ(store.children.size(), 2u);
  EXPECT_EQ(store.child("b")->content("cbor"), "\x02");
  EXPECT_EQ(store.child("b")->type, kCbor);
  EXPECT_EQ(store.child("c"), nullptr);
  EXPECT_EQ(store.body, std::string_view(kSmall).substr(8));
}

TEST(Jumbf, AnAmbiguousLabelNamesNothing) {
  const std::string twice = superbox(kStore, "c2pa", cbor_superbox(kCbor, "a", "1") + cbor_superbox(kCbor, "a", "2"));
  EXPECT_EQ(parse(twice).child("a"), nullptr);
}

TEST(Jumbf, RefusesDamage) {
  for (std::size_t cut = 0; cut < kSmall.size(); ++cut)
    EXPECT_NE(message_of([&] { parse(std::string_view(kSmall).substr(0, cut)); }), "") << cut;
  EXPECT_NE(message_of([] { parse(kSmall + "x"); }), "");
  std::string deep = cbor_superbox(kCbor, "a", "1");
  for (int i = 0; i < 20; ++i) deep = superbox(kStore, "a", deep);
  EXPECT_NE(message_of([&] { parse(deep); }).find("deep"), std::string::npos);
  std::string many;
  for (int i = 0; i < 5000; ++i) many += box("free", "");
  EXPECT_NE(message_of([&] { parse(superbox(kStore, "c2pa", many)); }).find("boxes"), std::string::npos);
}

}  // namespace
}  // namespace hotshot::provenance::jumbf
