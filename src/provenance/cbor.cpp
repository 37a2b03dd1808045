#include "provenance/cbor.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace hotshot::provenance::cbor {
namespace {

constexpr int kDeepest = 32;
constexpr int kMostValues = 200'000;  // a value takes some 40 bytes of memory, but may take one of input
constexpr int kUnsigned = 0, kNegative = 1, kOctets = 2, kText = 3, kArray = 4, kMap = 5, kTag = 6, kSimple = 7;
constexpr std::uint8_t kFalse = 0xF4, kTrue = 0xF5, kNull = 0xF6, kDouble = 0xFB, kBreak = 0xFF;
constexpr int kIndefinite = 31;

void put_number(std::string& out, std::uint64_t number, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 255);
}

void put_head(std::string& out, int major, std::uint64_t number) {
  const auto head = [&](std::uint64_t low) { out += static_cast<char>(major << 5 | low); };
  if (number < 24) return head(number);
  const int log_bytes = number < 1u << 8 ? 0 : number < 1u << 16 ? 1 : number < 1ull << 32 ? 2 : 3;
  head(24 + static_cast<std::uint64_t>(log_bytes));
  put_number(out, number, 1 << log_bytes);
}

void put(std::string& out, const Value& value);

struct Writer {
  std::string& out;
  void operator()(std::nullptr_t) const { out += static_cast<char>(kNull); }
  void operator()(bool value) const { out += static_cast<char>(value ? kTrue : kFalse); }
  void operator()(std::int64_t value) const {
    put_head(out, value < 0 ? kNegative : kUnsigned, static_cast<std::uint64_t>(value < 0 ? -1 - value : value));
  }
  void operator()(double value) const {
    out += static_cast<char>(kDouble);
    put_number(out, std::bit_cast<std::uint64_t>(value), 8);
  }
  void operator()(const std::string& text) const {
    put_head(out, kText, text.size());
    out += text;
  }
  void operator()(const Bytes& bytes) const {
    put_head(out, kOctets, bytes.octets.size());
    out += bytes.octets;
  }
  void operator()(const Array& array) const {
    put_head(out, kArray, array.size());
    for (const Value& value : array) put(out, value);
  }
  void operator()(const Map& map) const {
    std::vector<std::pair<std::string, const Value*>> entries;
    for (const auto& [key, value] : map) entries.emplace_back(encode(key), &value);
    std::sort(entries.begin(), entries.end());  // keys differ: the pointers never decide
    put_head(out, kMap, entries.size());
    for (const auto& [key, value] : entries) {
      out += key;
      put(out, *value);
    }
  }
  void operator()(const Tagged& tagged) const {
    put_head(out, kTag, tagged.tag);
    put(out, *tagged.value);
  }
};

void put(std::string& out, const Value& value) { std::visit(Writer{out}, value.kind()); }

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  Value value(int depth) {
    if (depth > kDeepest) refuse("a depth of at most 32");
    if (++values_ > kMostValues) refuse("at most 200,000 values");
    const std::uint8_t first = byte();
    const int major = first >> 5, low = first & 31;
    if (major == kSimple) return simple(low);
    if (low == kIndefinite) return indefinite(major, depth);
    const std::uint64_t number = argument(low);
    switch (major) {
      case kUnsigned:
        return whole(number);
      case kNegative:
        return -1 - whole(number);
      case kOctets:
        return Bytes{std::string(take(number))};
      case kText:
        return std::string(take(number));
      case kArray:
        return array(number, depth);
      case kMap:
        return map(number, depth);
      default:
        return Tagged{number, std::make_shared<const Value>(value(depth + 1))};
    }
  }
  bool at_end() const { return at_ == bytes_.size(); }
  [[noreturn]] void refuse(std::string_view expected) const {
    throw_invalid("cbor", fmt::format("expected {} at byte {}", expected, at_));
  }

 private:
  std::uint8_t byte() { return static_cast<std::uint8_t>(take(1).front()); }
  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size() - at_) refuse("more bytes");
    const std::string_view taken = bytes_.substr(at_, count);
    at_ += count;
    return taken;
  }
  std::uint64_t number(int bytes) {
    std::uint64_t value = 0;
    for (const char c : take(static_cast<std::uint64_t>(bytes))) value = value << 8 | static_cast<std::uint8_t>(c);
    return value;
  }
  std::uint64_t argument(int low) {
    if (low < 24) return static_cast<std::uint64_t>(low);
    if (low > 27) refuse("a known length");
    return number(1 << (low - 24));
  }
  std::int64_t whole(std::uint64_t number) const {
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) refuse("an integer of 63 bits");
    return static_cast<std::int64_t>(number);
  }
  bool ends() {  // of what has no length
    if (at_ >= bytes_.size() || static_cast<std::uint8_t>(bytes_[at_]) != kBreak) return false;
    ++at_;
    return true;
  }

  // Counts are never trusted to reserve memory: every element takes at least a byte of input.
  Value array(std::uint64_t count, int depth) {
    Array out;
    for (; count > 0; --count) out.push_back(value(depth + 1));
    return out;
  }
  void entry(Map& out, int depth) {
    Value key = value(depth + 1);
    out.emplace_back(std::move(key), value(depth + 1));
  }
  Value map(std::uint64_t count, int depth) {
    Map out;
    for (; count > 0; --count) entry(out, depth);
    return out;
  }

  Value indefinite(int major, int depth) {
    switch (major) {
      case kOctets:
      case kText: {
        std::string joined;
        while (!ends()) {
          const std::uint8_t first = byte();
          if (first >> 5 != major || (first & 31) == kIndefinite) refuse("a piece of a string");
          joined += take(argument(first & 31));
        }
        return major == kText ? Value(std::move(joined)) : Value(Bytes{std::move(joined)});
      }
      case kArray: {
        Array out;
        while (!ends()) out.push_back(value(depth + 1));
        return out;
      }
      case kMap: {
        Map out;
        while (!ends()) entry(out, depth);
        return out;
      }
      default:
        refuse("a length");
    }
  }

  Value simple(int low) {
    switch (low) {
      case 20:
      case 21:
        return low == 21;
      case 22:
      case 23:
        return {};
      case 25:
        return half(static_cast<int>(number(2)));
      case 26:
        return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(number(4))));
      case 27:
        return std::bit_cast<double>(number(8));
      default:
        if (low > 24) refuse("a simple value");
        return static_cast<std::int64_t>(argument(low));
    }
  }

  static double half(int bits) {
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const double size = exponent == 0    ? std::ldexp(fraction, -24)
                        : exponent == 31 ? (fraction ? std::nan("") : HUGE_VAL)
                                         : std::ldexp(fraction + 1024, exponent - 25);
    return bits & 0x8000 ? -size : size;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  int values_ = 0;
};

template <class Key>
const Value* find_key(const Value& value, const Key& key) {
  const Map* map = value.as<Map>();
  if (!map) return nullptr;
  for (const auto& [name, found] : *map) {
    const Key* text = name.template as<Key>();
    if (text && *text == key) return &found;
  }
  return nullptr;
}

template <class T>
T member(const Value& value, std::string_view key) {
  const Value* found = value.find(key);
  const T* typed = found ? found->template as<T>() : nullptr;
  return typed ? *typed : T{};
}

}  // namespace

const Value* Value::find(std::string_view key) const { return find_key(*this, std::string(key)); }
const Value* Value::find(std::int64_t key) const { return find_key(*this, key); }
std::string Value::text(std::string_view key) const { return member<std::string>(*this, key); }
std::string Value::octets(std::string_view key) const { return member<Bytes>(*this, key).octets; }

const Array& Value::list(std::string_view key) const {
  static const Array none;
  const Value* found = find(key);
  const Array* array = found ? found->as<Array>() : nullptr;
  return array ? *array : none;
}

Value tagged(std::uint64_t tag, Value value) { return Tagged{tag, std::make_shared<const Value>(std::move(value))}; }

std::string encode(const Value& value) {
  std::string out;
  put(out, value);
  return out;
}

Value decode(std::string_view bytes) {
  Reader reader(bytes);
  Value value = reader.value(0);
  if (!reader.at_end()) reader.refuse("nothing behind the value");
  return value;
}

}  // namespace hotshot::provenance::cbor
