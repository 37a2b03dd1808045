// What a model folder holds besides its networks, so that hotshot and diffusers both open it.
#pragma once

#include <filesystem>
#include <vector>

#include "data/batch.h"

namespace hotshot::training {

/// Writes model_index.json (a WanPipeline), scheduler/scheduler_config.json (UniPC with this shift) and hotshot.json
/// (lengths, sizes and rate of the buckets with most frames, widest share first), each if it is not there yet.
void write_model_files(const std::filesystem::path& model_folder, const std::vector<data::Bucket>& buckets, int fps,
                       double shift, double guidance);

}  // namespace hotshot::training
