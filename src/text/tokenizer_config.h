// What the tokenizer_config.json of transformers says, of any tokenizer.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace hotshot::text {

/// A token as transformers writes it, "</s>" or {"content": "</s>", …}; "" for anything else.
std::string token_text(const nlohmann::json& token);

/// tokenizer_class must be missing, one of `classes`, or one that says nothing. Throws InvalidArgument, "[where] …".
void check_tokenizer_class(const nlohmann::json& config, std::vector<std::string> classes, const std::string& where);

}  // namespace hotshot::text
