// A command's words → its options. One declaration of a flag makes it parsed, checked and explained by --help.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.h"

namespace hotshot::cli {

class Arguments {
 public:
  /// `usage` as in `hotshot generate "PROMPT" -o FILE`; `summary` says what it does.
  Arguments(std::string usage, std::string summary);
  ~Arguments();

  /// A word without a flag, in order of declaration.
  void positional(const std::string& name, const std::string& help, std::string* out, bool required = true);
  /// One word or more; must be the last.
  void positional(const std::string& name, const std::string& help, std::vector<std::string>* out);
  /// `flags` as in "-o,--output".
  void option(const std::string& flags, const std::string& help, std::string* out);
  /// May be given several times.
  void option(const std::string& flags, const std::string& help, std::vector<std::string>* out);
  void flag(const std::string& flags, const std::string& help, bool* out);
  /// One --flag per field, named after it with '-' for '_', except those in `without`. The members must outlive parse.
  void fields(const FieldList& fields, const std::vector<std::string>& without = {});

  /// Reads argv[1..]. False when --help was asked for and has been printed: the command is done. Throws
  /// InvalidArgument for anything that does not fit; for an unknown flag it names the most similar one.
  bool parse(int argc, char** argv);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The name of `known` most like `word`, empty when none is close.
std::string nearest_name(std::string_view word, const std::vector<std::string>& known);

}  // namespace hotshot::cli
