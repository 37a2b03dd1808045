// For the tests of this folder: the golden name lists, full-size networks without memory, and tiny families.
#pragma once

#include <ATen/ATen.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "weights/family.h"
#include "weights/network_names.h"
#include "weights/test_support.h"

namespace hotshot::weights {

/// A line of tests/golden/names/*.txt.
struct GoldenName {
  std::string original;
  std::string diffusers;
  Shape original_shape;
  Shape diffusers_shape;
};

inline std::filesystem::path golden(std::string_view name) {
  return std::filesystem::path(HOTSHOT_SOURCE_DIR) / "tests/golden" / name;
}

inline Shape parse_shape(const std::string& text) {
  Shape shape;
  std::istringstream stream(text);
  for (std::string size; std::getline(stream, size, 'x');) shape.push_back(std::stoll(size));
  return shape;
}

inline std::vector<GoldenName> golden_names(std::string_view network) {
  std::vector<GoldenName> names;
  std::ifstream file(golden("names") / fmt::format("{}.txt", network));
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string original, diffusers, shape, changed;
    words >> original >> diffusers >> shape >> changed;
    names.push_back({original, diffusers, parse_shape(shape), parse_shape(changed.empty() ? shape : changed)});
  }
  return names;
}

inline Layout diffusers_layout(std::string_view network) {
  Layout layout;
  for (const GoldenName& name : golden_names(network)) layout[name.diffusers] = name.diffusers_shape;
  return layout;
}

/// Tensors of any size in the memory of one number.
inline TensorMap tensors_of(const Layout& layout, at::ScalarType type = at::kHalf) {
  TensorMap tensors;
  for (const auto& [name, shape] : layout) tensors[name] = at::zeros({}, type).expand(shape);
  return tensors;
}

inline const Family& family_named(std::string_view name) {
  for (const Family& family : families())
    if (family.name == name) return family;
  throw std::logic_error("no such family");
}

/// SDXL in the sizes of tests/golden/make_single_file.py.
inline Family tiny_sdxl() {
  Family family = family_named("SDXL");
  family.unet.channels = {4, 8};
  family.unet.depth = {0, 2};
  family.unet.mid_depth = 2;
  family.unet.heads = {1, 2};
  family.unet.text_width = 20;
  family.unet.added_width = 24;
  family.vae.channels = {4, 4, 8, 8};
  family.text_encoders = {{.vocabulary = 16, .positions = 7, .width = 8, .heads = 1, .layers = 1},
                          {.vocabulary = 16, .positions = 7, .width = 12, .heads = 2, .layers = 2, .projection = 10}};
  return family;
}

}  // namespace hotshot::weights
