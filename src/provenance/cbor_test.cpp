#include "provenance/cbor.h"

#include <gtest/gtest.h>

#include "base/test_support.h"

namespace hotshot::provenance::cbor {
namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<std::uint8_t>(c));
  return text;
}

std::string octets(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
  return out;
}

std::string refusal(std::string_view text) {
  return message_of([&] { decode(octets(text)); });
}

// RFC 8949, appendix A: what has one deterministic form.
TEST(Cbor, WritesAndReadsTheExamplesOfTheRfc) {
  const std::pair<Value, const char*> examples[] = {
      {0, "00"},
      {23, "17"},
      {24, "1818"},
      {1000, "1903e8"},
      {1000000, "1a000f4240"},
      {std::int64_t{1000000000000}, "1b000000e8d4a51000"},
      {-1, "20"},
      {-1000, "3903e7"},
      {false, "f4"},
      {true, "f5"},
      {Value(), "f6"},
      {1.1, "fb3ff199999999999a"},
      {tagged(1, 1363896240), "c11a514b67b0"},
      {Bytes{"\x01\x02\x03\x04"}, "4401020304"},
      {"", "60"},
      {"\xC3\xBC", "62c3bc"},
      {Array{1, Array{2, 3}, Array{4, 5}}, "8301820203820405"},
      {Map{}, "a0"},
      {Map{{"a", 1}, {"b", Array{2, 3}}}, "a26161016162820203"},
  };
  for (const auto& [value, text] : examples) {
    EXPECT_EQ(hex(encode(value)), text);
    EXPECT_EQ(hex(encode(decode(octets(text)))), text);
  }
}

TEST(Cbor, SortsKeysByTheirEncodedBytes) {
  const Map map{{"alg", 1}, {"b", 2}, {33, 3}, {-1, 4}, {"aa", 5}, {1, 6}};
  EXPECT_EQ(hex(encode(map)),
            "a601061821032004616202626161056"
            "3616c6701");
}

TEST(Cbor, ReadsWhatHasNoLengthAndSmallFloats) {
  EXPECT_EQ(*decode(octets("7f657374726561646d696e67ff")).as<std::string>(), "streaming");
  EXPECT_EQ(decode(octets("9f018202039f0405ffff")).as<Array>()->size(), 3u);
  EXPECT_EQ(*decode(octets("bf6346756ef563416d7421ff")).find("Amt")->as<std::int64_t>(), -2);
  EXPECT_EQ(*decode(octets("f93c00")).as<double>(), 1.0);
  EXPECT_EQ(*decode(octets("fa47c35000")).as<double>(), 100000.0);
  EXPECT_TRUE(decode(octets("f7")).as<std::nullptr_t>());
}

TEST(Cbor, MembersOfTheWrongKindAreAbsent) {
  const Value map = Map{{"n", 7}, {"t", tagged(0, "2026-11-25T00:00:00Z")}};
  EXPECT_EQ(map.text("n"), "");
  EXPECT_EQ(map.text("t"), "2026-11-25T00:00:00Z");  // the tag is passed over
  EXPECT_EQ(map.octets("t"), "");
  EXPECT_TRUE(map.list("n").empty());
  EXPECT_EQ(Value(1).find("x"), nullptr);
}

TEST(Cbor, RefusesWhatIsNotWellFormed) {
  for (const char* bad : {"",
                          "18",
                          "1c",
                          "1f",
                          "ff",
                          "41",
                          "5f01ff",
                          "61",
                          "81",
                          "9f",
                          "a1",
                          "a101",
                          "bf01ff",
                          "c1",
                          "f8",
                          "f9",
                          "fb00",
                          "fc",
                          "0000",
                          "3bffffffffffffffff",
                          "1bffffffffffffffff",
                          "5bffffffffffffffff",
                          "9bffffffffffffffff"})
    EXPECT_NE(refusal(bad), "") << bad;
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "81";
  EXPECT_NE(refusal(deep + "00").find("depth"), std::string::npos);
  EXPECT_NE(message_of([] { decode(octets("9a00040000") + std::string(0x40000, '\0')); }).find("values"),
            std::string::npos);
}

}  // namespace
}  // namespace hotshot::provenance::cbor
