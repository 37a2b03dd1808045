// hotshot COMMAND …: the table of commands, and the one place where errors become a line and an exit status.
#include <array>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <string_view>

#include "base/error.h"
#include "cli/command.h"
#include "cli/terminal.h"

namespace hotshot::cli {
namespace {

constexpr auto kCommands = std::to_array<Command>({
#ifndef HOTSHOT_TRAINER_ONLY
    {"bench", "what this machine can do, and where time goes", bench},
    {"evaluate", "how much of what was asked for a model's clips show", evaluate},
    {"export", "pack everything a service's account made into one ZIP", export_clips},
    {"generate", "make clips from text", generate},
    {"image", "make pictures from text", image},
    {"import", "take such a ZIP back", import_clips},
    {"models", "list, show, import and remove models", models},
    {"relay", "have jobs of a service made by its providers", relay},
    {"reproduce", "make a clip again from the recipe in its file, and compare", reproduce},
    {"serve", "answer HTTP: interfaces, studio and a worker", serve},
#endif
    {"train", "train a part of a model by a recipe; again to resume", train},
#ifndef HOTSHOT_TRAINER_ONLY
    {"verify", "what files say of their origin, and whether it holds", verify},
    {"worker", "render jobs of a service's data folder", worker},
#endif
    {"world", "clips and captions of the cartoon world", world},
});

int dispatch(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "--version") {
    std::puts("hotshot " HOTSHOT_VERSION);
    return 0;
  }
  return run_row("hotshot", "Hotshot: text in, moving picture out.", kCommands, argc, argv);
}

// One line: libraries put traces behind their first line.
int fail(int status, std::string_view message) {
  std::string line(message.substr(0, message.find('\n')));
  std::fputs(fmt::format("hotshot: {}\n", line).c_str(), stderr);
  return status;
}

}  // namespace
}  // namespace hotshot::cli

int main(int argc, char** argv) {
  using namespace hotshot;
  try {
    return cli::dispatch(argc, argv);
  } catch (const InvalidArgument& error) {
    return cli::fail(2, error.what());
  } catch (const Cancelled&) {
    return cli::fail(cli::interrupt_status(), "[interrupt] stopped; nothing half-made was left behind");
  } catch (const std::bad_alloc&) {
    return cli::fail(1, "[memory] expected more free memory but the system has none left");
  } catch (const std::exception& error) {
    return cli::fail(1, error.what());
  }
}
