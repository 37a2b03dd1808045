#include "pipeline/recipe.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "base/options.h"

namespace hotshot::pipeline {
namespace {

constexpr std::string_view kFormat = "hotshot-recipe-1";

std::string string_at(const nlohmann::json& object, const char* key, std::string_view where) {
  require(object.is_object() && object.contains(key) && object[key].is_string(), where,
          "expected a recipe with the text '{}' but it is not there", key);
  return object[key];
}

}  // namespace

Recipe recipe_of(const Plan& plan, std::uint64_t seed, std::string model, std::string digest) {
  Recipe recipe{.engine = std::string(kEngine), .model = std::move(model), .digest = std::move(digest)};
  recipe.request = plan.settled;
  recipe.request.seed = seed;
  recipe.request.count = 1;
  recipe.request.threads = 0;
  return recipe;
}

std::string write_recipe(const Recipe& recipe) {
  nlohmann::json request = write_fields(GenerateRequest(recipe.request).fields());
  for (const char* same : {"count", "threads"}) request.erase(same);
  nlohmann::json json = {{"format", std::string(kFormat)},
                         {"engine", recipe.engine},
                         {"model", {{"name", recipe.model}, {"digest", recipe.digest}}},
                         {"request", std::move(request)}};
  if (!recipe.request.files.empty()) json["files"] = write_fields(recipe.request.files.names_alone().fields());
  if (recipe.finish != Finish()) json["finish"] = write_fields(Finish(recipe.finish).fields());
  return json.dump();
}

Recipe parse_recipe(std::string_view text, std::string_view where) {
  const nlohmann::json json = parse_json(text);
  require(json.is_object(), where, "expected a recipe of Hotshot but the comment of the file is none");
  const std::string format = string_at(json, "format", where);
  require(format == kFormat, where, "expected a recipe of format {} but got '{}'", kFormat, format);
  require(json.contains("model") && json.contains("request"), where, "expected a recipe with model and request");
  Recipe recipe{.engine = string_at(json, "engine", where),
                .model = string_at(json["model"], "name", where),
                .digest = string_at(json["model"], "digest", where)};
  read_fields(recipe.request.fields(), json["request"], where);
  if (json.contains("files")) read_fields(recipe.request.files.fields(), json["files"], where);
  recipe.request.files = recipe.request.files.names_alone();  // a recipe from outside must not point anywhere
  if (json.contains("finish")) read_fields(recipe.finish.fields(), json["finish"], where);
  return recipe;
}

}  // namespace hotshot::pipeline
