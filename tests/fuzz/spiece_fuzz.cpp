// Any bytes as a SentencePiece model: refused, or it encodes and decodes.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "text/prompt.h"
#include "text/sentencepiece.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const auto model = hotshot::text::SentencePiece::parse(bytes, "fuzz");
    model.decode(model.encode("A red cat，一只猫 Ａ ﬁ <s>\xff \xE4\xB8 ok"));
    model.encode(bytes.substr(0, 4096));
  } catch (const hotshot::InvalidArgument&) {
  }
  try {
    hotshot::text::clean_prompt(bytes.substr(0, 20000));
  } catch (const hotshot::InvalidArgument&) {
  }
  return 0;
}
