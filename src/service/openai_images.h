// OpenAI's Images interface, /v1/images/generations (as of npm openai 7.57): pictures, and with output_format "gif"
// moving ones.
#pragma once

#include "net/router.h"
#include "service/events.h"
#include "service/service.h"

namespace hotshot::service {

void add_openai_images(net::Router& router, Service& service, EventHub& events);

}  // namespace hotshot::service
