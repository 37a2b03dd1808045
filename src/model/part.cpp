#include "model/part.h"

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/file.h"
#include "weights/names.h"
#include "weights/part.h"

namespace hotshot::model {
namespace {

void fill(nn::Module& module, weights::TensorMap tensors, const std::filesystem::path& folder) {
  at::NoGradGuard no_grad;
  std::vector<weights::Slot> slots;
  for (const auto& [name, parameter] : module.parameters()) slots.push_back({name, parameter->tensor});
  weights::assign(std::move(tensors), slots, folder.string());
}

}  // namespace

void load_parameters(nn::Module& module, const std::filesystem::path& folder) {
  fill(module, weights::read_part(folder), folder);
}

void load_parameters(nn::Module& module, const NetworkClass& network, const std::filesystem::path& folder) {
  fill(module, read_tensors(network, folder), folder);
}

void save_part(nn::Module& module, const nlohmann::json& config, const std::filesystem::path& folder,
               std::string_view basename, at::ScalarType dtype) {
  make_folders(folder, "weights");
  weights::TensorMap tensors;
  for (const auto& [name, parameter] : module.parameters()) {
    tensors[name] = parameter->tensor.detach().to(at::kCPU, parameter->keep_fp32 ? at::kFloat : dtype).contiguous();
  }
  weights::write_part(folder, basename, tensors);
  write_file(folder / "config.json", config.dump(2) + "\n");
}

}  // namespace hotshot::model
