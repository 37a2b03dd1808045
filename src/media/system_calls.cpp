#include "media/system_calls.h"

#include <seccomp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/error.h"

namespace hotshot::media {
namespace {

// What the C library and decoders need to compute.
constexpr int kAllowed[] = {
    SCMP_SYS(read),         SCMP_SYS(pread64),
    SCMP_SYS(readv),        SCMP_SYS(write),
    SCMP_SYS(writev),       SCMP_SYS(lseek),
    SCMP_SYS(fstat),        SCMP_SYS(close),
    SCMP_SYS(poll),         SCMP_SYS(ppoll),
    SCMP_SYS(mmap),         SCMP_SYS(munmap),
    SCMP_SYS(mremap),       SCMP_SYS(mprotect),
    SCMP_SYS(madvise),      SCMP_SYS(brk),
    SCMP_SYS(futex),        SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday),
    SCMP_SYS(nanosleep),    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(sched_yield),  SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getrandom),    SCMP_SYS(getpid),
    SCMP_SYS(gettid),       SCMP_SYS(sysinfo),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
    SCMP_SYS(getrlimit),    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

}  // namespace

void only_compute_from_now_on() {
  const std::unique_ptr<void, void (*)(scmp_filter_ctx)> filter(::seccomp_init(SCMP_ACT_ERRNO(EPERM)),
                                                                ::seccomp_release);
  ensure(filter != nullptr, "media", "cannot make a filter of system calls");
  for (const int call : kAllowed) {
    const int error = ::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0);
    ensure(error == 0, "media", "cannot allow system call {}: {}", call, std::strerror(-error));
  }
  // A signal to itself: what abort() does.
  ensure(::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                            SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(::getpid()))) == 0,
         "media", "cannot allow a process to end itself");
  const int error = ::seccomp_load(filter.get());
  ensure(error == 0, "media", "cannot filter system calls: {}", std::strerror(-error));
}

}  // namespace hotshot::media
