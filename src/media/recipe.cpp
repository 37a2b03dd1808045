#include "media/recipe.h"

#include <algorithm>

#include "base/error.h"
#include "media/format.h"

namespace hotshot::media {
namespace {

constexpr std::string_view kXmpBegin = "<hotshot:recipe>";
constexpr std::string_view kXmpEnd = "</hotshot:recipe>";

struct Escape {
  char plain;
  std::string_view escaped;
};
// A bare carriage return would come back as a newline from an XML parser.
constexpr Escape kEscapes[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'\r', "&#13;"}};

}  // namespace

std::string xmp_of_recipe(std::string_view recipe) {
  std::string text;
  for (const char c : recipe) {
    const auto escape =
        std::find_if(std::begin(kEscapes), std::end(kEscapes), [c](const Escape& e) { return e.plain == c; });
    if (escape == std::end(kEscapes)) {
      text += c;
    } else {
      text += escape->escaped;
    }
  }
  return fmt::format(
      "<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n"
      "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
      "<rdf:Description rdf:about=\"\" xmlns:hotshot=\"urn:hotshot:1\">{}{}{}</rdf:Description></rdf:RDF>"
      "</x:xmpmeta>\n<?xpacket end=\"r\"?>",
      kXmpBegin, text, kXmpEnd);
}

std::optional<std::string> recipe_of_xmp(std::string_view xmp) {
  const std::size_t begin = xmp.find(kXmpBegin);
  const std::size_t end = xmp.find(kXmpEnd);
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return std::nullopt;
  const std::string_view text = xmp.substr(begin + kXmpBegin.size(), end - begin - kXmpBegin.size());
  std::string recipe;
  for (std::size_t i = 0; i < text.size();) {
    const auto escape = std::find_if(std::begin(kEscapes), std::end(kEscapes),
                                     [&](const Escape& e) { return text.substr(i).starts_with(e.escaped); });
    recipe += escape == std::end(kEscapes) ? text[i] : escape->plain;
    i += escape == std::end(kEscapes) ? 1 : escape->escaped.size();
  }
  return recipe;
}

std::optional<std::string> read_recipe(const std::filesystem::path& path) {
  const ByteReader file(path);
  const std::string head = file.bytes(0, std::min<std::uint64_t>(16, file.size()));
  for (const Format& format : formats()) {
    if (format.begins(head)) return format.read_recipe(file);
  }
  std::string names;
  for (const Format& format : formats()) names += (names.empty() ? "" : ", ") + std::string(format.name);
  throw_invalid("media", fmt::format("{}: expected a file of {} but got something else", file.name(), names));
}

}  // namespace hotshot::media
