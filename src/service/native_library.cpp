#include <nlohmann/json.hpp>
#include <random>

#include "base/error.h"
#include "base/file.h"
#include "media/recipe.h"
#include "service/access.h"
#include "service/fields.h"
#include "service/native.h"
#include "service/origin.h"
#include "world/caption.h"
#include "world/fitting.h"
#include "world/truth.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

net::Response models(Service& service) {
  const std::vector<OfferPointer> offers = service.catalogue().list();
  std::string preferred;
  try {
    preferred = service.catalogue().find("")->name;
  } catch (const net::HttpError&) {  // none can be used: the list says why
  }
  json list = json::array();
  for (const OfferPointer& offer : offers) list.push_back(model_json(*offer, offer->name == preferred));
  return net::Response::json({{"models", list}});
}

// A model knows no guest.
bool is_known(world::Subject subject) { return !world::is_guest(subject); }
template <class Enum>
bool is_known(Enum) {
  return true;
}

template <class Enum>
json word_list(bool chinese) {
  json list = json::array();
  for (const auto& row : world::words<Enum>()) {
    if (is_known(row.value)) list.push_back({row.name, chinese ? row.chinese : row.english});
  }
  return list;
}

json words_in(bool chinese) {
  return {{"colors", word_list<world::Color>(chinese)},    {"subjects", word_list<world::Subject>(chinese)},
          {"actions", word_list<world::Action>(chinese)},  {"places", word_list<world::Place>(chinese)},
          {"times", word_list<world::TimeOfDay>(chinese)}, {"weathers", word_list<world::Weather>(chinese)}};
}

template <class Enum>
json names(const std::vector<Enum>& values) {
  json list = json::array();
  for (const Enum value : values) list.push_back(world::word(value).name);
  return list;
}

// What goes together, by the names of the values.
json fits_json() {
  json subjects, colors;
  for (const world::Fitting& fitting : world::fittings()) {
    subjects[std::string(world::word(fitting.subject).name)][std::string(world::word(fitting.place).name)] = {
        {"actions", names(fitting.actions)}, {"times", names(fitting.times)}, {"weathers", names(fitting.weathers)}};
  }
  for (const auto& place : world::words<world::Place>())
    for (const auto& time : world::words<world::TimeOfDay>())
      colors[std::string(place.name)][std::string(time.name)] = names(world::visible_colors(place.value, time.value));
  return {{"subjects", subjects}, {"colors", colors}};
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
  const net::Content file = uploaded_file(request, service.folder("spool"));
  const std::optional<std::string> text = media::read_recipe(file.path());
  if (!text) throw net::HttpError(422, "no_recipe", "[file] expected a file made here but it holds no recipe", "file");
  return net::Response::json({{"recipe", recipe_json(pipeline::parse_recipe(*text, "file"))}});
}

}  // namespace

void add_native_library(net::Router& router, Service& service) {
  router.add("GET", "/api/v1/models",
             allow(service, store::Scope::read,
                   [&service](net::Request&, const store::Identity&) { return models(service); }));
  router.add("GET", "/api/v1/world/words",
             [words = json{{"en", words_in(false)}, {"zh", words_in(true)}, {"fits", fits_json()}}](net::Request&) {
               return net::Response::json(words);
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
      {.max_body = kLargestUpload});
}

}  // namespace hotshot::service
