// What a process may ask of the system from now on (seccomp).
#pragma once

namespace hotshot::media {

/// For a process that computes on files it has open already: memory, clocks, reading and writing of open descriptors,
/// and its own end. Every other call (open, socket, connect, execve, kill of others, ptrace …) fails with EPERM, for
/// good. Throws std::runtime_error where the system has no such filters.
void only_compute_from_now_on();

}  // namespace hotshot::media
