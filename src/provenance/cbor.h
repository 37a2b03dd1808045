// CBOR (RFC 8949) as C2PA uses it: written in the core deterministic encoding, read within bounds.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace hotshot::provenance::cbor {

/// Octets, where a std::string alone is text.
struct Bytes {
  std::string octets;
  bool operator==(const Bytes&) const = default;
};

class Value;
using Array = std::vector<Value>;
using Map = std::vector<std::pair<Value, Value>>;

/// A value with a tag in front: 0 is a time, 18 a COSE_Sign1.
struct Tagged {
  std::uint64_t tag = 0;
  std::shared_ptr<const Value> value;
};

/// One value. null is the default; "undefined" is read as null, simple values as integers, floats as double.
class Value {
 public:
  using Kind = std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Bytes, Array, Map, Tagged>;

  Value() : kind_(nullptr) {}
  Value(bool value) : kind_(value) {}                         // NOLINT: values are written as literals
  Value(int value) : kind_(std::int64_t{value}) {}            // NOLINT
  Value(std::int64_t value) : kind_(value) {}                 // NOLINT
  Value(double value) : kind_(value) {}                       // NOLINT
  Value(std::string text) : kind_(std::move(text)) {}         // NOLINT
  Value(const char* text) : kind_(std::string(text)) {}       // NOLINT
  Value(std::string_view text) : kind_(std::string(text)) {}  // NOLINT
  Value(Bytes bytes) : kind_(std::move(bytes)) {}             // NOLINT
  Value(Array array) : kind_(std::move(array)) {}             // NOLINT
  Value(Map map) : kind_(std::move(map)) {}                   // NOLINT
  Value(Tagged tagged) : kind_(std::move(tagged)) {}          // NOLINT

  /// The value as T, or null where it is of another kind. A tag in front is passed over unless T is Tagged.
  template <class T>
  const T* as() const {
    if (const T* value = std::get_if<T>(&kind_)) return value;
    const auto* tagged = std::get_if<Tagged>(&kind_);
    return tagged ? tagged->value->as<T>() : nullptr;
  }
  /// A map's value of this text or integer key; null where it is no map or has no such key.
  const Value* find(std::string_view key) const;
  const Value* find(std::int64_t key) const;
  /// A map's text, octets or list of that key; empty where there is none.
  std::string text(std::string_view key) const;
  std::string octets(std::string_view key) const;
  const Array& list(std::string_view key) const;

  const Kind& kind() const { return kind_; }

 private:
  Kind kind_;
};

Value tagged(std::uint64_t tag, Value value);

/// Shortest heads, definite lengths, map keys in the order of their encoded bytes.
std::string encode(const Value& value);

/// One value that fills `bytes`. Throws InvalidArgument, "[cbor] …", for what is not well-formed, deeper than 32,
/// of more than 200,000 values, or holds an integer beyond 63 bits.
Value decode(std::string_view bytes);

}  // namespace hotshot::provenance::cbor
