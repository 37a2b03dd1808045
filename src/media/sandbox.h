// Work on bytes from outside, in a child process that can do little harm: limited memory and processor time, no files
// but the one it was given, no new files, no network, no other programs (system_calls.h), nothing printed. Results come
// back as messages over a pipe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "base/progress.h"

namespace hotshot::media {

struct SandboxLimits {
  std::uint64_t memory_bytes = 2ull << 30;   // address space beyond what the parent has
  int cpu_seconds = 300;                     // processor time
  int wall_seconds = 600;                    // from start to end
  std::uint64_t message_bytes = 1ull << 30;  // largest message the parent takes
};

/// The child's end of the pipe.
class SandboxPipe {
 public:
  explicit SandboxPipe(int descriptor) : descriptor_(descriptor) {}
  /// `kind` below 1000 is the caller's. Ends the child when the parent is gone.
  void send(std::uint32_t kind, const void* data, std::size_t bytes);

 private:
  int descriptor_;
};

using SandboxReceiver = std::function<void(std::uint32_t kind, const std::string& payload)>;

/// Forks; the child runs `work` with the open file `descriptor` (kept open under its number) and ends; the calling
/// thread takes its messages, in order, and must treat them as hostile. `work` runs in a process with a single thread
/// whatever the parent had, so it must start no OpenMP team, and must not touch CUDA, locks or logs of the program.
/// An InvalidArgument that `work` throws is thrown here. A crash, or more memory or time than allowed, is
/// InvalidArgument "[media] NAME: …" too: the file did it. Other exceptions arrive as std::runtime_error.
/// Cancelled when `progress` (may be null) asks to stop; the child is then killed.
void run_sandboxed(const std::string& name, int descriptor, const SandboxLimits& limits,
                   const std::function<void(SandboxPipe&)>& work, const SandboxReceiver& receive,
                   Progress* progress = nullptr);

}  // namespace hotshot::media
