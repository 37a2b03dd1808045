// The commands: one file each, one row each in main.cpp.
#pragma once

#include <span>
#include <string_view>

namespace hotshot::cli {

/// argv[0] is the command's own name. Returns the exit status; throws as everything does, main() catches.
struct Command {
  std::string_view name;
  std::string_view summary;
  int (*run)(int argc, char** argv);
};

/// Runs the row that argv[1] names; prints the list for --help (exit 0) and for no word (exit 2). `group` is what
/// stands before the row's name in usage: "hotshot models". Throws InvalidArgument for an unknown name.
int run_row(std::string_view group, std::string_view about, std::span<const Command> rows, int argc, char** argv);

int bench(int argc, char** argv);
int evaluate(int argc, char** argv);
int export_clips(int argc, char** argv);
int generate(int argc, char** argv);
int image(int argc, char** argv);
int import_clips(int argc, char** argv);
int models(int argc, char** argv);
int relay(int argc, char** argv);
int reproduce(int argc, char** argv);
int serve(int argc, char** argv);
int train(int argc, char** argv);
int verify(int argc, char** argv);
int worker(int argc, char** argv);
int world(int argc, char** argv);

}  // namespace hotshot::cli
