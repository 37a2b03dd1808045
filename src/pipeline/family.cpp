#include "pipeline/family.h"

#include <array>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "pipeline/image_family.h"
#include "pipeline/wan_family.h"

namespace hotshot::pipeline {
namespace {

constexpr std::array kFamilies = std::to_array<FamilyClass>({
    {"WanPipeline", open_wan},
    {"StableDiffusionPipeline", open_image_model},
    {"StableDiffusionInpaintPipeline", open_image_model},
    {"StableDiffusionXLPipeline", open_image_model},
    {"StableDiffusionXLInpaintPipeline", open_image_model},
    {"HotshotXLPipeline", open_image_model},
});

}  // namespace

const FamilyClass& find_family(const nlohmann::json& index, std::string_view where) {
  const auto entry = index.find("_class_name");
  const std::string name = entry != index.end() && entry->is_string() ? entry->get<std::string>() : "";
  std::vector<std::string> known;
  for (const FamilyClass& row : kFamilies) {
    if (row.name == name) return row;
    known.emplace_back(row.name);
  }
  throw_unknown(fmt::format("{} _class_name", where), name, known);
}

}  // namespace hotshot::pipeline
