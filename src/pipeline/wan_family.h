// Wan 2.1 and the models of its layout: umT5 text encoder, diffusion transformer, causal space-time autoencoder.
#pragma once

#include "pipeline/family.h"

namespace hotshot::pipeline {

std::shared_ptr<const Family> open_wan(ModelFolder& folder, const nlohmann::json& index);

}  // namespace hotshot::pipeline
