// How long work tells its caller where it is, and learns that it should stop.
#pragma once

#include <cstdint>
#include <string_view>

namespace hotshot {

/// Implemented by the terminal bar, the service's jobs and tests. Called from the working thread only.
class Progress {
 public:
  virtual ~Progress() = default;
  /// A new phase ("encoding", "sampling", "decoding", "writing") of `steps` steps begins.
  virtual void begin(std::string_view phase, std::int64_t steps) = 0;
  /// `done` of the phase's steps are finished.
  virtual void advance(std::int64_t done) = 0;
  /// True once the work should stop; the worker then throws Cancelled at its next step.
  virtual bool cancelled() const { return false; }
};

/// advance(), then Cancelled if asked to stop. `progress` may be null.
void advance_or_stop(Progress* progress, std::int64_t done);
/// begin() unless null.
void begin_phase(Progress* progress, std::string_view phase, std::int64_t steps);

}  // namespace hotshot
