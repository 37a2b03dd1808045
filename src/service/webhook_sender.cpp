#include "service/webhook_sender.h"

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>

#include "base/error.h"
#include "service/webhook_message.h"

namespace hotshot::service {
namespace {

using std::chrono::milliseconds;

constexpr int kThreads = 4;
constexpr std::int64_t kLeaseMs = 15'000;  // more than a request may take
constexpr milliseconds kLook{500}, kLookAfterFailure{5'000};

void wait(const std::stop_token& stop, milliseconds time) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any().wait_for(lock, stop, time, [] { return false; });
}

}  // namespace

WebhookSender::WebhookSender(Service& service)
    : webhooks_(service.webhooks()), client_(webhook_reach(service.config())) {
  for (int i = 0; i < kThreads; ++i) threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
}

WebhookSender::~WebhookSender() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

bool WebhookSender::send_next(const std::stop_token& stop) {
  const auto claim = webhooks_.claim(kLeaseMs);
  if (!claim) return false;
  try {
    webhooks_.record(
        *claim, send_webhook(client_, claim->endpoint, claim->delivery, [&stop] { return stop.stop_requested(); }));
  } catch (const Cancelled&) {
    webhooks_.give_back(*claim);
  }
  return true;
}

void WebhookSender::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      if (!send_next(stop)) wait(stop, kLook);
    } catch (const std::exception& error) {
      std::fputs(fmt::format("hotshot serve: webhooks: {}\n", error.what()).c_str(), stderr);
      wait(stop, kLookAfterFailure);
    }
  }
}

}  // namespace hotshot::service
