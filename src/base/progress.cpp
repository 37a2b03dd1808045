#include "base/progress.h"

#include "base/error.h"

namespace hotshot {

void advance_or_stop(Progress* progress, std::int64_t done) {
  if (!progress) return;
  progress->advance(done);
  if (progress->cancelled()) throw Cancelled();
}

void begin_phase(Progress* progress, std::string_view phase, std::int64_t steps) {
  if (!progress) return;
  progress->begin(phase, steps);
  if (progress->cancelled()) throw Cancelled();
}

}  // namespace hotshot
