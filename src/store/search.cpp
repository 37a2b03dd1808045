#include "store/search.h"

#include <locale.h>
#include <wctype.h>

#include <cstdint>

namespace hotshot::store {
namespace {

// The letters of C.UTF-8, whatever the program's own locale is; null where the system lacks it, and then only A-Z fold.
struct Letters {
  locale_t locale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  ~Letters() {
    if (locale) ::freelocale(locale);
  }
};

// Bytes of the sequence that starts here, 1 for what is no UTF-8.
int sequence(std::string_view rest, std::uint32_t& letter) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
  letter = byte(0);
  const int length = letter < 0xc2 ? 1 : letter < 0xe0 ? 2 : letter < 0xf0 ? 3 : letter < 0xf5 ? 4 : 1;
  if (length == 1 || rest.size() < static_cast<std::size_t>(length)) return 1;
  std::uint32_t value = letter & (0x7fu >> length);
  for (int i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 1;
    value = value << 6 | (byte(i) & 0x3f);
  }
  letter = value;
  return length;
}

void append(std::string& out, std::uint32_t letter) {
  if (letter < 0x80) {
    out += static_cast<char>(letter);
  } else if (letter < 0x800) {
    out += {static_cast<char>(0xc0 | letter >> 6), static_cast<char>(0x80 | (letter & 0x3f))};
  } else if (letter < 0x10000) {
    out += {static_cast<char>(0xe0 | letter >> 12), static_cast<char>(0x80 | (letter >> 6 & 0x3f)),
            static_cast<char>(0x80 | (letter & 0x3f))};
  } else {
    out += {static_cast<char>(0xf0 | letter >> 18), static_cast<char>(0x80 | (letter >> 12 & 0x3f)),
            static_cast<char>(0x80 | (letter >> 6 & 0x3f)), static_cast<char>(0x80 | (letter & 0x3f))};
  }
}

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

}  // namespace

std::string fold_case(std::string_view utf8) {
  const Letters letters;
  std::string folded;
  folded.reserve(utf8.size());
  while (!utf8.empty()) {
    std::uint32_t letter = 0;
    const int length = sequence(utf8, letter);
    if (length > 1 && letters.locale) {
      append(folded, static_cast<std::uint32_t>(::towlower_l(static_cast<wint_t>(letter), letters.locale)));
    } else if (length == 1 && letter >= 'A' && letter <= 'Z') {
      folded += static_cast<char>(letter - 'A' + 'a');
    } else {
      folded += utf8.substr(0, static_cast<std::size_t>(length));
    }
    utf8.remove_prefix(static_cast<std::size_t>(length));
  }
  return folded;
}

std::string searchable(std::string_view prompt, std::string_view title) {
  return fold_case(prompt) + "\n" + fold_case(title);
}

std::vector<std::string> like_patterns(std::string_view text) {
  std::vector<std::string> patterns;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) patterns.push_back("%" + word + "%");
    word.clear();
  };
  for (const char c : fold_case(text)) {
    if (is_space(c)) {
      end_word();
      continue;
    }
    if (c == '%' || c == '_' || c == '\\') word += '\\';
    word += c;
  }
  end_word();
  return patterns;
}

}  // namespace hotshot::store
