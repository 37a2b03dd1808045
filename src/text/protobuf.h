// Reading of protocol buffer messages, wire format only: fields one after the other, every length checked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hotshot::text {

/// A cursor over one message. Throws InvalidArgument, "[where] …", for anything malformed.
class MessageReader {
 public:
  MessageReader(std::string_view bytes, const std::string& where) : bytes_(bytes), where_(where) {}

  /// Moves to the next field; false at the end. A value that was not read is skipped.
  bool next();
  std::uint32_t field() const { return field_; }

  /// The current field's value; it must have the wire type asked for.
  std::uint64_t varint() const;
  int int32() const;
  bool boolean() const { return varint() != 0; }
  float float32() const;
  std::string_view bytes() const;
  MessageReader message() const { return {bytes(), where_}; }

 private:
  std::uint64_t take_varint();
  std::string_view take(std::uint64_t count);
  void require_type(int type) const;

  std::string_view bytes_;
  const std::string& where_;
  std::uint32_t field_ = 0;
  int type_ = 0;
  std::uint64_t number_ = 0;
  std::string_view content_;
};

}  // namespace hotshot::text
