#include "text/t5_tokenizer.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/options.h"
#include "text/tokenizer_config.h"

namespace hotshot::text {
namespace {

void check_token(const nlohmann::json& config, const char* key, const SentencePiece& pieces, int id,
                 const std::string& where) {
  if (!config.contains(key)) return;
  const std::string& expected = pieces.piece(id).text;
  const std::string got = token_text(config[key]);
  require(got == expected, where, "expected {} '{}', as in spiece.model, but got '{}'", key, expected,
          got.substr(0, 100));
}

void check_config(const std::filesystem::path& path, const SentencePiece& pieces) {
  const nlohmann::json config = read_json(path);
  const std::string where = fmt::format("text {}", path.string());
  require(config.is_object(), where, "expected a JSON object");
  check_tokenizer_class(config, {"T5Tokenizer", "T5TokenizerFast"}, where);
  check_token(config, "eos_token", pieces, pieces.eos_id(), where);
  check_token(config, "pad_token", pieces, pieces.pad_id(), where);
  check_token(config, "unk_token", pieces, pieces.unk_id(), where);
}

}  // namespace

T5Tokenizer T5Tokenizer::load(const std::filesystem::path& folder) {
  const auto model = folder / "spiece.model";
  require(std::filesystem::exists(model), "text", "expected spiece.model in '{}' but it is not there", folder.string());
  SentencePiece pieces = SentencePiece::load(model);
  require(pieces.eos_id() >= 0 && pieces.pad_id() >= 0, fmt::format("text {}", model.string()),
          "expected a vocabulary with </s> and <pad> but their ids are {} and {}", pieces.eos_id(), pieces.pad_id());
  const auto config = folder / "tokenizer_config.json";
  if (std::filesystem::exists(config)) check_config(config, pieces);
  return T5Tokenizer(std::move(pieces));
}

std::vector<int> T5Tokenizer::operator()(std::string_view prompt, int max_length) const {
  require(max_length >= 1, "text", "expected at least 1 token but got {}", max_length);
  std::vector<int> ids = pieces_.encode(prompt);
  ids.resize(std::min(ids.size(), static_cast<std::size_t>(max_length) - 1));
  ids.push_back(eos_id_);
  return ids;
}

}  // namespace hotshot::text
