#include "service/worker.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "media/decode.h"
#include "media/png.h"

namespace hotshot::service {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kLookAnyway{2};  // where the database says that nothing is queued
constexpr std::chrono::milliseconds kAfterFailure{500};

// Where each phase of a job begins and ends, as shares of its whole time; by experience with small and large models
// sampling takes most.
struct PhaseShare {
  std::string_view phase;
  double begin, end;
};
constexpr auto kPhases = std::to_array<PhaseShare>({
    {"loading", 0.00, 0.02},
    {"encoding", 0.02, 0.05},
    {"sampling", 0.05, 0.85},
    {"decoding", 0.85, 0.95},
    {"waiting", 0.00, 0.85},  // for a provider
    {"reading", 0.85, 0.95},  // what it sent
    {"writing", 0.95, 1.00},
});

double fraction_of(const store::JobProgress& p) {
  const auto found =
      std::find_if(kPhases.begin(), kPhases.end(), [&](const PhaseShare& share) { return share.phase == p.phase; });
  if (found == kPhases.end()) return 0;
  const double done =
      p.total > 0 ? std::clamp(static_cast<double>(p.done) / static_cast<double>(p.total), 0.0, 1.0) : 0.0;
  return found->begin + (found->end - found->begin) * done;
}

// As whoever downloads it will see it.
Frames frames_of(const std::vector<RenderedFile>& files) {
  const auto clip = std::find_if(files.begin(), files.end(),
                                 [](const RenderedFile& file) { return file.role == "video" || file.role == "image"; });
  ensure(clip != files.end(), "moderation", "expected a video or a picture among {} files", files.size());
  try {
    return media::decode(clip->path).frames;
  } catch (const InvalidArgument& error) {
    throw std::runtime_error(error.what());  // it is ours, not the user's
  }
}

}  // namespace

// One job in hand: keeps its lease by a thread of its own, so that a long step of a large network cannot lose it.
class Worker::Attempt : public RenderContext {
 public:
  Attempt(Worker& worker, store::Claim claim)
      : worker_(worker),
        claim_(std::move(claim)),
        folder_(worker.service_.folder("work") / fmt::format("{}-{}", claim_.job.id, claim_.token)),
        journal_(worker.service_.folder("journals") / fmt::format("{}-{}", claim_.job.id, claim_.token)) {
    std::filesystem::remove_all(folder_);
    make_folders(folder_, "worker");
    inherit_journal();
    keeper_ = std::jthread([this](const std::stop_token& stop) { keep(stop); });
  }
  ~Attempt() override {
    keeper_.request_stop();
    wake_.notify_all();
    keeper_.join();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void begin(std::string_view phase, std::int64_t steps) override { update(std::string(phase), 0, steps); }
  void advance(std::int64_t done) override { update({}, done, -1); }
  bool cancelled() const override { return lost_ || cancel_ || worker_.stopping_; }

  void show(const Frames& picture) override {
    const store::Blob blob = worker_.service_.blobs().put(media::png_bytes(picture));
    const std::lock_guard lock(mutex_);
    progress_.preview = blob.sha256;
    changed_ = true;
  }
  void settle(const nlohmann::json& effective, const nlohmann::json& warnings) override {
    if (!worker_.service_.jobs().set_effective(claim_, effective, warnings)) {
      lost_ = true;
      throw Cancelled();
    }
  }
  const std::filesystem::path& folder() const override { return folder_; }
  std::filesystem::path journal() const override { return journal_; }

  const store::Claim& claim() const { return claim_; }
  bool lost() const { return lost_; }
  /// So far.
  store::JobTimings timings() {
    const std::lock_guard lock(mutex_);
    store::JobTimings timings = timings_;
    timings.phase_ms[progress_.phase] += ms_since(phase_began_);
    if (inherited_) timings.steps = 0;
    return timings;
  }
  bool cancel_requested() const override { return cancel_; }
  /// The job is over: nobody will go on from here.
  void forget_journal() const {
    std::error_code ignored;
    std::filesystem::remove(journal_, ignored);
  }

 private:
  static std::int64_t ms_since(Clock::time_point from) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - from).count();
  }
  void update(std::string phase, std::int64_t done, std::int64_t total) {
    const std::lock_guard lock(mutex_);
    if (total >= 0) {
      timings_.phase_ms[progress_.phase] += ms_since(std::exchange(phase_began_, Clock::now()));
      // The store writes files of several formats one after the other: all of it is one phase.
      progress_.phase = std::move(phase);
      progress_.total = total;
    }
    progress_.done = done;
    if (progress_.phase == "sampling") timings_.steps = done;
    progress_.fraction = std::max(progress_.fraction, fraction_of(progress_));
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    if (progress_.fraction > 0.06) progress_.seconds_left = seconds * (1 - progress_.fraction) / progress_.fraction;
    changed_ = true;
    wake_.notify_all();
  }

  // Tells the store where we are: soon after a change, and at least three times in a lease.
  void keep(const std::stop_token& stop) {
    constexpr std::chrono::milliseconds kSoon{200};
    const std::chrono::milliseconds rest{worker_.options_.lease_ms / 3};
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      wake_.wait_for(lock, stop, rest, [this] { return changed_; });
      if (stop.stop_requested()) return;
      const store::JobProgress now = progress_;
      changed_ = false;
      lock.unlock();
      try {
        const store::HeartbeatAnswer answer = worker_.service_.jobs().heartbeat(claim_, now, worker_.options_.lease_ms);
        if (!answer.held) lost_ = true;
        if (answer.cancel) cancel_ = true;
        heard_ = Clock::now();
      } catch (const std::exception&) {
        // The store cannot be reached: without it for a whole lease, the job is another's by now.
        if (Clock::now() - heard_ > std::chrono::milliseconds(worker_.options_.lease_ms)) lost_ = true;
      }
      lock.lock();
      wake_.wait_for(lock, stop, kSoon, [] { return false; });
    }
  }

  // What an earlier attempt wrote, whole or cut short, becomes the beginning of this one's. That attempt may still be
  // writing (a worker that was only slow), so this one works on a copy.
  void inherit_journal() {
    for (std::int64_t token = claim_.token - 1; token > 0; --token) {
      const auto earlier = worker_.service_.folder("journals") / fmt::format("{}-{}", claim_.job.id, token);
      std::error_code error;
      std::filesystem::remove_all(worker_.service_.folder("work") / fmt::format("{}-{}", claim_.job.id, token), error);
      if (std::filesystem::copy_file(earlier, journal_, std::filesystem::copy_options::overwrite_existing, error)) {
        std::filesystem::remove(earlier, error);
        inherited_ = true;
        return;
      }
    }
  }

  Worker& worker_;
  store::Claim claim_;
  std::filesystem::path folder_;
  std::filesystem::path journal_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  store::JobProgress progress_{.phase = "loading"};
  bool changed_ = true;
  Clock::time_point start_ = Clock::now(), phase_began_ = start_;
  store::JobTimings timings_;
  bool inherited_ = false;  // went on from a journal: its steps took no time
  Clock::time_point heard_ = Clock::now();
  std::atomic<bool> lost_{false}, cancel_{false};
  std::jthread keeper_;
};

Worker::Worker(Service& service, Renderer& renderer, WorkerOptions options)
    : service_(service), renderer_(renderer), options_(std::move(options)) {}

void Worker::run() {
  while (!stopping_) {
    bool worked = false;
    try {
      worked = run_one();
    } catch (const std::exception& error) {
      std::fputs(fmt::format("hotshot worker: {}\n", error.what()).c_str(), stderr);
      std::this_thread::sleep_for(kAfterFailure);
    }
    if (!worked) wait_for_job();
  }
}

void Worker::wait_for_job() {
  const auto until = Clock::now() + kLookAnyway;
  const std::chrono::milliseconds poll{options_.poll_ms};
  while (!stopping_ && Clock::now() < until && !service_.jobs().wait_for_queued(poll)) {
  }
}

// What was made is worth waiting for a database that is gone for a while, as long as the job may still be ours.
void Worker::finish(const Attempt& attempt, const store::JobOutcome& outcome) {
  for (;;) {
    try {
      service_.jobs().finish(attempt.claim(), outcome);
      return;
    } catch (const std::exception&) {
      if (attempt.lost() || stopping_) throw;
    }
    std::this_thread::sleep_for(kAfterFailure);
  }
}

// Renders the job and keeps its files, unless it is refused before or after.
void Worker::make(Attempt& attempt, store::JobOutcome& outcome) {
  const Moderator& moderator = service_.moderator();
  const store::Job& job = attempt.claim().job;
  const auto judged = [&](const std::optional<Decision>& decision) {
    if (!decision) return;
    outcome.moderation.push_back(decision_json(*decision));
    if (!decision->allowed)
      throw JobFailure(std::string(kRefused), fmt::format("[{}] {}", decision->stage, decision->reason));
  };
  const auto cancelled = [&] { return attempt.cancelled(); };
  judged(moderator.judge_prompt(job, cancelled));
  const std::vector<RenderedFile> files = renderer_.render(attempt.claim(), attempt);
  if (moderator.asks_program()) judged(moderator.judge_frames(job, frames_of(files), attempt.folder(), cancelled));
  for (const RenderedFile& file : files) {
    const store::Blob blob = service_.blobs().put_file(file.path);
    outcome.files.push_back({file.role, blob.sha256, file.type, blob.bytes});
  }
}

bool Worker::run_one() {
  store::JobStore& jobs = service_.jobs();
  const std::optional<store::Claim> claim = jobs.claim(options_.name, renderer_.lanes(), options_.lease_ms);
  if (!claim) return false;
  Attempt attempt(*this, *claim);
  store::JobOutcome outcome;
  const auto fail = [&](const std::string& code, const char* message, bool retry) {
    outcome.status = store::JobStatus::failed;
    outcome.error = store::JobError{code, message};
    outcome.retry = retry;
  };
  try {
    make(attempt, outcome);
  } catch (const Cancelled&) {
    if (attempt.lost()) return true;
    if (!attempt.cancel_requested()) {  // this worker is told to stop: another goes on from the journal
      jobs.give_back(*claim);
      return true;
    }
    outcome.status = store::JobStatus::cancelled;
    outcome.error = store::JobError{"cancelled", "[job] cancelled on request"};
  } catch (const InvalidArgument& error) {
    fail("invalid_request", error.what(), false);
  } catch (const JobFailure& error) {
    fail(error.code, error.what(), false);
  } catch (const std::bad_alloc&) {
    fail("out_of_memory", "[memory] expected more free memory but the system has none left", false);
  } catch (const std::exception& error) {
    fail("internal", error.what(), true);
  }
  outcome.timings = attempt.timings();
  finish(attempt, outcome);
  if (!outcome.retry) attempt.forget_journal();
  return true;
}

std::string worker_name() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return fmt::format("{}-{}", host.data(), ::getpid());
}

}  // namespace hotshot::service
