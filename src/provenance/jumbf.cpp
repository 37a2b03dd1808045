#include "provenance/jumbf.h"

#include <algorithm>

#include "base/error.h"

namespace hotshot::provenance::jumbf {
namespace {

constexpr std::string_view kTypeTail("\x00\x11\x00\x10\x80\x00\x00\xAA\x00\x38\x9B\x71", 12);
constexpr char kRequestable = 1, kHasLabel = 2;
constexpr int kDeepest = 12;
constexpr int kMostBoxes = 4096;

std::uint64_t big(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

class Parser {
 public:
  struct Box {
    std::string_view type, content;
    std::size_t size;
  };

  // The box that `bytes` begin with.
  Box box_at(std::string_view bytes) {
    require(++boxes_ <= kMostBoxes, "jumbf", "expected at most {} boxes", kMostBoxes);
    require(bytes.size() >= 8, "jumbf", "expected a box but got {} bytes", bytes.size());
    std::uint64_t size = big(bytes.substr(0, 4)), header = 8;
    if (size == 1) {
      require(bytes.size() >= 16, "jumbf", "expected a box but got {} bytes", bytes.size());
      size = big(bytes.substr(8, 8)), header = 16;
    }
    if (size == 0) size = bytes.size();
    require(size >= header && size <= bytes.size(), "jumbf", "expected a box of {} to {} bytes but got {}", header,
            bytes.size(), size);
    return {bytes.substr(4, 4), bytes.substr(header, size - header), static_cast<std::size_t>(size)};
  }

  Superbox superbox(std::string_view body, int depth) {
    require(depth <= kDeepest, "jumbf", "expected boxes nested at most {} deep", kDeepest);
    Superbox out{.body = body};
    const Box description = box_at(body);
    require(description.type == "jumd", "jumbf", "expected a description first in a superbox");
    describe(description.content, out);
    for (std::string_view rest = body.substr(description.size); !rest.empty();) {
      const Box box = box_at(rest);
      if (box.type == "jumb") {
        out.children.push_back(superbox(box.content, depth + 1));
      } else {
        out.contents.emplace_back(box.type, box.content);
      }
      rest.remove_prefix(box.size);
    }
    return out;
  }

 private:
  static void describe(std::string_view content, Superbox& out) {
    require(content.size() >= 17, "jumbf", "expected a description of at least 17 bytes but got {}", content.size());
    if (content.substr(4, 12) == kTypeTail) out.type = content.substr(0, 4);
    if (!(content[16] & kHasLabel)) return;
    const std::string_view rest = content.substr(17);
    const std::size_t end = rest.find('\0');
    require(end != std::string_view::npos, "jumbf", "expected a label that ends");
    out.label = rest.substr(0, end);
  }

  int boxes_ = 0;
};

}  // namespace

std::string box(std::string_view type, std::string_view content) {
  std::string out;
  const std::size_t size = 8 + content.size();
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift & 255);
  out += type;
  return out += content;
}

std::string superbox(std::string_view type, std::string_view label, std::string_view content) {
  std::string description(type);
  description += kTypeTail;
  description += static_cast<char>(kRequestable | kHasLabel);
  description += label;
  description += '\0';
  return box("jumb", box("jumd", description) + std::string(content));
}

std::string cbor_superbox(std::string_view type, std::string_view label, std::string_view cbor) {
  return superbox(type, label, box("cbor", cbor));
}

const Superbox* Superbox::child(std::string_view label) const {
  const Superbox* found = nullptr;
  for (const Superbox& one : children) {
    if (one.label != label) continue;
    if (found) return nullptr;
    found = &one;
  }
  return found;
}

std::string_view Superbox::content(std::string_view type) const {
  for (const auto& [name, content] : contents) {
    if (name == type) return content;
  }
  return {};
}

Superbox parse(std::string_view bytes) {
  Parser parser;
  const Parser::Box box = parser.box_at(bytes);
  require(box.type == "jumb", "jumbf", "expected a superbox first");
  const std::string_view rest = bytes.substr(box.size);
  require(std::all_of(rest.begin(), rest.end(), [](char c) { return c == 0; }), "jumbf",
          "expected zeros behind the superbox");
  return parser.superbox(box.content, 0);
}

}  // namespace hotshot::provenance::jumbf
