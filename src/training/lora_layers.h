// The thin matrices of a LoRA on the transformers of a UNet, which itself stays as it is.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "model/unet.h"
#include "nn/low_rank.h"
#include "weights/lora.h"

namespace hotshot::training {

struct LoraShape {
  int rank = 16;
  double alpha = 16;          // the change counts alpha / rank
  bool feed_forward = false;  // also on the feed-forward layers, not on attention alone
};

/// A LowRank for each linear layer of the spatial attention (to_q, to_k, to_v, to_out.0), which are part of the network
/// for the lifetime of this.
class LoraLayers {
 public:
  LoraLayers(model::Unet& unet, const LoraShape& shape, std::uint64_t seed);
  ~LoraLayers();
  LoraLayers(const LoraLayers&) = delete;
  LoraLayers& operator=(const LoraLayers&) = delete;

  /// "down_blocks.1.….to_q.lora_down.weight" …
  std::vector<nn::NamedParameter> parameters();
  /// What weights::write_lora writes, in `dtype`.
  std::vector<weights::TrainedLayer> trained(at::ScalarType dtype) const;

 private:
  struct Layer {
    Layer(std::string name, nn::Parameter* parameter, const LoraShape& shape);

    std::string weight;  // of the layer that is changed
    nn::Parameter* parameter;
    nn::LowRank change;
  };
  std::deque<Layer> layers_;
};

}  // namespace hotshot::training
