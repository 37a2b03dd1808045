#include "text/unicode.h"

#include <algorithm>
#include <array>
#include <span>

#include "text/utf8.h"

namespace hotshot::text {
namespace {

struct Range {
  char32_t first, last;
};

// Every step-th character becomes itself + offset.
struct LowerRange {
  char32_t first, last, step;
  std::int32_t offset;
};

struct MarkRange {
  char32_t first, last;
  int combining_class;
};

// `second` is 0 where a character only has another spelling.
struct Decomposition {
  char32_t whole, first, second;
};

#include "text/unicode_tables.inc"

// The row of sorted ranges that holds c, or null.
template <class Row>
const Row* find_range(std::span<const Row> rows, char32_t c) {
  const auto after =
      std::upper_bound(rows.begin(), rows.end(), c, [](char32_t value, const Row& row) { return value < row.first; });
  return after != rows.begin() && c <= (after - 1)->last ? &*(after - 1) : nullptr;
}

const Decomposition* find_decomposition(std::span<const Decomposition> rows, char32_t c) {
  const auto row = std::lower_bound(rows.begin(), rows.end(), c,
                                    [](const Decomposition& row, char32_t value) { return row.whole < value; });
  return row != rows.end() && row->whole == c ? &*row : nullptr;
}

constexpr bool before(const Decomposition& a, const Decomposition& b) {
  return a.first != b.first ? a.first < b.first : a.second < b.second;
}

constexpr auto kByParts = [] {
  auto rows = std::to_array(kComposites);
  std::sort(rows.begin(), rows.end(), before);
  return rows;
}();

// Characters below are composed, are no marks and compose with nothing before them.
constexpr char32_t kFirstMark = 0x300;

int combining_class(char32_t c) {
  const MarkRange* row = c < kFirstMark ? nullptr : find_range<MarkRange>(kMarks, c);
  return row ? row->combining_class : 0;
}

// Hangul syllables are composed by arithmetic (The Unicode Standard, section 3.12).
constexpr char32_t kSyllables = 0xAC00, kLeads = 0x1100, kVowels = 0x1161, kTrails = 0x11A7;
constexpr char32_t kLeadCount = 19, kVowelCount = 21, kTrailCount = 28;

void append_decomposed(std::u32string& out, char32_t c) {
  if (c >= kSyllables && c < kSyllables + kLeadCount * kVowelCount * kTrailCount) {
    const char32_t index = c - kSyllables;
    out.push_back(kLeads + index / (kVowelCount * kTrailCount));
    out.push_back(kVowels + index / kTrailCount % kVowelCount);
    if (index % kTrailCount != 0) out.push_back(kTrails + index % kTrailCount);
    return;
  }
  const Decomposition* row = find_decomposition(kComposites, c);
  if (!row) row = find_decomposition(kSingletons, c);
  if (!row) {
    out.push_back(c);
    return;
  }
  append_decomposed(out, row->first);
  if (row->second != 0) append_decomposed(out, row->second);
}

// The composite of two characters, or 0.
char32_t composite(char32_t first, char32_t second) {
  if (first >= kLeads && first < kLeads + kLeadCount && second >= kVowels && second < kVowels + kVowelCount)
    return kSyllables + ((first - kLeads) * kVowelCount + (second - kVowels)) * kTrailCount;
  const bool open_syllable = first >= kSyllables && first < kSyllables + kLeadCount * kVowelCount * kTrailCount &&
                             (first - kSyllables) % kTrailCount == 0;
  if (open_syllable && second > kTrails && second < kTrails + kTrailCount) return first + (second - kTrails);
  const Decomposition parts{0, first, second};
  const auto row = std::lower_bound(kByParts.begin(), kByParts.end(), parts, before);
  return row != kByParts.end() && row->first == first && row->second == second ? row->whole : 0;
}

// Marks between two other characters in the order of their classes.
void order_marks(std::u32string& text) {
  for (auto begin = text.begin(); begin != text.end(); ++begin) {
    if (combining_class(*begin) == 0) continue;
    const auto end = std::find_if(begin, text.end(), [](char32_t c) { return combining_class(c) == 0; });
    std::stable_sort(begin, end, [](char32_t a, char32_t b) { return combining_class(a) < combining_class(b); });
    if (end == text.end()) return;
    begin = end;
  }
}

std::u32string composed(const std::u32string& decomposed) {
  std::u32string out;
  std::size_t starter = std::u32string::npos;
  int last_class = 0;  // of what follows the starter in `out`
  for (const char32_t c : decomposed) {
    const int mark = combining_class(c);
    if (starter != std::u32string::npos && (out.size() == starter + 1 || last_class < mark)) {
      if (const char32_t whole = composite(out[starter], c); whole != 0) {
        out[starter] = whole;
        continue;
      }
    }
    if (mark == 0) starter = out.size();
    last_class = mark;
    out.push_back(c);
  }
  return out;
}

template <class Take>
void for_each_character(std::string_view utf8, Take take) {
  while (!utf8.empty()) {
    const CodePoint character = first_code_point(utf8).value();
    take(character.value);
    utf8.remove_prefix(character.bytes);
  }
}

}  // namespace

CharacterClass character_class(char32_t c) {
  if (find_range<Range>(kLetters, c)) return CharacterClass::letter;
  if (find_range<Range>(kSpaces, c)) return CharacterClass::space;
  return find_range<Range>(kNumbers, c) ? CharacterClass::number : CharacterClass::other;
}

std::string compose(std::string_view utf8) {
  std::u32string decomposed;
  bool changes = false;
  for_each_character(utf8, [&](char32_t c) {
    changes |= c >= kFirstMark;
    append_decomposed(decomposed, c);
  });
  if (!changes) return std::string(utf8);
  order_marks(decomposed);
  std::string out;
  for (const char32_t c : composed(decomposed)) append_code_point(out, c);
  return out;
}

std::string to_lower(std::string_view utf8) {
  std::string out;
  for_each_character(utf8, [&](char32_t c) {
    constexpr char32_t kDottedCapitalI = 0x130;
    if (c == kDottedCapitalI) {
      out += "i\xCC\x87";
      return;
    }
    const LowerRange* row = find_range<LowerRange>(kLower, c);
    const bool upper = row && (c - row->first) % row->step == 0;
    append_code_point(out, upper ? static_cast<char32_t>(static_cast<std::int32_t>(c) + row->offset) : c);
  });
  return out;
}

}  // namespace hotshot::text
