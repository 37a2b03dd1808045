#include <nlohmann/json.hpp>
#include <random>

#include "base/error.h"
#include "base/file.h"
#include "media/recipe.h"
#include "net/form.h"
#include "pipeline/recipe.h"
#include "service/access.h"
#include "service/native.h"
#include "world/caption.h"
#include "world/truth.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

net::Response models(Service& service) {
  const std::vector<Offer> offers = service.catalogue().list();
  std::string preferred;
  try {
    preferred = service.catalogue().find("").name;
  } catch (const net::HttpError&) {  // none can be used: the list says why
  }
  json list = json::array();
  for (const Offer& offer : offers) list.push_back(model_json(offer, offer.name == preferred));
  return net::Response::json({{"models", list}});
}

template <class Enum>
json word_list(bool chinese) {
  json list = json::array();
  for (const auto& row : world::words<Enum>()) list.push_back({row.name, chinese ? row.chinese : row.english});
  return list;
}

json words_in(bool chinese) {
  return {{"colors", word_list<world::Color>(chinese)},    {"subjects", word_list<world::Subject>(chinese)},
          {"actions", word_list<world::Action>(chinese)},  {"places", word_list<world::Place>(chinese)},
          {"times", word_list<world::TimeOfDay>(chinese)}, {"weathers", word_list<world::Weather>(chinese)}};
}

// Sentences about random scenes: what the world's models understand best.
net::Response ideas(net::Request& request) {
  const std::string* language = request.query_value("language");
  const bool chinese = language && language->starts_with("zh");
  json list = json::array();
  std::random_device chance;
  for (int i = 0; i < 8; ++i) {
    const world::Scene scene = world::sample_scene(chance(), chance(), world::Split::train);
    list.push_back(world::caption(scene, chinese ? world::Language::chinese : world::Language::english,
                                  world::CaptionLength::medium, chance()));
  }
  return net::Response::json({{"ideas", list}});
}

net::Response recipe_of_file(Service& service, net::Request& request) {
  const net::FormLimits limits{
      .max_parts = 4, .max_file_bytes = 256u << 20, .memory_file = 0, .spool = service.folder("spool")};
  for (const net::FormPart& part : net::parse_form(request, limits)) {
    if (part.name != "file") continue;
    const std::optional<std::string> text = media::read_recipe(part.content.path());
    if (!text)
      throw net::HttpError(422, "no_recipe", "[file] expected a file made here but it holds no recipe", "file");
    const pipeline::Recipe recipe = pipeline::parse_recipe(*text, "file");
    return net::Response::json({{"recipe",
                                 {{"engine", recipe.engine},
                                  {"model", recipe.model},
                                  {"digest", recipe.digest},
                                  {"request", write_fields(pipeline::GenerateRequest(recipe.request).fields())}}}});
  }
  throw net::HttpError(400, "invalid_request", "[file] expected a part named file but got none", "file");
}

}  // namespace

void add_native_library(net::Router& router, Service& service) {
  router.add("GET", "/api/v1/models",
             allow(service, store::Scope::read,
                   [&service](net::Request&, const store::Identity&) { return models(service); }));
  router.add("GET", "/api/v1/world/words", [](net::Request&) {
    return net::Response::json({{"en", words_in(false)}, {"zh", words_in(true)}});
  });
  router.add("GET", "/api/v1/world/ideas", [](net::Request& request) { return ideas(request); });
  router.add("GET", "/api/v1/folders",
             allow(service, store::Scope::read, [&service](net::Request&, const store::Identity& who) {
               return net::Response::json({{"folders", service.jobs().folders(who.account.id)}});
             }));
  router.add(
      "POST", "/api/v1/recipes",
      allow(service, store::Scope::read,
            [&service](net::Request& request, const store::Identity&) { return recipe_of_file(service, request); }),
      {.max_body = 257u << 20});
}

}  // namespace hotshot::service
