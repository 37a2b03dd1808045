// The networks at their published sizes have the parameters that published files hold, and read the config.json that is
// written for them. Their weights are never touched, so they take no memory.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <numeric>

#include "model/registry.h"
#include "weights/family.h"

namespace hotshot::model {
namespace {

using weights::Family;
using weights::Layout;

Layout parameters_of(const nlohmann::json& config, std::string_view part) {
  const std::string name = config.contains("_class_name") ? config["_class_name"] : config["architectures"][0];
  const auto network = find_network_class(name, part, "test").build(config, "test");
  Layout layout;
  for (const auto& [parameter_name, parameter] : network->parameters())
    layout.emplace(parameter_name, parameter->tensor.sizes().vec());
  return layout;
}

void expect_layout(const Family& family, const std::string& part) {
  const Layout built = parameters_of(weights::part_config(family, part), part);
  EXPECT_EQ(weights::difference(family.layout(part), built), "") << family.name << ", " << part;
}

TEST(Published, NetworksHaveTheParametersOfPublishedFiles) {
  for (const Family& family : weights::families()) {
    if (!family.refusal.empty()) continue;
    for (const char* part : {"unet", "vae", "text_encoder", "controlnet"}) expect_layout(family, part);
    if (family.text_encoders.size() > 1) expect_layout(family, "text_encoder_2");
  }
}

TEST(Published, HotshotXlIsSdxlWithTemporalLayers) {
  for (Family family : weights::families()) {
    if (family.name != "SDXL") continue;
    family.temporal = true;
    expect_layout(family, "unet");
    std::int64_t values = 0;
    for (const auto& [name, shape] : family.layout("unet"))
      values += std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
    EXPECT_EQ(values, 2'567'463'684 + 237'316'800);
  }
}

}  // namespace
}  // namespace hotshot::model
