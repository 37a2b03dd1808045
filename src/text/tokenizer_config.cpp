#include "text/tokenizer_config.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace hotshot::text {

std::string token_text(const nlohmann::json& token) {
  if (token.is_object() && token.contains("content") && token["content"].is_string()) return token["content"];
  return token.is_string() ? token.get<std::string>() : std::string();
}

void check_tokenizer_class(const nlohmann::json& config, std::vector<std::string> classes, const std::string& where) {
  const std::string name = config.contains("tokenizer_class") ? token_text(config["tokenizer_class"]) : "";
  classes.insert(classes.end(), {"PreTrainedTokenizerFast", "TokenizersBackend"});
  if (!name.empty() && std::find(classes.begin(), classes.end(), name) == classes.end())
    throw_unknown(where, name.substr(0, 100), classes);
}

}  // namespace hotshot::text
