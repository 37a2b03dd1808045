// The running service: every interface on one server.
#pragma once

#include <memory>

#include "net/router.h"
#include "net/server.h"
#include "service/events.h"
#include "service/measures.h"
#include "service/service.h"
#include "service/tasks.h"
#include "service/webhook_sender.h"

namespace hotshot::service {

/// All routes of the service.
void add_routes(net::Router& router, Service& service, EventHub& events, Tasks& tasks, Measures& measures);

/// Answers from its making until stop(). Also keeps house: gives back what dead workers held, empties the trash.
class App {
 public:
  explicit App(Service& service);
  ~App();
  int port() const { return server_->port(); }
  Measures& measures() { return measures_; }
  /// No new connections; what is being answered is finished.
  void stop();

 private:
  void keep_house(const std::stop_token& stop);

  Service& service_;
  EventHub events_;
  Measures measures_;
  net::Router router_;
  Tasks tasks_;  // answer through the router, which goes after them
  std::unique_ptr<WebhookSender> webhooks_;
  std::unique_ptr<net::Server> server_;
  std::jthread keeper_;
};

}  // namespace hotshot::service
