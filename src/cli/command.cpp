#include "cli/command.h"

#include <cstdio>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/arguments.h"

namespace hotshot::cli {
namespace {

void print_rows(std::string_view group, std::string_view about, std::span<const Command> rows, std::FILE* out) {
  std::string text = fmt::format("{}\n\nUsage: {} COMMAND [OPTIONS]\n\nCommands:\n", about, group);
  for (const Command& row : rows) text += fmt::format("  {:<12}{}\n", row.name, row.summary);
  text += fmt::format("\n{} COMMAND --help explains one.\n", group);
  std::fputs(text.c_str(), out);
}

}  // namespace

int run_row(std::string_view group, std::string_view about, std::span<const Command> rows, int argc, char** argv) {
  const std::string word = argc > 1 ? argv[1] : "";
  if (word.empty() || word == "--help" || word == "-h" || word == "help") {
    print_rows(group, about, rows, word.empty() ? stderr : stdout);
    return word.empty() ? 2 : 0;
  }
  std::vector<std::string> known;
  for (const Command& row : rows) {
    if (row.name == word) return row.run(argc - 1, argv + 1);
    known.emplace_back(row.name);
  }
  const std::string nearest = nearest_name(word, known);
  if (nearest.empty()) throw_unknown(group, word, known);
  throw_invalid(group, fmt::format("unknown command '{}'; did you mean {}?", word, nearest));
}

}  // namespace hotshot::cli
