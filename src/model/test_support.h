// What tests of networks share: golden tensors, weights from a case folder, comparison.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "model/part.h"
#include "weights/safetensors.h"

namespace hotshot::model {

inline const std::filesystem::path kGolden = std::filesystem::path(HOTSHOT_SOURCE_DIR) / "tests/golden";

/// The golden tensors of a case.
inline weights::TensorMap golden(const std::string& name) {
  return weights::read_safetensors(kGolden / name / "golden.safetensors").tensors;
}

/// Maximum absolute difference over maximum absolute value.
inline double relative_error(const at::Tensor& actual, const at::Tensor& expected) {
  EXPECT_EQ(actual.sizes(), expected.sizes());
  const at::Tensor wide = expected.to(at::kDouble);
  return ((actual.to(at::kDouble) - wide).abs().max() / wide.abs().max()).item<double>();
}

}  // namespace hotshot::model
