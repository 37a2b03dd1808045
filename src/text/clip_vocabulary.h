// The files of a CLIP tokenizer folder.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "text/byte_pairs.h"

namespace hotshot::text {

inline constexpr std::string_view kClipStart = "<|startoftext|>";
inline constexpr std::string_view kClipEnd = "<|endoftext|>";

/// Reads vocab.json and merges.txt, or where they are missing tokenizer.json (what transformers 5 writes). Throws
/// InvalidArgument for what is no byte-pair vocabulary with ids 0 … n - 1.
PieceList read_clip_vocabulary(const std::filesystem::path& folder);

/// What OpenAI's merges imply: all bytes, all bytes ending a word, what each merge makes, kClipStart, kClipEnd. Throws
/// InvalidArgument, "[where] …", for text that is no merges.txt.
PieceList vocabulary_of_merges(std::string_view merges, const std::string& where);

/// Writes a tokenizer folder as published models have it from a merges.txt: for single-file checkpoints, which carry
/// none. `pad` fills up short prompts: kClipEnd for CLIP's own text tower, "!" for OpenCLIP's (tokenizer_2 of SDXL).
void write_clip_tokenizer(const std::filesystem::path& merges, std::string_view pad,
                          const std::filesystem::path& folder);

}  // namespace hotshot::text
