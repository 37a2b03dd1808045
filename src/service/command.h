// Programs of the owner that are asked something.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace hotshot::service {

struct CommandLimits {
  std::chrono::milliseconds time{20'000};
  std::size_t max_output = 64 << 10;
  std::function<bool()> cancelled = {};  // asked a few times a second
};

/// Runs `command` (a path or a name in PATH, then its arguments; no shell) with `input` on its standard input, and
/// returns its standard output; its errors go to ours. It gets none of our files and of our environment only PATH, HOME
/// and LANG. Throws std::runtime_error, "[command] …", where it cannot be started, ends badly, says too much, or takes
/// too long: then it and its children are killed. Cancelled where `cancelled` says so.
std::string run_command(const std::vector<std::string>& command, std::string_view input,
                        const CommandLimits& limits = {});

}  // namespace hotshot::service
