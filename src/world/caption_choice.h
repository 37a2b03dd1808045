// Shared by the two languages: how a variant number picks phrasings.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "world/caption.h"

namespace hotshot::world {

/// A number read as digits: every choice takes the next one, so counting variants up walks through all phrasings.
class Choice {
 public:
  explicit Choice(std::uint64_t variant) : rest_(variant) {}
  std::size_t next(std::size_t count) {
    const std::size_t digit = rest_ % count;
    rest_ /= count;
    return digit;
  }
  std::string_view of(std::initializer_list<std::string_view> phrases) { return phrases.begin()[next(phrases.size())]; }

 private:
  std::uint64_t rest_;
};

std::string english_caption(const Scene& scene, CaptionLength length, Choice choice);
std::string chinese_caption(const Scene& scene, CaptionLength length, Choice choice);

}  // namespace hotshot::world
