#include "service/xai.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "service/access.h"
#include "service/base64.h"
#include "service/fields.h"
#include "service/job_files.h"
#include "service/openai_videos.h"
#include "service/signed_links.h"
#include "service/wish.h"

namespace hotshot::service {
namespace {

using nlohmann::json;
using store::Identity;
using store::Job;
using store::JobStatus;

constexpr std::uint64_t kMostInline = 32u << 20;

// Clients of this interface fetch the result without a key, and refuse addresses of this machine: without a public_url
// the clip comes inside the answer.
std::string video_url(Service& service, const net::Request& request, const Job& job) {
  const store::JobFile* file = job.file("video");
  if (!service.config().public_url.empty() || (file && file->bytes > kMostInline)) {
    return signed_link(service, request, job, "video");
  }
  return "data:video/mp4;base64," + base64(read_file(job_file_path(service, job, "video"), kMostInline));
}

Asked asked_in(const json& values) {
  for (const char* name : {"image", "last_frame", "keyframes", "reference_images", "reference_audios", "video"}) {
    if (values.contains(name) && !values[name].is_null()) {
      throw net::HttpError(400, "unsupported",
                           fmt::format("[{}] expected a model that takes one but there is none here", name), name);
    }
  }
  Asked asked{.model = text_field(values, "model").value_or(""),
              .prompt = text_field(values, "prompt").value_or(""),
              .negative = text_field(values, "negative_prompt").value_or(""),
              .seconds = number_field(values, "duration"),
              .seed = integer_field(values, "seed"),
              .steps = integer_field(values, "steps"),
              .guidance = number_field(values, "guidance")};
  if (const auto ratio = text_field(values, "aspect_ratio"); ratio && *ratio != "auto")
    asked.aspect = parse_aspect(*ratio, "aspect_ratio");
  return asked;
}

net::Response state(Service& service, const net::Request& request, const Job& job) {
  json body{{"model", job.model}, {"progress", static_cast<int>(job.progress.fraction * 100)}};
  if (job.status == JobStatus::succeeded) {
    body["status"] = "done";
    body["progress"] = 100;
    body["video"] = {
        {"url", video_url(service, request, job)}, {"duration", job_seconds(job)}, {"respect_moderation", true}};
    return net::Response::json(body);
  }
  if (job.error && job.error->code == kRefused) {  // in this interface a refusal is no failure
    body["status"] = "done";
    body["video"] = {{"url", nullptr}, {"duration", 0}, {"respect_moderation", false}};
    return net::Response::json(body);
  }
  if (store::is_final(job.status)) {
    body["status"] = "failed";
    body["error"] = {{"code", job.error ? job.error->code : "internal"},
                     {"message", job.error ? job.error->message : ""}};
    return net::Response::json(body);
  }
  body["status"] = "pending";
  return net::Response::json(body, 202);
}

}  // namespace

void add_xai(net::Router& router, Service& service) {
  router.errors("/xai/v1", openai_error);
  router.add("POST", "/xai/v1/videos/generations",
             allow(service, store::Scope::generate, [&service](net::Request& request, const Identity& who) {
               const json values = read_request_fields(request, service.folder("spool")).values;
               const Job job = grant(service, who, understand(service, asked_in(values)),
                                     {.dialect = "xai", .idempotency = idempotency_of(request, values, "xai")});
               return net::Response::json({{"request_id", job.id}});
             }));
  for (const char* path : {"/xai/v1/videos/edits", "/xai/v1/videos/extensions"}) {
    router.add("POST", path,
               allow(service, store::Scope::generate, [](net::Request&, const Identity&) -> net::Response {
                 throw net::HttpError(400, "unsupported",
                                      "[video] expected a model that takes clips but there is none here", "video");
               }));
  }
  router.add("GET", "/xai/v1/videos/{id}",
             allow(service, store::Scope::read, [&service](net::Request& request, const Identity& who) {
               return state(service, request, visible_job(service, who, request.capture("id")));
             }));
}

}  // namespace hotshot::service
