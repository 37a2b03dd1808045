#include "service/origin.h"

#include <algorithm>

#include "base/error.h"
#include "media/recipe.h"
#include "net/http.h"
#include "provenance/embedding.h"

namespace hotshot::service {
namespace {

using nlohmann::json;
using provenance::Finding;

// Any comment may stand where a recipe would.
std::optional<pipeline::Recipe> recipe_in(const std::filesystem::path& file) {
  const std::optional<std::string> text = media::read_recipe(file);
  if (!text) return std::nullopt;
  try {
    return pipeline::parse_recipe(*text, file.string());
  } catch (const InvalidArgument&) {
    return std::nullopt;
  }
}

void make_printable(provenance::Verdict& verdict) {
  provenance::Claimed& claimed = verdict.claimed;
  for (std::string* text :
       {&claimed.manifest, &claimed.instance, &claimed.generator, &claimed.generator_version, &claimed.action,
        &claimed.digital_source, &claimed.software_agent, &claimed.time, &claimed.issuer, &claimed.signer})
    *text = printable(std::move(*text));
  for (Finding& finding : verdict.findings) finding.explanation = printable(std::move(finding.explanation));
}

std::string_view kind_name(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::success:
      return "success";
    case Finding::Kind::informational:
      return "informational";
    case Finding::Kind::failure:
      return "failure";
  }
  return "";
}

json text_or_null(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

json credentials_json(const provenance::Verdict& verdict) {
  const provenance::Claimed& claimed = verdict.claimed;
  json findings = json::array();
  for (const Finding& finding : verdict.findings) {
    findings.push_back(
        {{"kind", kind_name(finding.kind)}, {"code", finding.code}, {"explanation", finding.explanation}});
  }
  return {{"manifest", text_or_null(claimed.manifest)},
          {"instance", text_or_null(claimed.instance)},
          {"generator", text_or_null(claimed.generator)},
          {"generator_version", text_or_null(claimed.generator_version)},
          {"action", text_or_null(claimed.action)},
          {"digital_source_type", text_or_null(claimed.digital_source)},
          {"software_agent", text_or_null(claimed.software_agent)},
          {"time", text_or_null(claimed.time)},
          {"issuer", text_or_null(claimed.issuer)},
          {"signer", text_or_null(claimed.signer)},
          {"findings", findings}};
}

}  // namespace

std::string printable(std::string text) {
  const bool utf8 = net::is_utf8(text);
  for (char& c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte < 32 || byte == 127) c = ' ';
    if (byte >= 128 && !utf8) c = '?';
  }
  return text;
}

Origin origin_of(const std::filesystem::path& file, const provenance::Anchors& anchors) {
  const bool ours = media::is_known_format(file);
  require(ours || provenance::container_in(media::ByteReader(file)), "verify",
          "{}: expected a clip or picture (MP4, WebM, GIF, WebP, PNG, JPEG) but got something else", file.string());
  Origin origin{.credentials = provenance::verify(file, anchors)};
  make_printable(origin.credentials);
  if (!ours) return origin;
  try {
    origin.digital_source = printable(media::read_digital_source(file).value_or(""));
    origin.recipe = recipe_in(file);
  } catch (const InvalidArgument&) {
    if (!origin.credentials.present) throw;  // else the hash has said that it was changed
  }
  return origin;
}

nlohmann::json origin_json(const Origin& origin) {
  const provenance::Verdict& verdict = origin.credentials;
  return {
      {"state", provenance::state_name(verdict)},
      {"c2pa", verdict.present ? credentials_json(verdict) : json(nullptr)},
      {"iptc", origin.digital_source.empty() ? json(nullptr) : json{{"digital_source_type", origin.digital_source}}},
      {"recipe", origin.recipe ? recipe_json(*origin.recipe) : json(nullptr)}};
}

nlohmann::json recipe_json(const pipeline::Recipe& recipe) {
  return {{"engine", recipe.engine},
          {"model", recipe.model},
          {"digest", recipe.digest},
          {"request", write_fields(pipeline::GenerateRequest(recipe.request).fields())}};
}

}  // namespace hotshot::service
