// The two kinds of failure: the user's (InvalidArgument: exit 2, HTTP 400) and ours (everything else: exit 1, HTTP
// 500). Messages read "[where] expected … but got …". Exceptions are the one channel; each edge (cli, service) catches
// once.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hotshot {

/// The caller or user gave something that cannot work. The message is shown to them as it is.
class InvalidArgument : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The work was stopped on request (Ctrl-C, a job's cancel flag). Not a failure of anyone.
class Cancelled : public std::runtime_error {
 public:
  Cancelled() : std::runtime_error("cancelled") {}
};

/// Throws InvalidArgument("[where] message").
[[noreturn]] void throw_invalid(std::string_view where, std::string_view message);

/// Throws std::runtime_error("[where] message"): a failure that is not the user's.
[[noreturn]] void throw_failure(std::string_view where, std::string_view message);

/// Throws InvalidArgument unless `ok`; the message is only formatted on failure.
template <class... Args>
void require(bool ok, std::string_view where, fmt::format_string<Args...> format, Args&&... args) {
  if (!ok) throw_invalid(where, fmt::format(format, std::forward<Args>(args)...));
}

/// Throws std::runtime_error unless `ok`: for what the system (disk, libraries) failed to do.
template <class... Args>
void ensure(bool ok, std::string_view where, fmt::format_string<Args...> format, Args&&... args) {
  if (!ok) throw_failure(where, fmt::format(format, std::forward<Args>(args)...));
}

/// "[where] expected one of a, b, c but got 'name'" as InvalidArgument.
[[noreturn]] void throw_unknown(std::string_view where, std::string_view name, const std::vector<std::string>& known);

}  // namespace hotshot
