#include "service/remote_errand.h"

#include <algorithm>
#include <cmath>
#include <thread>

#include "base/error.h"
#include "store/database.h"

namespace hotshot::service {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds kLongestPause{60'000};
constexpr int kMostMissing = 4;  // a clip may be known a little later than its id
constexpr int kMostFetches = 3;  // of a clip whose address is refused: it may have expired

RemoteOrder order_of(const json& effective) {
  RemoteOrder order{.model = effective.at("remote_model"),
                    .prompt = effective.at("prompt"),
                    .size = pipeline::parse_pixel_size(effective.at("size")),
                    .seconds = effective.at("seconds")};
  for (const char* setting : {"seed", "negative", "steps", "guidance"}) {
    if (effective.contains(setting)) order.settings[setting] = effective[setting];
  }
  return order;
}

// What is put into a path and a database.
bool is_id(const std::string& id) {
  return !id.empty() && id.size() <= 512 && id.front() != '.' &&
         std::all_of(id.begin(), id.end(), [](unsigned char c) { return c > ' ' && c < 0x7f; });
}

bool is_moderation(const std::string& code) {
  return code.find("moderation") != std::string::npos || code.find("content_policy") != std::string::npos;
}

}  // namespace

RemoteErrand::RemoteErrand(const Provider& provider, const RemoteClient& client, const RemotePace& pace,
                           const store::Claim& claim, RenderContext& context)
    : provider_(provider),
      interface_(remote_interface(provider.interface, "provider")),
      client_(client),
      pace_(pace),
      claim_(claim),
      context_(context),
      effective_(claim.job.effective) {}

void RemoteErrand::run(const std::filesystem::path& to) {
  context_.begin("waiting", 100);
  const std::string id = start();
  for (int fetches = 1;; ++fetches) {
    const RemoteState state = wait(id);
    if (state.file.empty()) fail("provider_failed", "it says that the clip is done but not where it is");
    const RemoteAnswer answer = client_.fetch(state.file, to, [this] { return context_.cancelled(); });
    stop_if_asked(id);
    if (answer.kind == RemoteAnswer::Kind::ok) return;
    if (answer.kind == RemoteAnswer::Kind::refused && fetches >= kMostFetches) fail("provider_file", answer.message);
    rest_after(answer, id);
  }
}

std::string RemoteErrand::start() {
  if (std::string id = text_in(effective_, "remote_id"); !id.empty()) return id;
  const std::string id = ask_for_clip();
  effective_.erase("remote_asked");
  effective_["remote_id"] = id;
  effective_["remote_since_ms"] = store::now_ms();
  remember();
  return id;
}

std::string RemoteErrand::ask_for_clip() {
  const bool repeatable = provider_.idempotent || interface_.is_idempotent();
  if (effective_.contains("remote_asked") && !repeatable) {
    fail("provider_unknown", "a worker ended while it was asked, so it may be making the clip; retry makes another");
  }
  const RemoteCall call = interface_.create(order_of(effective_));
  for (;;) {
    effective_["remote_asked"] = true;
    remember();
    const RemoteAnswer answer = client_.ask_once(call, claim_.job.id);
    if (answer.kind == RemoteAnswer::Kind::refused) fail_refused(answer);
    if (answer.kind == RemoteAnswer::Kind::ok) {
      std::string id = interface_.id_in(answer.body);
      if (!is_id(id)) fail("provider_failed", "it took the request but its answer has no id");
      heard_ = Clock::now(), failures_ = 0;
      return id;
    }
    if (answer.unseen) {
      effective_.erase("remote_asked");
      remember();
    } else if (!repeatable) {
      fail("provider_unknown", answer.message + ", so it may be making the clip; retry makes another");
    }
    rest_after(answer);
  }
}

RemoteState RemoteErrand::wait(const std::string& id) {
  const RemoteCall call = interface_.poll(id);
  milliseconds pause = pace_.first;
  for (int missing = 0;;) {
    check_time(id);
    const RemoteAnswer answer = client_.ask(call, [this] { return context_.cancelled(); });
    stop_if_asked(id);
    if (answer.kind == RemoteAnswer::Kind::ok) {
      heard_ = Clock::now(), failures_ = 0;
      RemoteState state = interface_.state_in(answer.body, id);
      if (state.status == RemoteState::Status::done) return state;
      if (state.status == RemoteState::Status::failed) {
        const std::string message = state.message.empty() ? state.code : state.message;
        fail(is_moderation(state.code) ? "moderation" : "provider_failed", client_.presentable(message));
      }
      context_.advance(std::lround(state.fraction * 100));
      rest(answer.wait.count() > 0 ? answer.wait : pause, id);
      pause = std::min(pause * 13 / 10, pace_.longest);
    } else if (answer.kind == RemoteAnswer::Kind::refused && (answer.status != 404 || ++missing >= kMostMissing)) {
      fail_refused(answer);
    } else {
      rest_after(answer, id);
    }
  }
}

void RemoteErrand::check_time(const std::string& id) {
  const std::int64_t since = effective_.value("remote_since_ms", store::now_ms());
  if (store::now_ms() - since < provider_.timeout_minutes * std::int64_t{60'000}) return;
  if (const auto call = interface_.cancel(id)) client_.ask(*call);
  fail("provider_timeout", fmt::format("the clip was not done after {} minutes", provider_.timeout_minutes));
}

void RemoteErrand::stop_if_asked(const std::string& id) {
  if (!context_.cancelled()) return;
  // Where the worker is only told to let go, another one goes on waiting for the same clip.
  const auto call = id.empty() ? std::nullopt : interface_.cancel(id);
  if (call && context_.cancel_requested()) client_.ask(*call);
  throw Cancelled();
}

void RemoteErrand::rest(milliseconds time, const std::string& id) {
  constexpr milliseconds kLook{50};
  for (const auto until = Clock::now() + time; Clock::now() < until;) {
    stop_if_asked(id);
    std::this_thread::sleep_for(std::min(kLook, time));
  }
  stop_if_asked(id);
}

void RemoteErrand::rest_after(const RemoteAnswer& answer, const std::string& id) {
  if (Clock::now() - heard_ > pace_.patience) fail("provider_unavailable", answer.message);
  context_.advance(0);  // says that the job is alive, and learns of a cancel soon
  const milliseconds pause = pace_.first * (std::int64_t{1} << std::min(failures_++, 16));
  rest(std::max(answer.wait, std::min(pause, kLongestPause)), id);
}

void RemoteErrand::fail(const std::string& code, const std::string& message) const {
  throw JobFailure(code, fmt::format("[provider] {}: {}", provider_.name, message));
}

void RemoteErrand::fail_refused(const RemoteAnswer& answer) const {
  if (is_moderation(answer.code)) fail("moderation", answer.message);
  if (answer.status == 401)
    fail("provider_refused", "it refuses the key of this service");  // its words may show the key
  if (answer.status == 402 || answer.status == 403) fail("provider_refused", answer.message);
  const bool ours = answer.status == 400 || answer.status == 413 || answer.status == 422;
  fail(ours ? "invalid_request" : "provider_failed", answer.message);
}

}  // namespace hotshot::service
