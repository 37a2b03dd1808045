#include "text/prompt_weights.h"

#include <charconv>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "text/prompt.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace hotshot::text {
namespace {

constexpr std::string_view kBrackets = "()[]";
constexpr std::string_view kBreak = "BREAK";
constexpr double kStep = 1.1;

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view without_space_in_front(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return text;
}

std::string_view without_space_behind(std::string_view text) {
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// ":1.3)" at the start of the text.
struct ClosingWeight {
  double weight;
  std::size_t bytes;
};

std::optional<ClosingWeight> closing_weight(std::string_view text) {
  if (!text.starts_with(':')) return std::nullopt;
  std::string_view rest = without_space_in_front(text.substr(1));
  if (rest.starts_with("+") && !rest.starts_with("+-")) rest.remove_prefix(1);
  const std::size_t digits = std::min(rest.find_first_not_of("-.0123456789"), rest.size());
  double weight = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + digits, weight, std::chars_format::fixed);
  if (error != std::errc() || end != rest.data() + digits) return std::nullopt;
  rest = without_space_in_front(rest.substr(digits));
  if (!rest.starts_with(')')) return std::nullopt;
  return ClosingWeight{weight, text.size() - rest.size() + 1};
}

// Whether the character that ends or begins `text` is none of a word.
bool ends_word(std::string_view text) {
  if (text.empty()) return true;
  std::size_t at = text.size() - 1;
  while ((static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  const auto kind = character_class(first_code_point(text.substr(at)).value().value);
  return kind != CharacterClass::letter && kind != CharacterClass::number && text.back() != '_';
}

bool begins_no_word(std::string_view text) {
  if (text.empty()) return true;
  const auto kind = character_class(first_code_point(text).value().value);
  return kind != CharacterClass::letter && kind != CharacterClass::number && text.front() != '_';
}

class EmphasisReader {
 public:
  std::vector<WeightedText> read(std::string_view prompt) {
    while (!prompt.empty()) prompt.remove_prefix(step(prompt));
    for (const std::size_t open : round_) multiply(open, kStep);
    for (const std::size_t open : square_) multiply(open, 1 / kStep);
    return merged();
  }

 private:
  // Takes what stands at the start of the text; returns its length.
  std::size_t step(std::string_view text) {
    const char c = text.front();
    if (c == '\\') {
      const bool escapes = text.size() > 1 && (text[1] == '\\' || kBrackets.find(text[1]) != std::string_view::npos);
      add(text.substr(1, escapes ? 1 : 0));
      return escapes ? 2 : 1;
    }
    if (c == '(' || c == '[') {
      (c == '(' ? round_ : square_).push_back(stretches_.size());
      return 1;
    }
    if (const auto closing = round_.empty() ? std::nullopt : closing_weight(text)) {
      close(round_, closing->weight);
      return closing->bytes;
    }
    if (c == ')' && !round_.empty()) return close(round_, kStep);
    if (c == ']' && !square_.empty()) return close(square_, 1 / kStep);
    const std::size_t length = std::max<std::size_t>(std::min(text.find_first_of("\\()[]:"), text.size()), 1);
    add_with_breaks(text.substr(0, length));
    return length;
  }

  std::size_t close(std::vector<std::size_t>& brackets, double factor) {
    multiply(brackets.back(), factor);
    brackets.pop_back();
    return 1;
  }

  void multiply(std::size_t from, double factor) {
    for (std::size_t i = from; i < stretches_.size(); ++i) stretches_[i].weight *= factor;
  }

  void add(std::string_view text) { stretches_.push_back({std::string(text)}); }

  void add_with_breaks(std::string_view text) {
    for (std::size_t from = 0;;) {
      const std::size_t at = text.find(kBreak, from);
      if (at == std::string_view::npos) break;
      const std::string_view before = text.substr(0, at), after = text.substr(at + kBreak.size());
      from = at + kBreak.size();
      if (!ends_word(before) || !begins_no_word(after)) continue;
      add(without_space_behind(before));
      stretches_.push_back({"", 1, /*is_break=*/true});
      text = without_space_in_front(after);
      from = 0;
    }
    add(text);
  }

  std::vector<WeightedText> merged() const {
    std::vector<WeightedText> merged;
    for (const WeightedText& stretch : stretches_) {
      require(std::abs(stretch.weight) <= kMaxPromptWeight, "prompt",
              "expected weights from -{0} to {0} but got {1} for '{2}'; \\( and \\) are brackets that are text",
              kMaxPromptWeight, stretch.weight, stretch.text.substr(0, 100));
      const bool joins =
          !merged.empty() && !stretch.is_break && !merged.back().is_break && merged.back().weight == stretch.weight;
      if (joins)
        merged.back().text += stretch.text;
      else
        merged.push_back(stretch);
    }
    if (merged.empty()) merged.emplace_back();
    return merged;
  }

  std::vector<WeightedText> stretches_;
  std::vector<std::size_t> round_, square_;  // open brackets: how many stretches lay before each
};

}  // namespace

std::vector<WeightedText> parse_emphasis(std::string_view prompt) {
  check_prompt(prompt);
  return EmphasisReader().read(prompt);
}

}  // namespace hotshot::text
