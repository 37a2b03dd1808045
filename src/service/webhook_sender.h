// Sends what lies in the outbox (store/webhooks.h), as long as it lives.
#pragma once

#include <thread>
#include <vector>

#include "net/client.h"
#include "service/service.h"

namespace hotshot::service {

/// A few threads, so that one slow endpoint holds up no other. Several servers may send from one database.
class WebhookSender {
 public:
  explicit WebhookSender(Service& service);
  /// What is under way is broken off and put back: it is sent again by whoever comes next.
  ~WebhookSender();

 private:
  void run(const std::stop_token& stop);
  bool send_next(const std::stop_token& stop);

  store::Webhooks& webhooks_;
  net::Client client_;
  std::vector<std::jthread> threads_;
};

}  // namespace hotshot::service
