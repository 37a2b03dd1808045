#include "service/openai_videos.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/options.h"
#include "service/access.h"
#include "service/fields.h"
#include "service/job_files.h"
#include "service/wish.h"

namespace hotshot::service {
namespace {

using nlohmann::json;
using store::Identity;
using store::Job;
using store::JobStatus;

constexpr std::int64_t kRetryWindowMs = 60'000;

std::string_view openai_status(JobStatus status) {
  switch (status) {
    case JobStatus::queued:
      return "queued";
    case JobStatus::running:
      return "in_progress";
    case JobStatus::succeeded:
      return "completed";
    default:
      return "failed";  // there is no "cancelled" in this interface; the error's code says it
  }
}

json seconds_or_null(const std::optional<std::int64_t>& ms) { return ms ? json(*ms / 1000) : json(); }

Asked asked_in(const RequestFields& fields) {
  const json& values = fields.values;
  const auto reference = values.find("input_reference");
  if (fields.files.contains("input_reference") || (reference != values.end() && !reference->is_null())) {
    throw net::HttpError(400, "unsupported",
                         "[input_reference] expected a model that starts from pictures but there is none here",
                         "input_reference");
  }
  return {.model = text_field(values, "model").value_or(""),
          .prompt = text_field(values, "prompt").value_or(""),
          .negative = text_field(values, "negative_prompt").value_or(""),
          .size = text_field(values, "size"),
          .seconds = number_field(values, "seconds"),
          .seed = integer_field(values, "seed"),
          .steps = integer_field(values, "steps"),
          .guidance = number_field(values, "guidance")};
}

// A client that lost our answer sends the same again, counting; it has no idempotency key. The job it already has.
std::optional<Job> earlier_try(Service& service, const net::Request& request, const Identity& who,
                               const json& requested) {
  if (std::strtol(request.headers.get("x-stainless-retry-count").c_str(), nullptr, 10) < 1) return {};
  for (const Job& job : service.jobs().list({.owner = who.account.id, .dialect = "openai", .limit = 20}).jobs) {
    if (store::now_ms() - job.created_ms < kRetryWindowMs && job.requested == requested) return job;
  }
  return {};
}

net::Response answer(const Job& job) {
  net::Response response = net::Response::json(video_json(job));
  if (store::is_final(job.status)) return response;
  const double left = job.progress.seconds_left.value_or(2.0);
  const double wait = job.status == JobStatus::queued ? 1000 : std::clamp(left * 500, 300.0, 5000.0);
  return response.with("openai-poll-after-ms", fmt::format("{}", static_cast<int>(wait)));
}

net::Response make(Service& service, const net::Request& request, const Identity& who, const Wish& wish,
                   const Submission& how) {
  if (const auto job = earlier_try(service, request, who, wish.requested)) return answer(*job);
  return answer(grant(service, who, wish, how));
}

net::Response remix(Service& service, const net::Request& request, const Identity& who, const Job& job) {
  const RequestFields fields = read_request_fields(request, service.folder("spool"));
  Wish wish{.model = job.model};
  json settings = job.effective;
  for (const char* name : {"threads", "device", "dtype", "prompt_2"}) settings.erase(name);
  settings["prompt"] = text_field(fields.values, "prompt").value_or("");
  wish.request = request_of(settings, "remix");
  wish.requested = {{"model", job.model}, {"prompt", settings["prompt"]}, {"remix_of", job.id}};
  return make(service, request, who, wish,
              {.dialect = "openai",
               .parent = job.id,
               .relation = "remix",
               .folder = job.folder,
               .idempotency = idempotency_of(request, wish.requested, "openai")});
}

net::Response list(Service& service, const net::Request& request, const Identity& who) {
  store::JobQuery query{.owner = who.account.id, .kind = "video"};
  if (const std::string* order = request.query_value("order")) query.ascending = *order == "asc";
  if (const std::string* after = request.query_value("after")) query.after = *after;
  if (const std::string* limit = request.query_value("limit")) {
    query.limit = std::clamp(static_cast<int>(std::strtol(limit->c_str(), nullptr, 10)), 1, 100);
  }
  const store::JobPage page = service.jobs().list(query);
  json data = json::array();
  for (const Job& job : page.jobs) data.push_back(video_json(job));
  const auto id_of = [&](std::size_t i) { return data.empty() ? json() : data[i]["id"]; };
  return net::Response::json({{"object", "list"},
                              {"data", data},
                              {"first_id", id_of(0)},
                              {"last_id", data.empty() ? json() : data.back()["id"]},
                              {"has_more", page.has_more}});
}

net::Response content(Service& service, const net::Request& request, const Job& job) {
  const std::string* asked = request.query_value("variant");
  const std::string variant = asked ? *asked : "video";
  if (variant != "video" && variant != "thumbnail" && variant != "spritesheet") {
    throw net::HttpError(400, "invalid_request",
                         fmt::format("[variant] expected video, thumbnail or spritesheet but got '{}'", variant),
                         "variant");
  }
  if (job.status != JobStatus::succeeded) {
    throw net::HttpError(404, "video_not_ready", fmt::format("[video] {} is {}", job.id, openai_status(job.status)));
  }
  net::FileInfo how{.inline_name = true};
  if (const store::JobFile* file = job.file(variant))
    how.download_name = fmt::format("{}.{}", job.id, file_extension(*file));
  return job_file_response(service, request, job, variant, how);
}

json openai_model(const Offer& offer) {
  return {{"id", offer.name},
          {"object", "model"},
          {"created", offer.changed_ms / 1000},
          {"owned_by", offer.provider.empty() ? "hotshot" : offer.provider}};
}

using JobHandler = std::function<net::Response(net::Request&, const Identity&, const Job&)>;

void add_one(net::Router& router, Service& service, std::string_view method, std::string_view rest, store::Scope needed,
             JobHandler handler) {
  router.add(method, fmt::format("/v1/videos/{{id}}{}", rest),
             allow(service, needed,
                   [&service, handler = std::move(handler)](net::Request& request, const Identity& who) {
                     const Job job = visible_job(service, who, request.capture("id"));
                     if (job.kind != "video") {
                       throw net::HttpError(404, "not_found",
                                            fmt::format("[video] expected a video but {} is an {}", job.id, job.kind));
                     }
                     return handler(request, who, job);
                   }),
             {.max_body = kLargestUpload});
}

// What this interface has and no model here can do.
void add_unsupported(net::Router& router, Service& service, std::string_view method, std::string_view path,
                     const char* what) {
  router.add(method, path,
             allow(service, store::Scope::generate,
                   [what](net::Request&, const Identity&) -> net::Response {
                     throw net::HttpError(
                         400, "unsupported",
                         fmt::format("[video] expected a model that can {} but there is none here", what));
                   }),
             {.max_body = kLargestUpload});
}

std::string code_of(const Job& job) {
  if (job.error->code != kRefused) return job.error->code;
  return refused_stage(job.moderation) == "frames" ? "output_moderation" : "input_moderation";
}

}  // namespace

std::string openai_code(const std::string& code) { return code == kRefused ? "content_policy_violation" : code; }

net::Response openai_error(const net::Request&, const net::HttpError& error) {
  const char* type = error.status == 401   ? "authentication_error"
                     : error.status == 403 ? "permission_error"
                     : error.status == 429 ? "rate_limit_error"
                     : error.status >= 500 ? "server_error"
                                           : "invalid_request_error";
  net::Response response = net::Response::json({{"error",
                                                 {{"message", error.what()},
                                                  {"type", type},
                                                  {"param", error.param.empty() ? json() : json(error.param)},
                                                  {"code", openai_code(error.code)}}}},
                                               error.status);
  for (const auto& [name, value] : error.headers) response.headers.set(name, value);
  if (error.status < 500 && !response.headers.find("x-should-retry")) response.headers.set("x-should-retry", "false");
  return response;
}

json video_json(const Job& job) {
  const bool done = job.status == JobStatus::succeeded;
  json result{{"id", job.id},
              {"object", "video"},
              {"model", job.model},
              {"status", openai_status(job.status)},
              {"progress", done ? 100 : static_cast<int>(std::lround(job.progress.fraction * 100))},
              {"created_at", job.created_ms / 1000},
              {"completed_at", done ? seconds_or_null(job.finished_ms) : json()},
              {"expires_at", nullptr},
              {"prompt", job.prompt},
              {"size", job.effective.is_object() ? job.effective.value("size", "") : ""},
              {"seconds", fmt::format("{:g}", job_seconds(job))},
              {"remixed_from_video_id", job.relation == "remix" ? json(job.parent) : json()},
              {"error", nullptr}};
  if (job.error) result["error"] = {{"code", code_of(job)}, {"message", job.error->message}};
  // Not in the original: clients pass over what they do not know.
  result["requested"] = job.requested;
  result["effective"] = job.effective;
  result["warnings"] = job.warnings;
  return result;
}

void add_openai_videos(net::Router& router, Service& service) {
  constexpr auto read = store::Scope::read, write = store::Scope::generate;
  router.errors("/v1", openai_error);
  router.add("POST", "/v1/videos",
             allow(service, write,
                   [&service](net::Request& request, const Identity& who) {
                     const RequestFields fields = read_request_fields(request, service.folder("spool"));
                     return make(
                         service, request, who, understand(service, asked_in(fields)),
                         {.dialect = "openai", .idempotency = idempotency_of(request, fields.values, "openai")});
                   }),
             {.max_body = kLargestUpload});
  router.add("GET", "/v1/videos", allow(service, read, [&service](net::Request& request, const Identity& who) {
               return list(service, request, who);
             }));
  add_one(router, service, "GET", "", read, [](net::Request&, const Identity&, const Job& job) { return answer(job); });
  add_one(router, service, "DELETE", "", write, [&service](net::Request&, const Identity&, const Job& job) {
    service.jobs().remove(job.id);
    return net::Response::json({{"id", job.id}, {"object", "video.deleted"}, {"deleted", true}});
  });
  add_one(router, service, "GET", "/content", read, [&service](net::Request& request, const Identity&, const Job& job) {
    return content(service, request, job);
  });
  add_one(router, service, "POST", "/remix", write,
          [&service](net::Request& request, const Identity& who, const Job& job) {
            return remix(service, request, who, job);
          });
  add_unsupported(router, service, "POST", "/v1/videos/edits", "edit clips");
  add_unsupported(router, service, "POST", "/v1/videos/extensions", "extend clips");
  add_unsupported(router, service, "POST", "/v1/videos/characters", "keep characters");
  add_unsupported(router, service, "GET", "/v1/videos/characters/{id}", "keep characters");
  router.add("GET", "/v1/models", allow(service, read, [&service](net::Request&, const Identity&) {
               json data = json::array();
               for (const OfferPointer& offer : service.catalogue().list()) {
                 if (offer->problem.empty()) data.push_back(openai_model(*offer));
               }
               return net::Response::json({{"object", "list"}, {"data", data}});
             }));
  router.add("GET", "/v1/models/{id}", allow(service, read, [&service](net::Request& request, const Identity&) {
               return net::Response::json(openai_model(*service.catalogue().find(request.capture("id"))));
             }));
}

}  // namespace hotshot::service
