#include "media/sandbox.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <new>

#include "base/error.h"
#include "media/system_calls.h"

namespace hotshot::media {
namespace {

constexpr std::uint32_t kDone = 1000, kInvalid = 1001, kFailure = 1002, kNoMemory = 1003;
constexpr int kPollMilliseconds = 100;

struct Header {
  std::uint32_t kind = 0;
  std::uint32_t padding = 0;
  std::uint64_t bytes = 0;
};

std::uint64_t address_space_now() {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// `grace` lets a limit that sends a signal first (processor time) be told from a kill.
void limit(__rlimit_resource resource, std::uint64_t value, std::uint64_t grace = 0) {
  rlimit old{};
  ::getrlimit(resource, &old);
  const rlim_t wanted = std::min<rlim_t>(value, old.rlim_max);
  const rlimit fresh{wanted, std::min<rlim_t>(wanted + grace, old.rlim_max)};
  ::setrlimit(resource, &fresh);
}

void close_all_but(int one, int other) {
  const unsigned low = static_cast<unsigned>(std::min(one, other)), high = static_cast<unsigned>(std::max(one, other));
  const int null = ::open("/dev/null", O_RDWR);
  for (int standard = 0; standard < 3; ++standard) {
    if (standard != one && standard != other) ::dup2(null, standard);
  }
  if (low > 3) ::close_range(3, low - 1, 0);
  if (high > low + 1) ::close_range(std::max(3u, low + 1), high - 1, 0);
  ::close_range(std::max(3u, high + 1), ~0u, 0);
}

[[noreturn]] void be_child(int pipe, int descriptor, const SandboxLimits& limits,
                           const std::function<void(SandboxPipe&)>& work) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  for (int signal = 1; signal < 32; ++signal) std::signal(signal, SIG_DFL);
  std::signal(SIGINT, SIG_IGN);  // Ctrl-C reaches the whole group; the parent decides
  close_all_but(pipe, descriptor);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, 0);
  limit(RLIMIT_CPU, static_cast<std::uint64_t>(limits.cpu_seconds), 2);
  limit(RLIMIT_AS, address_space_now() + limits.memory_bytes);
  SandboxPipe out(pipe);
  try {
    only_compute_from_now_on();
    work(out);
    out.send(kDone, nullptr, 0);
  } catch (const InvalidArgument& error) {
    out.send(kInvalid, error.what(), std::strlen(error.what()));
  } catch (const std::bad_alloc&) {
    out.send(kNoMemory, nullptr, 0);
  } catch (const std::exception& error) {
    out.send(kFailure, error.what(), std::strlen(error.what()));
  }
  ::_exit(0);
}

/// The parent's side of a running child; killed and reaped at the latest with this object.
class Child {
 public:
  Child(pid_t pid, int pipe, int wall_seconds)
      : pid_(pid), pipe_(pipe), deadline_(std::chrono::steady_clock::now() + std::chrono::seconds(wall_seconds)) {}
  ~Child() {
    ::close(pipe_);
    if (!reaped_) {
      ::kill(pid_, SIGKILL);
      wait();
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  enum class Read { kAll, kEnded, kLate };

  /// Fills `bytes` bytes at `data`; kEnded when the child ended before.
  Read read(void* data, std::size_t bytes, Progress* progress) {
    auto* at = static_cast<char*>(data);
    while (bytes > 0) {
      pollfd waiting{pipe_, POLLIN, 0};
      const int ready = ::poll(&waiting, 1, kPollMilliseconds);
      if (progress && progress->cancelled()) throw Cancelled();
      if (std::chrono::steady_clock::now() > deadline_) return Read::kLate;
      if (ready <= 0) continue;
      const ssize_t got = ::read(pipe_, at, bytes);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return Read::kEnded;
      at += got;
      bytes -= static_cast<std::size_t>(got);
    }
    return Read::kAll;
  }

  /// The wait status.
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    reaped_ = true;
    return status;
  }

 private:
  pid_t pid_;
  int pipe_;
  std::chrono::steady_clock::time_point deadline_;
  bool reaped_ = false;
};

[[noreturn]] void throw_death(const std::string& name, int status, const SandboxLimits& limits) {
  const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  if (signal == SIGXCPU) {
    throw_invalid("media", fmt::format("{}: took more than {} s of processor time", name, limits.cpu_seconds));
  }
  const std::string cause = signal ? fmt::format("signal {}", ::strsignal(signal))
                                   : fmt::format("exit status {}", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  throw_invalid("media", fmt::format("{}: cannot be read: its decoder died ({})", name, cause));
}

void take_messages(Child& child, const std::string& name, const SandboxLimits& limits, const SandboxReceiver& receive,
                   Progress* progress) {
  std::string payload;
  for (;;) {
    Header header;
    auto result = child.read(&header, sizeof header, progress);
    if (result == Child::Read::kAll) {
      require(header.bytes <= limits.message_bytes, "media", "{}: its decoder sent nonsense", name);
      payload.resize(header.bytes);
      result = child.read(payload.data(), payload.size(), progress);
    }
    if (result == Child::Read::kEnded) throw_death(name, child.wait(), limits);
    require(result != Child::Read::kLate, "media", "{}: took more than {} s", name, limits.wall_seconds);
    switch (header.kind) {
      case kDone:
        return;
      case kInvalid:
        throw InvalidArgument(payload);
      case kFailure:
        throw std::runtime_error(payload);
      case kNoMemory:
        throw_invalid("media", fmt::format("{}: needs more than {} MiB of memory", name, limits.memory_bytes >> 20));
      default:
        receive(header.kind, payload);
    }
  }
}

}  // namespace

void SandboxPipe::send(std::uint32_t kind, const void* data, std::size_t bytes) {
  const Header header{kind, 0, bytes};
  const auto put = [this](const void* from, std::size_t count) {
    const auto* at = static_cast<const char*>(from);
    while (count > 0) {
      const ssize_t put = ::write(descriptor_, at, count);
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) ::_exit(3);
      at += put;
      count -= static_cast<std::size_t>(put);
    }
  };
  put(&header, sizeof header);
  put(data, bytes);
}

void run_sandboxed(const std::string& name, int descriptor, const SandboxLimits& limits,
                   const std::function<void(SandboxPipe&)>& work, const SandboxReceiver& receive, Progress* progress) {
  int ends[2];
  ensure(::pipe2(ends, O_CLOEXEC) == 0, "media", "cannot open a pipe: {}", std::strerror(errno));
  const pid_t pid = ::fork();
  if (pid == 0) be_child(ends[1], descriptor, limits, work);
  ::close(ends[1]);
  if (pid < 0) {
    ::close(ends[0]);
    throw_failure("media", fmt::format("cannot start a process: {}", std::strerror(errno)));
  }
  Child child(pid, ends[0], limits.wall_seconds);
  take_messages(child, name, limits, receive, progress);
}

}  // namespace hotshot::media
