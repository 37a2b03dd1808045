// Any bytes as a merges.txt and as a prompt: refused, or tokens come out.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "text/clip_vocabulary.h"
#include "text/prompt_chunks.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hotshot::text;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static const ClipTokenizer tokenizer(vocabulary_of_merges("t h\nth e</w>", "fuzz"), kClipEnd, "fuzz");
  try {
    const ClipTokenizer damaged(vocabulary_of_merges(bytes, "fuzz"), "!", "fuzz");
    chunk_prompt(damaged, "A (red cat:1.3)，一只猫 BREAK \\( the <|endoftext|>");
  } catch (const hotshot::InvalidArgument&) {
  }
  try {
    chunk_prompt(tokenizer, bytes);
  } catch (const hotshot::InvalidArgument&) {
  }
  return 0;
}
