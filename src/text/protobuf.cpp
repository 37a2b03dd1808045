#include "text/protobuf.h"

#include <bit>
#include <cstring>

#include "base/error.h"

namespace hotshot::text {
namespace {

constexpr int kVarint = 0;
constexpr int kFixed64 = 1;
constexpr int kBytes = 2;
constexpr int kFixed32 = 5;

}  // namespace

bool MessageReader::next() {
  if (bytes_.empty()) return false;
  const std::uint64_t tag = take_varint();
  require(tag >> 3 >= 1 && tag >> 3 < 1u << 29, where_, "expected a field number but got {}", tag >> 3);
  field_ = static_cast<std::uint32_t>(tag >> 3);
  type_ = static_cast<int>(tag & 7);
  switch (type_) {
    case kVarint:
      number_ = take_varint();
      break;
    case kFixed64:
      content_ = take(8);
      break;
    case kBytes:
      content_ = take(take_varint());
      break;
    case kFixed32:
      content_ = take(4);
      break;
    default:
      throw_invalid(where_,
                    fmt::format("expected a protocol buffer message but field {} has wire type {}", field_, type_));
  }
  return true;
}

std::uint64_t MessageReader::varint() const {
  require_type(kVarint);
  return number_;
}

int MessageReader::int32() const { return static_cast<int>(static_cast<std::uint32_t>(varint())); }

float MessageReader::float32() const {
  require_type(kFixed32);
  std::uint32_t bits = 0;
  for (int i = 3; i >= 0; --i) bits = bits << 8 | static_cast<unsigned char>(content_[i]);
  return std::bit_cast<float>(bits);
}

std::string_view MessageReader::bytes() const {
  require_type(kBytes);
  return content_;
}

std::uint64_t MessageReader::take_varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    const auto byte = static_cast<unsigned char>(take(1)[0]);
    if (shift < 64) value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  throw_invalid(where_, "expected a protocol buffer message but a number in it does not end");
}

std::string_view MessageReader::take(std::uint64_t count) {
  require(count <= bytes_.size(), where_, "expected {} more bytes of a protocol buffer message but got {}", count,
          bytes_.size());
  const std::string_view taken = bytes_.substr(0, count);
  bytes_.remove_prefix(count);
  return taken;
}

void MessageReader::require_type(int type) const {
  require(type_ == type, where_, "expected wire type {} for field {} but got {}", type, field_, type_);
}

}  // namespace hotshot::text
