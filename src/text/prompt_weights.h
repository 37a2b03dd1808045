// Emphasis in prompts as artists write it. The syntax and its quirks are those of the AUTOMATIC1111 web UI, whose
// prompts people share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hotshot::text {

/// The largest weight, of either sign. Above, a bracket is more likely meant as text: (1920:1080).
inline constexpr double kMaxPromptWeight = 100;

/// A stretch of a prompt, or the word BREAK.
struct WeightedText {
  std::string text;
  double weight = 1;
  bool is_break = false;  // the next chunk begins here; text is empty
};

/// Reads emphasis: (word) is × 1.1, [word] is ÷ 1.1, (word:1.3) is × 1.3, and they nest; \( \) \[ \] \\ are the
/// characters themselves. A bracket that is never closed reaches to the end; one that was never opened is text, as is a
/// weight that is no number or stands in no ( ). BREAK, in capitals and as a word of its own, takes the space around it
/// along and works in brackets too. Neighbours of equal weight are one stretch. The empty prompt is one empty stretch.
/// Throws InvalidArgument for what check_prompt refuses and for weights beyond kMaxPromptWeight.
std::vector<WeightedText> parse_emphasis(std::string_view prompt);

}  // namespace hotshot::text
