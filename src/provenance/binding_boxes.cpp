#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "base/error.h"
#include "media/container.h"
#include "provenance/binding.h"
#include "provenance/digest.h"

namespace hotshot::provenance {
namespace {

using media::ByteReader;
using media::Part;

constexpr std::uint64_t kPiece = 1 << 20;
constexpr int kMostSteps = 200'000;     // boxes looked at for one file
constexpr std::size_t kMostRules = 64;  // exclusions of one assertion

/// A step of an xpath: "trak" or "trak[2]", counted from 1.
struct Step {
  std::uint64_t id = 0;
  std::optional<int> index = {};
};

std::vector<Step> parse_path(std::string_view path) {
  std::vector<Step> steps;
  require(path.starts_with('/'), "binding", "expected an xpath that begins with '/'");
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view word = path.substr(0, path.find('/'));
    path.remove_prefix(word.size());
    const bool indexed = word.size() > 6 && word[4] == '[' && word.back() == ']';
    require(word.size() == 4 || indexed, "binding", "expected boxes of four letters in an xpath but got '{}'", word);
    Step step;
    for (const char c : word.substr(0, 4)) step.id = step.id << 8 | static_cast<std::uint8_t>(c);
    if (indexed) {
      int index = 0;
      const char* end = word.data() + word.size() - 1;
      require(std::from_chars(word.data() + 5, end, index).ptr == end && index > 0, "binding",
              "expected a number from 1 in an xpath but got '{}'", word);
      step.index = index;
    }
    steps.push_back(step);
  }
  return steps;
}

std::optional<std::int64_t> integer(const cbor::Value& map, std::string_view key) {
  const cbor::Value* found = map.find(key);
  const std::int64_t* number = found ? found->as<std::int64_t>() : nullptr;
  return number ? std::optional(*number) : std::nullopt;
}

/// One exclusion of the assertion, against the boxes of one file.
class Rule {
 public:
  Rule(const ByteReader& file, const cbor::Value& rule, int& steps_left)
      : file_(file), rule_(rule), path_(parse_path(rule.text("xpath"))), steps_left_(steps_left) {}

  /// Adds what it excludes in and of `root`, the `nth` box of its kind.
  void apply(const Part& root, int nth, std::vector<Range>& excluded) const { visit(root, nth, 0, excluded); }

 private:
  void visit(const Part& box, int nth, std::size_t depth, std::vector<Range>& excluded) const {
    require(--steps_left_ > 0, "binding", "expected at most {} boxes", kMostSteps);
    const Step& step = path_[depth];
    if (box.id != step.id || (step.index && *step.index != nth)) return;
    if (depth + 1 == path_.size()) {
      if (matches(box)) exclude(box, excluded);
      return;
    }
    int count = 0;
    for (std::uint64_t offset = box.body; offset < box.end;) {
      const Part child = media::box_at(file_, offset, box.end);
      count += child.id == path_[depth + 1].id;
      visit(child, count, depth + 1, excluded);
      offset = child.next;
    }
  }

  bool matches(const Part& box) const {
    const auto length = integer(rule_, "length");
    if (length && static_cast<std::uint64_t>(*length) != box.end - box.begin) return false;
    if (const auto version = integer(rule_, "version")) {
      if (box.end - box.body < 4 || file_.big(box.body, 1) != static_cast<std::uint64_t>(*version)) return false;
    }
    return flags_match(box) && data_matches(box);
  }
  bool flags_match(const Part& box) const {
    const std::string wanted = rule_.octets("flags");
    if (wanted.empty()) return true;
    require(wanted.size() == 3, "binding", "expected flags of 3 bytes but got {}", wanted.size());
    if (box.end - box.body < 4) return false;
    const cbor::Value* said = rule_.find("exact");
    const bool* exact = said ? said->as<bool>() : nullptr;
    const std::string flags = file_.bytes(box.body + 1, 3);
    if (!exact || *exact) return flags == wanted;
    for (std::size_t i = 0; i < 3; ++i) {
      if ((flags[i] & wanted[i]) != wanted[i]) return false;
    }
    return true;
  }
  bool data_matches(const Part& box) const {
    for (const cbor::Value& data : rule_.list("data")) {
      const auto offset = integer(data, "offset");
      const std::string value = data.octets("value");
      require(offset && *offset >= 0, "binding", "expected data with an offset");
      const std::uint64_t size = box.end - box.begin, at = static_cast<std::uint64_t>(*offset);
      if (at > size || value.size() > size - at || file_.bytes(box.begin + at, value.size()) != value) return false;
    }
    return true;
  }

  void exclude(const Part& box, std::vector<Range>& excluded) const {
    const std::uint64_t size = box.end - box.begin;
    const cbor::Array& subsets = rule_.list("subset");
    if (subsets.empty()) excluded.push_back({box.begin, box.end});
    std::uint64_t before = 0;
    for (const cbor::Value& subset : subsets) {
      const auto offset = integer(subset, "offset"), length = integer(subset, "length");
      require(offset && length && *offset >= 0 && *length >= 0 && static_cast<std::uint64_t>(*offset) >= before,
              "binding", "expected subsets in order");
      const std::uint64_t begin = std::min<std::uint64_t>(static_cast<std::uint64_t>(*offset), size);
      const std::uint64_t rest = size - begin, wanted = static_cast<std::uint64_t>(*length);
      before = static_cast<std::uint64_t>(*offset) + wanted;
      excluded.push_back({box.begin + begin, box.begin + begin + (wanted == 0 ? rest : std::min(wanted, rest))});
    }
  }

  const ByteReader& file_;
  const cbor::Value& rule_;
  std::vector<Step> path_;
  int& steps_left_;
};

/// Hashes what of `box` is not excluded, its offset first; nothing where all of it is.
void add_root(const ByteReader& file, const Part& box, std::vector<Range> excluded, Digest& digest) {
  std::sort(excluded.begin(), excluded.end(), [](const Range& a, const Range& b) { return a.begin < b.begin; });
  for (const Range& range : excluded) {
    if (range.holds({box.begin, box.end})) return;
  }
  digest.add(big_endian(box.begin, 8));
  const auto add = [&](std::uint64_t begin, std::uint64_t end) {
    for (std::uint64_t at = begin; at < end; at += kPiece) digest.add(file.bytes(at, std::min(kPiece, end - at)));
  };
  std::uint64_t at = box.begin;
  for (const Range& range : excluded) {
    add(at, range.begin);
    at = std::max(at, range.end);
  }
  add(at, box.end);
}

}  // namespace

cbor::Value box_binding(std::string hash) {
  const cbor::Map type{{"offset", 8}, {"value", cbor::Bytes{std::string(kMp4StoreType)}}};
  return cbor::Map{{"alg", "sha256"},
                   {"name", "jumbf manifest"},
                   {"exclusions", cbor::Array{cbor::Map{{"xpath", "/uuid"}, {"data", cbor::Array{type}}},
                                              cbor::Map{{"xpath", "/ftyp"}}, cbor::Map{{"xpath", "/mfra"}}}},
                   {"hash", cbor::Bytes{std::move(hash)}}};
}

std::string box_hash(const ByteReader& file, std::string_view algorithm, const cbor::Value& assertion) {
  const cbor::Array& exclusions = assertion.list("exclusions");
  require(!exclusions.empty() && exclusions.size() <= kMostRules, "binding", "expected 1 to {} exclusions but got {}",
          kMostRules, exclusions.size());
  require(!assertion.find("merkle"), "binding", "expected one hash of the whole file but got Merkle trees");
  int steps_left = kMostSteps;
  std::vector<Rule> rules;
  for (const cbor::Value& exclusion : exclusions) rules.emplace_back(file, exclusion, steps_left);
  Digest digest(algorithm);
  std::map<std::uint64_t, int> counts;  // of root boxes, by id
  for (std::uint64_t offset = 0; offset < file.size();) {
    const Part box = media::box_at(file, offset, file.size());
    const int nth = ++counts[box.id];
    std::vector<Range> excluded;
    for (const Rule& rule : rules) rule.apply(box, nth, excluded);
    add_root(file, box, std::move(excluded), digest);
    offset = box.next;
  }
  return digest.finish();
}

}  // namespace hotshot::provenance
