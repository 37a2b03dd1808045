// The header of a .safetensors file: untrusted JSON, checked field by field while it is parsed.
#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "base/error.h"
#include "weights/safetensors.h"

namespace hotshot::weights {
namespace {

constexpr std::size_t kMaxRank = 16;
constexpr std::size_t kMaxTensors = 1'000'000;
constexpr std::string_view kMetadataName = "__metadata__";

struct Dtype {
  std::string_view name;
  at::ScalarType type;
};

constexpr std::array<Dtype, 10> kDtypes = {{{"F64", at::kDouble},
                                            {"F32", at::kFloat},
                                            {"F16", at::kHalf},
                                            {"BF16", at::kBFloat16},
                                            {"I64", at::kLong},
                                            {"I32", at::kInt},
                                            {"I16", at::kShort},
                                            {"I8", at::kChar},
                                            {"U8", at::kByte},
                                            {"BOOL", at::kBool}}};

std::vector<std::string> dtype_names() {
  std::vector<std::string> names;
  for (const Dtype& dtype : kDtypes) names.emplace_back(dtype.name);
  return names;
}

// A name from a file as it may be shown: quoted, escaped, short.
std::string shown(const std::string& name) {
  using nlohmann::json;
  const auto text = json(name.substr(0, 120)).dump(-1, ' ', true, json::error_handler_t::replace);
  return name.size() > 120 ? text + "…" : text;
}

// Receives the parser's events. Depth 1 is the header, 2 a tensor or the metadata, 3 a list of numbers.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit HeaderReader(const std::string& where) : where_(where) {}

  SafetensorsHeader take() { return std::move(header_); }

  bool null() override { return refuse("null"); }
  bool boolean(bool) override { return refuse("true or false"); }
  bool number_integer(number_integer_t value) override { return refuse(fmt::format("{}", value)); }
  bool number_float(number_float_t, const string_t& text) override { return refuse(text.substr(0, 40)); }
  bool binary(binary_t&) override { return refuse("binary data"); }
  bool number_unsigned(number_unsigned_t value) override {
    if (depth_ != 3) return refuse(fmt::format("{}", value));
    require(numbers_.size() < kMaxRank, where_, "expected at most {} numbers in {} of {}", kMaxRank, key_,
            shown(name_));
    require(value <= std::numeric_limits<std::int64_t>::max(), where_, "expected {} of {} below 2^63 but got {}", key_,
            shown(name_), value);
    numbers_.push_back(value);
    return true;
  }
  bool string(string_t& value) override {
    if (depth_ == 2 && in_metadata_) {
      header_.metadata.emplace(key_, std::move(value));
    } else if (depth_ == 2 && key_ == "dtype") {
      set_dtype(value);
    } else {
      return refuse(shown(value));
    }
    return true;
  }
  bool start_object(std::size_t) override {
    if (depth_ >= 2) return refuse("an object");
    if (++depth_ == 2 && !in_metadata_) {
      tensor_ = TensorInfo();
      tensor_.name = name_;
    }
    fields_.clear();
    return true;
  }
  bool key(string_t& key) override { return depth_ == 1 ? begin_entry(key) : begin_field(key); }
  bool end_object() override {
    if (depth_-- == 2 && !in_metadata_) finish_tensor();
    return true;
  }
  bool start_array(std::size_t) override {
    if (depth_ != 2 || in_metadata_ || key_ == "dtype") return refuse("a list");
    ++depth_;
    numbers_.clear();
    return true;
  }
  bool end_array() override {
    --depth_;
    if (key_ == "shape") {
      tensor_.shape.assign(numbers_.begin(), numbers_.end());
    } else {
      require(numbers_.size() == 2, where_, "expected two data_offsets of {} but got {}", shown(name_),
              numbers_.size());
      tensor_.begin = numbers_[0];
      tensor_.end = numbers_[1];
    }
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    throw_invalid(where_, fmt::format("expected a JSON header but it is malformed at byte {}", position));
  }

 private:
  bool refuse(std::string_view got) const {
    const std::string place = depth_ == 0 ? "as the header" : fmt::format("in {}", shown(name_));
    const std::string_view expected = depth_ == 0       ? "an object"
                                      : depth_ == 1     ? "an object {dtype, shape, data_offsets}"
                                      : depth_ == 3     ? "whole numbers from 0 up"
                                      : in_metadata_    ? "a string"
                                      : key_ == "dtype" ? "a type name"
                                                        : "a list of numbers";
    throw_invalid(where_, fmt::format("expected {} {} but got {}", expected, place, got));
  }

  bool begin_entry(const std::string& name) {
    name_ = name;
    in_metadata_ = name == kMetadataName;
    require(names_.insert(name).second, where_, "expected each name once but {} is there twice", shown(name));
    require(names_.size() <= kMaxTensors, where_, "expected at most {} tensors", kMaxTensors);
    return true;
  }

  bool begin_field(const std::string& key) {
    key_ = key;
    require(in_metadata_ || key == "dtype" || key == "shape" || key == "data_offsets", where_,
            "expected dtype, shape, data_offsets in {} but got {}", shown(name_), shown(key));
    require(fields_.insert(key).second, where_, "expected {} once in {}", shown(key), shown(name_));
    return true;
  }

  void set_dtype(const std::string& name) {
    const auto* const found =
        std::find_if(kDtypes.begin(), kDtypes.end(), [&](const Dtype& dtype) { return dtype.name == name; });
    if (found == kDtypes.end()) throw_unknown(where_ + ", dtype of " + shown(name_), shown(name), dtype_names());
    tensor_.dtype = found->type;
  }

  void finish_tensor() {
    require(fields_.size() == 3, where_, "expected dtype, shape and data_offsets in {}", shown(name_));
    std::uint64_t bytes = at::elementSize(tensor_.dtype);
    bool overflow = false;
    bool empty = false;
    for (const std::int64_t size : tensor_.shape) {
      empty |= size == 0;
      overflow |= __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(size), &bytes);
      if (overflow) bytes = 1;  // only the flag matters from here
    }
    require(!overflow && bytes <= std::numeric_limits<std::int64_t>::max(), where_,
            "expected a shape of fewer than 2^63 bytes for {}", shown(name_));
    if (empty) bytes = 0;
    require(tensor_.begin <= tensor_.end && tensor_.bytes() == bytes, where_,
            "expected {} bytes for {} but its data_offsets are [{}, {}]", bytes, shown(name_), tensor_.begin,
            tensor_.end);
    header_.tensors.push_back(std::move(tensor_));
  }

  const std::string& where_;
  SafetensorsHeader header_;
  int depth_ = 0;
  bool in_metadata_ = false;
  std::string name_;
  std::string key_;
  TensorInfo tensor_;
  std::vector<std::uint64_t> numbers_;
  std::set<std::string> names_;
  std::set<std::string> fields_;
};

void require_covered(const std::vector<TensorInfo>& tensors, std::uint64_t data_bytes, const std::string& where) {
  std::uint64_t position = 0;
  for (const TensorInfo& tensor : tensors) {
    require(tensor.end <= data_bytes, where, "expected {} within {} bytes of data but it ends at {}",
            shown(tensor.name), data_bytes, tensor.end);
    require(tensor.begin == position, where, "expected {} to begin at byte {}, where the one before ends, but got {}",
            shown(tensor.name), position, tensor.begin);
    position = tensor.end;
  }
  require(position == data_bytes, where, "expected the tensors to fill {} bytes of data but they end at {}", data_bytes,
          position);
}

}  // namespace

std::int64_t TensorInfo::elements() const { return static_cast<std::int64_t>(bytes() / at::elementSize(dtype)); }

std::string_view dtype_name(at::ScalarType dtype) {
  for (const Dtype& known : kDtypes)
    if (known.type == dtype) return known.name;
  throw_unknown("safetensors", at::toString(dtype), dtype_names());
}

SafetensorsHeader parse_safetensors_header(std::string_view json, std::uint64_t data_bytes, const std::string& where) {
  require(json.starts_with('{'), where, "expected a JSON object as the header");
  HeaderReader reader(where);
  const bool complete = nlohmann::json::sax_parse(json.begin(), json.end(), &reader);
  require(complete, where, "expected a complete JSON header");
  SafetensorsHeader header = reader.take();
  std::sort(header.tensors.begin(), header.tensors.end(), [](const TensorInfo& a, const TensorInfo& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  require_covered(header.tensors, data_bytes, where);
  return header;
}

}  // namespace hotshot::weights
