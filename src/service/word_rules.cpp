#include "service/word_rules.h"

#include <algorithm>

#include "base/error.h"
#include "net/http.h"
#include "store/search.h"
#include "text/prompt.h"
#include "text/utf8.h"

namespace hotshot::service {
namespace {

bool within(char32_t c, char32_t first, char32_t last) { return c >= first && c <= last; }

bool is_invisible(char32_t c) {
  return c == 0xad || within(c, 0x0300, 0x036f) || within(c, 0x200b, 0x200f) || within(c, 0x2060, 0x2064) ||
         within(c, 0xfe00, 0xfe0f);
}

bool is_ideograph(char32_t c) {
  return within(c, 0x3041, 0x30ff) || within(c, 0x3400, 0x4dbf) || within(c, 0x4e00, 0x9fff) ||
         within(c, 0xf900, 0xfaff) || within(c, 0x20000, 0x3ffff);
}

// Letters and digits of all scripts; what is above Latin-1's signs and is neither punctuation nor a symbol.
bool is_letter(char32_t c) {
  if (c < 0x80) return within(c, 'a', 'z') || within(c, 'A', 'Z') || within(c, '0', '9');
  return c >= 0xc0 && c != 0xd7 && c != 0xf7 && !within(c, 0x2000, 0x2bff) && !within(c, 0x3000, 0x303f) &&
         !within(c, 0xff00, 0xffef) && !within(c, 0xfe10, 0xfe6f) && !within(c, 0x1f000, 0x1ffff);
}

char32_t narrow(char32_t c) { return within(c, 0xff01, 0xff5e) ? c - 0xfee0 : c; }

// "A red-hot 汽车" → "a", "red", "hot", "汽", "车". Bytes that are no UTF-8 separate words.
std::vector<std::string> words_of(std::string_view text) {
  std::string narrowed;
  for (std::string_view rest = text; !rest.empty();) {
    const auto character = text::first_code_point(rest);
    if (character && !is_invisible(character->value)) text::append_code_point(narrowed, narrow(character->value));
    if (!character) narrowed += ' ';
    rest.remove_prefix(character ? character->bytes : 1);
  }
  std::vector<std::string> words;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) words.push_back(std::exchange(word, {}));
  };
  const std::string folded = store::fold_case(narrowed);
  for (std::string_view rest = folded; !rest.empty();) {
    const text::CodePoint character = text::first_code_point(rest).value_or(text::CodePoint{' ', 1});
    if (is_ideograph(character.value) || !is_letter(character.value)) end_word();
    if (is_letter(character.value)) word += rest.substr(0, character.bytes);
    if (is_ideograph(character.value)) end_word();
    rest.remove_prefix(character.bytes);
  }
  end_word();
  return words;
}

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> pieces;
  for (;;) {
    const std::size_t end = text.find(by);
    pieces.push_back(net::trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) return pieces;
    text.remove_prefix(end + 1);
  }
}

struct Line {
  std::size_t number = 0;  // of its beginning
  std::string text;
};

// Without comments, lines that go on joined.
std::vector<Line> lines_of(std::string_view text) {
  std::vector<Line> lines;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    line = line.substr(0, line.find('#'));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (net::trimmed(line).empty()) continue;
    const bool goes_on = (line[0] == ' ' || line[0] == '\t') && !lines.empty();
    if (goes_on) {
      lines.back().text += std::string(" ") + std::string(line);
    } else {
      lines.push_back({number, std::string(line)});
    }
  }
  return lines;
}

}  // namespace

void WordRules::add(std::string_view text, std::string_view where) {
  for (const Line& line : lines_of(text)) {
    const std::size_t colon = line.text.find(':');
    require(colon != std::string::npos && colon > 0, where, "expected 'name: term, term' in line {} but got '{}'",
            line.number, line.text.substr(0, 80));
    Rule rule{.name = std::string(net::trimmed(std::string_view(line.text).substr(0, colon)))};
    for (const std::string_view group : split(std::string_view(line.text).substr(colon + 1), '+')) {
      std::vector<Words>& terms = rule.groups.emplace_back();
      for (const std::string_view term : split(group, ',')) {
        if (term.empty()) continue;  // a comma at the end of a line that goes on
        terms.push_back(words_of(term));
        require(!terms.back().empty(), where, "expected terms with letters in line {} but got '{}'", line.number, term);
      }
      require(!terms.empty(), where, "expected terms in line {} but got none", line.number);
    }
    rules_.push_back(std::move(rule));
  }
}

void WordRules::add_term(std::string_view name, std::string_view term) {
  const Words words = words_of(term);
  require(!words.empty(), name, "expected a term with letters but got '{}'", term);
  rules_.push_back({.name = std::string(name), .groups = {{words}}});
}

std::optional<std::string> WordRules::match(std::string_view text) const {
  // As the networks will read it: "&#99;hild" is a word too.
  const Words words = words_of(text::unescape_html(text::unescape_html(text)));
  const auto has = [&](const Words& term) {
    return std::search(words.begin(), words.end(), term.begin(), term.end()) != words.end();
  };
  for (const Rule& rule : rules_) {
    const bool fits = std::all_of(rule.groups.begin(), rule.groups.end(), [&](const std::vector<Words>& terms) {
      return std::any_of(terms.begin(), terms.end(), has);
    });
    if (fits) return rule.name;
  }
  return {};
}

}  // namespace hotshot::service
