// Rules about the words of a prompt: which of them, alone or together, are refused.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hotshot::service {

/// Text is compared word by word: without regard to case, width (full-width letters) and invisible characters, any run
/// of spaces and punctuation between two words. A term fits whole words alone, so that "Scunthorpe" holds no other
/// word; characters of Chinese and Japanese, which has no spaces, are words of their own. Read-only after it is filled,
/// and then thread-safe.
class WordRules {
 public:
  /// Adds rules, one a line:  name: term, term + term, term
  /// A rule fits where every group between '+' has a term in the text. Several lines may have one name; a line that
  /// begins with a space goes on with the one before; '#' begins a comment. InvalidArgument, "[where] …", names the
  /// line.
  void add(std::string_view text, std::string_view where);
  /// Adds a rule of one term. InvalidArgument for one without a word.
  void add_term(std::string_view name, std::string_view term);
  /// The name of the first rule that fits.
  std::optional<std::string> match(std::string_view text) const;

 private:
  using Words = std::vector<std::string>;
  struct Rule {
    std::string name;
    std::vector<std::vector<Words>> groups;  // terms of each
  };
  std::vector<Rule> rules_;
};

/// The rules that come with the program (blocked_words.cpp).
extern const std::string_view kBlockedWords;

}  // namespace hotshot::service
