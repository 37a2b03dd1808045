#include "text/prompt_chunks.h"

#include <utility>

#include "base/error.h"

namespace hotshot::text {
namespace {

class Chunker {
 public:
  explicit Chunker(const ClipTokenizer& tokenizer) : tokenizer_(tokenizer), comma_(tokenizer.encode(",").at(0)) {}

  void add(const WeightedText& stretch) {
    if (stretch.is_break) return next();
    const std::vector<int> ids = tokenizer_.encode(stretch.text);
    for (std::size_t i = 0; i < ids.size();) {
      const auto count = static_cast<std::size_t>(tokenizer_.vectors_at(ids[i]));
      make_room(ids[i], count);
      if (ids[i] == comma_) comma_end_ = ids_.size() + 1;
      for (const std::size_t end = i + count; i < end; ++i) {
        ids_.push_back(ids[i]);
        weights_.push_back(static_cast<float>(stretch.weight));
      }
    }
  }

  std::vector<PromptChunk> finish(int min_chunks) {
    if (!ids_.empty()) next();
    while (chunks_.size() < static_cast<std::size_t>(min_chunks) || chunks_.empty()) next();
    return std::move(chunks_);
  }

 private:
  static constexpr std::size_t kTokens = kClipLength - 2;
  static constexpr std::size_t kBacktrack = 20;  // tokens from a comma to the end of a chunk

  void make_room(int id, std::size_t count) {
    const bool near_comma = comma_end_ > 0 && ids_.size() - (comma_end_ - 1) <= kBacktrack;
    if (ids_.size() == kTokens && id != comma_ && near_comma) move_behind_comma();
    if (ids_.size() + count > kTokens) next();
  }

  void move_behind_comma() {
    const auto from = static_cast<std::ptrdiff_t>(comma_end_);
    const std::vector<int> ids(ids_.begin() + from, ids_.end());
    const std::vector<float> weights(weights_.begin() + from, weights_.end());
    ids_.resize(comma_end_);
    weights_.resize(comma_end_);
    next();
    ids_ = ids;
    weights_ = weights;
  }

  void next() {
    require(chunks_.size() < kMaxPromptChunks, "prompt", "expected at most {} chunks of {} tokens but got more",
            kMaxPromptChunks, kTokens);
    PromptChunk chunk{{tokenizer_.start_id()}, {1}};
    chunk.ids.insert(chunk.ids.end(), ids_.begin(), ids_.end());
    chunk.weights.insert(chunk.weights.end(), weights_.begin(), weights_.end());
    chunk.ids.push_back(tokenizer_.end_id());
    chunk.ids.resize(kClipLength, tokenizer_.pad_id());
    chunk.weights.resize(kClipLength, 1);
    chunks_.push_back(std::move(chunk));
    ids_.clear();
    weights_.clear();
    comma_end_ = 0;
  }

  const ClipTokenizer& tokenizer_;
  int comma_;
  std::vector<PromptChunk> chunks_;
  std::vector<int> ids_;  // of the chunk being filled
  std::vector<float> weights_;
  std::size_t comma_end_ = 0;  // behind its last comma; 0 for none
};

}  // namespace

std::vector<PromptChunk> chunk_prompt(const ClipTokenizer& tokenizer, std::string_view prompt, int min_chunks) {
  Chunker chunker(tokenizer);
  for (const WeightedText& stretch : parse_emphasis(prompt)) chunker.add(stretch);
  return chunker.finish(min_chunks);
}

}  // namespace hotshot::text
