#include "cli/terminal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

namespace hotshot::cli {
namespace {

constexpr int kBarWidth = 28;

volatile std::sig_atomic_t g_signal = 0;  // written by the handler only

extern "C" void on_interrupt(int signal) {
  g_signal = signal;
  std::signal(signal, SIG_DFL);
}

std::string bar(double part) {
  const int filled = static_cast<int>(part * kBarWidth + 0.5);
  std::string text;
  for (int i = 0; i < kBarWidth; ++i) text += i < filled ? "█" : "░";
  return text;
}

}  // namespace

TerminalProgress::TerminalProgress(bool quiet) : quiet_(quiet), terminal_(::isatty(STDERR_FILENO) == 1) {}

TerminalProgress::~TerminalProgress() { clear(); }

void TerminalProgress::begin(std::string_view phase, std::int64_t steps) {
  clear();
  phase_ = phase;
  steps_ = steps;
  done_ = 0;
  started_ = last_drawn_ = Clock::now();
  if (terminal_ || steps > 1) draw(/*final=*/false);
}

void TerminalProgress::advance(std::int64_t done) {
  done_ = done;
  const double since = std::chrono::duration<double>(Clock::now() - last_drawn_).count();
  const bool final = done >= steps_;
  if (terminal_ ? (final || since >= 0.1) : ((final && steps_ > 1) || since >= 10)) draw(final);
}

bool TerminalProgress::cancelled() const { return g_signal != 0; }

void TerminalProgress::clear() {
  if (!drawn_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  drawn_ = false;
}

void TerminalProgress::draw(bool final) {
  if (quiet_) return;
  last_drawn_ = Clock::now();
  const double elapsed = std::chrono::duration<double>(last_drawn_ - started_).count();
  std::string time;
  if (final) {
    time = fmt::format("{:.1f} s", elapsed);
  } else if (done_ > 0) {
    time = duration_text(elapsed / static_cast<double>(done_) * static_cast<double>(steps_ - done_)) + " left";
  }
  if (terminal_) {
    const double part = steps_ > 0 ? static_cast<double>(done_) / static_cast<double>(steps_) : 0;
    const std::string line = steps_ > 1
                                 ? fmt::format("\r\033[K{:<9} {} {}/{} {}", phase_, bar(part), done_, steps_, time)
                                 : "\r\033[K" + phase_;
    std::fputs(line.c_str(), stderr);
    drawn_ = true;
  } else {
    std::fputs(fmt::format("{} {}/{}{}{}\n", phase_, done_, steps_, time.empty() ? "" : ", ", time).c_str(), stderr);
  }
  std::fflush(stderr);
}

void catch_interrupts() {
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
}

bool interrupted() { return g_signal != 0; }

int interrupt_status() { return g_signal == SIGTERM ? 143 : 130; }

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds + 0.5);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace hotshot::cli
