// For the tests of CLIP's tokenizer: the shipped vocabulary, and a small one whose pieces can be read.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/file.h"
#include "text/clip_vocabulary.h"

namespace hotshot::text {

inline const std::filesystem::path kShippedMerges =
    std::filesystem::path(HOTSHOT_SOURCE_DIR) / "models/clip-tokenizer/merges.txt";

/// CLIP's vocabulary, read once.
inline const PieceList& shipped_pieces() {
  static const PieceList list = vocabulary_of_merges(read_file(kShippedMerges), "test");
  return list;
}

/// Bytes 0 … 255, the same ending a word 256 … 511, then: 512 ca, 513 cat</w>, 514 at</w>, 515 start, 516 end.
inline constexpr std::string_view kSmallMerges = "#version: 0.2\nc a\nca t</w>\na t</w>\n";

}  // namespace hotshot::text
