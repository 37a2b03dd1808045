// Prompts of any length, in chunks that a CLIP text tower can take, cut as the AUTOMATIC1111 web UI cuts them.
#pragma once

#include <string_view>
#include <vector>

#include "text/clip_tokenizer.h"
#include "text/prompt_weights.h"

namespace hotshot::text {

/// About 3,000 tokens: more than kMaxPromptCharacters of English.
inline constexpr int kMaxPromptChunks = 40;

/// What a text tower sees at once: kClipLength ids, start and end among them, and the weight of each.
struct PromptChunk {
  std::vector<int> ids;
  std::vector<float> weights;
};

/// Cuts a prompt into chunks of at most 75 tokens, each with a start, an end and padding of its own; their embeddings
/// are joined after encoding. A chunk that is full and has a comma among its last 20 tokens ends behind that comma.
/// BREAK ends a chunk. The vectors of an added token stay together. Start, end and padding weigh 1. At least
/// `min_chunks` come out, empty ones at the end: prompt and negative prompt need equally many. Throws InvalidArgument
/// for more than kMaxPromptChunks and as parse_emphasis.
std::vector<PromptChunk> chunk_prompt(const ClipTokenizer& tokenizer, std::string_view prompt, int min_chunks = 1);

}  // namespace hotshot::text
