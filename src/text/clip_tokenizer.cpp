#include "text/clip_tokenizer.h"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/options.h"
#include "text/clip_vocabulary.h"
#include "text/prompt.h"
#include "text/tokenizer_config.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace hotshot::text {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxVectors = kClipLength - 2;  // those of one token stay in one chunk
constexpr std::size_t kMaxTokenBytes = 200;

// Composed, every run of white space one space, lower case.
std::string normalized(std::string_view prompt) {
  const std::string text = compose(prompt);
  std::string spaced;
  bool space = false;
  for (std::string_view rest = text; !rest.empty();) {
    const CodePoint c = first_code_point(rest).value();
    const bool is_space = character_class(c.value) == CharacterClass::space;
    if (!is_space) spaced += rest.substr(0, c.bytes);
    if (is_space && !space) spaced.push_back(' ');
    space = is_space;
    rest.remove_prefix(c.bytes);
  }
  return to_lower(spaced);
}

CharacterClass class_at(std::string_view text) { return character_class(first_code_point(text).value().value); }

bool is_word_character(CharacterClass c) { return c == CharacterClass::letter || c == CharacterClass::number; }

// Whether a word goes on across `at`.
bool joins(std::string_view text, std::size_t at) {
  if (at == 0 || at == text.size()) return false;
  std::size_t before = at - 1;
  while ((static_cast<unsigned char>(text[before]) & 0xC0) == 0x80) --before;
  return is_word_character(class_at(text.substr(before))) && is_word_character(class_at(text.substr(at)));
}

// Length of the first word: 's and its like, letters, one digit, or a run of anything else but space. The pattern of
// OpenAI's simple_tokenizer.py. `text` is not empty and does not start with a space.
std::size_t word_length(std::string_view text) {
  constexpr std::array<std::string_view, 7> kEndings = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
  for (const std::string_view ending : kEndings)
    if (text.starts_with(ending)) return ending.size();
  const CharacterClass kind = class_at(text);
  std::size_t length = 0;
  do {
    length += first_code_point(text.substr(length)).value().bytes;
  } while (kind != CharacterClass::number && length < text.size() && class_at(text.substr(length)) == kind);
  return length;
}

// The piece that fills up prompts: special_tokens_map.json outranks tokenizer_config.json.
std::string read_pad(const fs::path& folder) {
  std::string pad(kClipEnd);
  for (const char* file : {"tokenizer_config.json", "special_tokens_map.json"}) {
    const fs::path path = folder / file;
    if (!fs::exists(path)) continue;
    const nlohmann::json config = read_json(path);
    const std::string where = fmt::format("text {}", path.string());
    require(config.is_object(), where, "expected a JSON object but got {}", shown(config));
    check_tokenizer_class(config, {"CLIPTokenizer", "CLIPTokenizerFast"}, where);
    if (!config.contains("pad_token") || config["pad_token"].is_null()) continue;
    pad = token_text(config["pad_token"]);
    require(!pad.empty(), where, "expected pad_token to be a token but got {}", shown(config["pad_token"]));
  }
  return pad;
}

// Tokens behind the vocabulary, by id: added_tokens.json, or added_tokens_decoder of tokenizer_config.json.
std::map<int, std::string> read_added_tokens(const fs::path& folder, int vocabulary_size) {
  std::map<int, std::string> tokens;
  const auto add = [&](const nlohmann::json& id, const std::string& token, const fs::path& path) {
    require(id.is_number_unsigned() && id.get<std::uint64_t>() < (1u << 24), fmt::format("text {}", path.string()),
            "expected an id for '{}' but got {}", token.substr(0, 100), shown(id));
    if (id.get<int>() >= vocabulary_size) tokens[id.get<int>()] = token;
  };
  const fs::path config = folder / "tokenizer_config.json", list = folder / "added_tokens.json";
  if (fs::exists(config)) {
    const nlohmann::json json = read_json(config);
    const auto decoder = json.find("added_tokens_decoder");
    if (decoder != json.end() && decoder->is_object())
      for (const auto& [id, token] : decoder->items()) add(parse_json(id), token_text(token), config);
  }
  if (fs::exists(list)) {
    const nlohmann::json json = read_json(list);
    require(json.is_object(), fmt::format("text {}", list.string()), "expected a JSON object but got {}", shown(json));
    for (const auto& [token, id] : json.items()) add(id, token, list);
  }
  return tokens;
}

}  // namespace

ClipTokenizer ClipTokenizer::load(const fs::path& folder) {
  const std::string where = fmt::format("text {}", folder.string());
  const PieceList list = read_clip_vocabulary(folder);
  ClipTokenizer tokenizer(list, read_pad(folder), where);
  for (const auto& [id, token] : read_added_tokens(folder, tokenizer.vocabulary_size())) {
    require(id == tokenizer.size(), where, "expected added tokens with ids from {} on but '{}' has {}",
            tokenizer.size(), token.substr(0, 100), id);
    tokenizer.add_token(token, 1);
  }
  return tokenizer;
}

ClipTokenizer::ClipTokenizer(const PieceList& list, std::string_view pad, const std::string& where)
    : pairs_(list, where), size_(pairs_.size()) {
  const auto id = [&](std::string_view piece) {
    const auto found = pairs_.find(std::string(piece));
    require(found.has_value(), where, "expected a piece '{}' but the vocabulary has none", piece.substr(0, 100));
    return found.value_or(0);
  };
  start_id_ = id(kClipStart);
  end_id_ = id(kClipEnd);
  pad_id_ = id(pad);
}

int ClipTokenizer::add_token(std::string_view token, int vectors) {
  require(token.size() <= kMaxTokenBytes && !find_malformed(token), "textual inversion",
          "expected a token of at most {} bytes of UTF-8 but got '{}'", kMaxTokenBytes, token.substr(0, 20));
  const std::string text = normalized(token);
  require(!text.empty() && text.front() != ' ' && text.back() != ' ', "textual inversion",
          "expected a token without space around it but got '{}'", token);
  require(vectors >= 1 && vectors <= kMaxVectors, "textual inversion", "expected 1 to {} vectors for '{}' but got {}",
          kMaxVectors, token, vectors);
  const bool taken = std::any_of(added_.begin(), added_.end(), [&](const AddedToken& a) { return a.text == text; });
  require(!taken, "textual inversion", "expected each token once but '{}' is there already", token);
  added_.push_back({text, size_, vectors});
  size_ += vectors;
  std::vector<Trie::Entry> entries;
  for (std::size_t i = 0; i < added_.size(); ++i) entries.emplace_back(added_[i].text, static_cast<std::int32_t>(i));
  std::sort(entries.begin(), entries.end());
  added_trie_ = Trie(entries);
  return added_.back().first_id;
}

int ClipTokenizer::vectors_at(int id) const {
  const auto found = std::find_if(added_.begin(), added_.end(), [&](const AddedToken& a) { return a.first_id == id; });
  return found == added_.end() ? 1 : found->vectors;
}

const ClipTokenizer::AddedToken* ClipTokenizer::added_at(std::string_view text, std::size_t at) const {
  const AddedToken* longest = nullptr;
  if (joins(text, at)) return longest;
  auto node = std::optional(Trie::kRoot);
  for (std::size_t end = at; end < text.size();) {
    node = added_trie_.child(*node, text[end++]);
    if (!node) break;
    const std::int32_t index = added_trie_.value(*node);
    if (index >= 0 && !joins(text, end)) longest = &added_[static_cast<std::size_t>(index)];
  }
  return longest;
}

void ClipTokenizer::append_plain(std::string_view text, std::vector<int>& ids) const {
  while (!text.empty()) {
    std::size_t length = 1;
    if (text.front() != ' ') {
      length = word_length(text);
      pairs_.append(text.substr(0, length), ids);
    }
    text.remove_prefix(length);
  }
}

std::vector<int> ClipTokenizer::encode(std::string_view prompt) const {
  check_prompt(prompt);
  const std::string text = normalized(prompt);
  std::vector<int> ids;
  std::size_t plain = 0;
  for (std::size_t at = 0; !added_.empty() && at < text.size();) {
    const AddedToken* token = added_at(text, at);
    if (!token) {
      at += first_code_point(std::string_view(text).substr(at)).value().bytes;
      continue;
    }
    append_plain(std::string_view(text).substr(plain, at - plain), ids);
    for (int i = 0; i < token->vectors; ++i) ids.push_back(token->first_id + i);
    plain = at += token->text.size();
  }
  append_plain(std::string_view(text).substr(plain), ids);
  return ids;
}

std::vector<int> ClipTokenizer::operator()(std::string_view prompt, int length) const {
  require(length >= 2, "text", "expected at least 2 tokens but got {}", length);
  std::vector<int> ids = encode(prompt);
  ids.resize(std::min(ids.size(), static_cast<std::size_t>(length) - 2));
  ids.insert(ids.begin(), start_id_);
  ids.push_back(end_id_);
  ids.resize(static_cast<std::size_t>(length), pad_id_);
  return ids;
}

}  // namespace hotshot::text
