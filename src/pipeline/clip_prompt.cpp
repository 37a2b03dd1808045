#include "pipeline/clip_prompt.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"

namespace hotshot::pipeline {
namespace {

using text::PromptChunk;

at::Tensor ids_of(const std::vector<PromptChunk>& chunks) {
  std::vector<std::int64_t> ids;
  for (const PromptChunk& chunk : chunks) ids.insert(ids.end(), chunk.ids.begin(), chunk.ids.end());
  return at::tensor(ids, at::kLong).view({static_cast<std::int64_t>(chunks.size()), -1});
}

at::Tensor weights_of(const std::vector<PromptChunk>& chunks) {
  std::vector<float> weights;
  for (const PromptChunk& chunk : chunks) weights.insert(weights.end(), chunk.weights.begin(), chunk.weights.end());
  return at::tensor(weights, at::kFloat).view({static_cast<std::int64_t>(chunks.size()), -1});
}

const model::ClipTextModelWithProjection* projecting(const ClipTower& tower) {
  return dynamic_cast<const model::ClipTextModelWithProjection*>(tower.network.get());
}

}  // namespace

void ClipEncoder::learn(const weights::TextualInversion& word) {
  bool learned = false;
  for (ClipTower& tower : towers_) {
    for (const at::Tensor& vectors_nd : {word.clip_l_nd, word.clip_g_nd}) {
      if (!vectors_nd.defined() || vectors_nd.size(1) != tower.network->config().hidden_size) continue;
      const int first = tower.tokenizer.add_token(word.token, static_cast<int>(vectors_nd.size(0)));
      const std::int64_t row = tower.network->append_tokens(vectors_nd);
      ensure(row == first, "embedding", "the word '{}' has id {} but row {}", word.token, first, row);
      learned = true;
    }
  }
  require(learned, "embedding", "expected vectors as wide as a text encoder's tokens but '{}' has others", word.token);
}

std::vector<PromptChunk> ClipEncoder::chunked(std::size_t tower, const TowerTexts& prompt, int min_chunks) const {
  return text::chunk_prompt(towers_[tower].tokenizer, tower == 0 ? prompt.first : prompt.second, min_chunks);
}

int ClipEncoder::chunks(const TowerTexts& prompt) const {
  std::size_t most = 1;
  for (std::size_t i = 0; i < towers_.size(); ++i) most = std::max(most, chunked(i, prompt, 1).size());
  return static_cast<int>(most);
}

ClipPrompt ClipEncoder::operator()(const TowerTexts& prompt, int min_chunks, int skipped) const {
  const at::NoGradGuard no_grad;
  ClipPrompt result;
  std::vector<at::Tensor> parts;
  for (std::size_t i = 0; i < towers_.size(); ++i) {
    const ClipTower& tower = towers_[i];
    const std::vector<PromptChunk> chunks = chunked(i, prompt, min_chunks);
    const model::ClipTextOutput output = (*tower.network)(ids_of(chunks));
    const bool pair = towers_.size() > 1;
    at::Tensor states_nld = output.hidden(skipped + (pair ? 1 : 0));
    if (!pair) states_nld = skipped == 0 ? output.last_bld : tower.network->final_norm(states_nld);
    parts.push_back(model::weigh_tokens(states_nld, weights_of(chunks)).flatten(0, 1));
    if (const auto* network = projecting(tower)) result.pooled_d = network->project(output.pooled_bd)[0];
  }
  result.text_sd = at::cat(parts, 1);
  return result;
}

ClipPrompt ClipEncoder::zeros(int chunks) const {
  ClipPrompt result;
  std::int64_t width = 0;
  for (const ClipTower& tower : towers_) {
    width += tower.network->config().hidden_size;
    if (projecting(tower)) result.pooled_d = at::zeros({tower.network->config().projection_dim}, at::kFloat);
  }
  result.text_sd = at::zeros({static_cast<std::int64_t>(chunks) * text::kClipLength, width}, at::kFloat);
  return result;
}

}  // namespace hotshot::pipeline
