#include "base/progress.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

#include "base/clip.h"
#include "base/error.h"
#include "base/threads.h"

namespace hotshot {
namespace {

struct Recorder : Progress {
  std::vector<std::string> calls;
  bool stop = false;
  void begin(std::string_view phase, std::int64_t steps) override {
    calls.push_back(fmt::format("{} {}", phase, steps));
  }
  void advance(std::int64_t done) override { calls.push_back(fmt::format("{}", done)); }
  bool cancelled() const override { return stop; }
};

TEST(Progress, IsToldAndMayStopTheWork) {
  Recorder recorder;
  begin_phase(&recorder, "sampling", 3);
  advance_or_stop(&recorder, 1);
  recorder.stop = true;
  EXPECT_THROW(advance_or_stop(&recorder, 2), Cancelled);
  EXPECT_THROW(begin_phase(&recorder, "decoding", 4), Cancelled);
  EXPECT_EQ(recorder.calls, (std::vector<std::string>{"sampling 3", "1", "2", "decoding 4"}));
}

TEST(Progress, MayBeAbsent) {
  EXPECT_NO_THROW(begin_phase(nullptr, "sampling", 3));
  EXPECT_NO_THROW(advance_or_stop(nullptr, 1));
}

TEST(Threads, AreThoseThisProcessMayUse) {
  const int all = hardware_threads();
  EXPECT_GE(all, 1);
  // The mask belongs to a thread: a helper narrows its own to one processor.
  std::thread([] {
    cpu_set_t allowed, one;
    sched_getaffinity(0, sizeof(allowed), &allowed);
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &allowed)) {
        CPU_SET(cpu, &one);
        break;
      }
    }
    ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
    EXPECT_EQ(hardware_threads(), 1);
  }).join();
  EXPECT_EQ(hardware_threads(), all);
}

/// The text and the kind of what an action throws.
template <class Action>
std::string thrown(const Action& action) {
  try {
    action();
  } catch (const InvalidArgument& error) {
    return fmt::format("theirs: {}", error.what());
  } catch (const std::runtime_error& error) {
    return fmt::format("ours: {}", error.what());
  }
  return "";
}

TEST(Error, SaysWhereAndWhoseFaultItIs) {
  EXPECT_EQ(thrown([] { throw_invalid("size", "expected 16 but got 3"); }), "theirs: [size] expected 16 but got 3");
  EXPECT_EQ(thrown([] { throw_failure("disk", "full"); }), "ours: [disk] full");
  EXPECT_EQ(thrown([] { require(true, "a", "expected {}", 1); }), "");
  EXPECT_EQ(thrown([] { require(false, "a", "expected {} but got {}", 1, "x"); }), "theirs: [a] expected 1 but got x");
  EXPECT_EQ(thrown([] { ensure(false, "a", "lost {}", 2); }), "ours: [a] lost 2");
  EXPECT_EQ(thrown([] {
              throw_unknown("sampler", "eular", {"euler", "heun"});
            }),
            "theirs: [sampler] expected one of euler, heun but got 'eular'");
  EXPECT_STREQ(Cancelled().what(), "cancelled");
  EXPECT_EQ(thrown([] { require(false, "a", "got {}", "{braces}"); }), "theirs: [a] got {braces}");
}

TEST(Frames, AreBlackAndContiguous) {
  Frames frames(3, 4, 5);
  EXPECT_EQ(frames.pixels, std::vector<std::uint8_t>(3 * 4 * 5 * 3));
  EXPECT_EQ(frames.frame_bytes(), 60u);
  EXPECT_EQ(frames.frame(2), frames.pixels.data() + 120);
  for (const auto& [count, height, width] : std::vector<std::array<int, 3>>{{0, 4, 4}, {1, 0, 4}, {1, 4, -1}}) {
    EXPECT_EQ(thrown([&, c = count, h = height, w = width] { Frames(c, h, w); }).substr(0, 16), "theirs: [frames]");
  }
  EXPECT_DOUBLE_EQ((Rational{24000, 1001}.value()), 24000.0 / 1001);
}

}  // namespace
}  // namespace hotshot
