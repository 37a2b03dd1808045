// OpenAI's Videos interface, /v1/videos (as of npm openai 7.57): what programs written for Sora speak.
#pragma once

#include "net/router.h"
#include "service/service.h"

namespace hotshot::service {

/// The calls on videos, and the list of models.
void add_openai_videos(net::Router& router, Service& service);

/// {"error": {"message", "type", "param", "code"}}; tells clients not to try again where that cannot help.
net::Response openai_error(const net::Request& request, const net::HttpError& error);

/// Our code of an error, as OpenAI's interfaces call it.
std::string openai_code(const std::string& code);

/// The job as a Video object.
nlohmann::json video_json(const store::Job& job);

}  // namespace hotshot::service
