// What a person in front of a terminal sees while work goes on, and how they stop it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/progress.h"

namespace hotshot::cli {

/// A bar on stderr with phase, step and time left; plain lines when stderr is no terminal; nothing when quiet.
class TerminalProgress : public Progress {
 public:
  explicit TerminalProgress(bool quiet = false);
  ~TerminalProgress() override;

  void begin(std::string_view phase, std::int64_t steps) override;
  void advance(std::int64_t done) override;
  /// Whether Ctrl-C (or SIGTERM) has asked to stop; see catch_interrupts().
  bool cancelled() const override;
  /// Removes the bar, so that something else can be printed.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  void draw(bool final);

  bool quiet_;
  bool terminal_;
  bool drawn_ = false;
  std::string phase_;
  std::int64_t steps_ = 0;
  std::int64_t done_ = 0;
  Clock::time_point started_;
  Clock::time_point last_drawn_;
};

/// From now on SIGINT and SIGTERM only ask TerminalProgress to stop; a second one ends the program at once.
void catch_interrupts();

/// Whether one of them came.
bool interrupted();

/// Exit status after an interrupt: 130 for SIGINT, 143 for SIGTERM.
int interrupt_status();

/// "0:07", "12:30", "1:02:03".
std::string duration_text(double seconds);

}  // namespace hotshot::cli
