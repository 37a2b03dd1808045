// The little XML that S3 answers with: flat lists of named values, no attributes that matter.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hotshot::store {

/// What stands between <tag …> and </tag>, for each of them in order; markup in it is left as it is. Unclosed ones are
/// passed over.
std::vector<std::string_view> xml_elements(std::string_view xml, std::string_view tag);
/// The text of the first <tag>, entities resolved; "" where there is none.
std::string xml_text(std::string_view xml, std::string_view tag);

}  // namespace hotshot::store
