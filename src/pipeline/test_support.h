// For the tests of this folder: the tiny random model.
#pragma once

#include "base/test_support.h"
#include "pipeline/model_folder.h"

namespace hotshot::pipeline {

inline const std::filesystem::path kTiny = std::filesystem::path(HOTSHOT_SOURCE_DIR) / "tests/golden/pipeline-wan";

}  // namespace hotshot::pipeline
