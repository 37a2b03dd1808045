// Text without regard to case, and the patterns that look for it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hotshot::store {

/// Lower case in every script that has one; bytes that are no UTF-8 stay.
std::string fold_case(std::string_view utf8);

/// What a job is found by.
std::string searchable(std::string_view prompt, std::string_view title);

/// For each word of a search, a pattern for `LIKE … ESCAPE '\'` on searchable text.
std::vector<std::string> like_patterns(std::string_view text);

}  // namespace hotshot::store
