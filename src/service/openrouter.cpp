#include "service/openrouter.h"

#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"
#include "service/access.h"
#include "service/fields.h"
#include "service/job_files.h"
#include "service/job_json.h"
#include "service/openai_videos.h"
#include "service/signed_links.h"
#include "service/wish.h"

namespace hotshot::service {
namespace {

using nlohmann::json;
using store::Identity;
using store::Job;
using store::JobStatus;

constexpr const char* kBase = "/openrouter/api/v1/videos";

std::string_view state_name(JobStatus status) {
  switch (status) {
    case JobStatus::queued:
      return "pending";
    case JobStatus::running:
      return "in_progress";
    case JobStatus::succeeded:
      return "completed";
    case JobStatus::cancelled:
      return "cancelled";
    default:
      return "failed";
  }
}

// `error` is a string or absent: its clients take no null.
json job_state(Service& service, const net::Request& request, const Job& job) {
  const std::string host =
      public_base(service.config()).empty() ? "http://" + request.headers.get("host") : public_base(service.config());
  json body{
      {"id", job.id}, {"polling_url", fmt::format("{}{}/{}", host, kBase, job.id)}, {"status", state_name(job.status)}};
  if (job.status == JobStatus::succeeded) {
    body["unsigned_urls"] = json::array({fmt::format("{}{}/{}/content?index=0", host, kBase, job.id)});
    body["urls"] = json::array({signed_link(service, request, job, "video")});
    body["usage"] = {{"cost", 0}};
  }
  if (job.error) body["error"] = job.error->message;
  return body;
}

Asked asked_in(const json& values) {
  for (const char* name : {"frame_images", "input_references", "previous_job_id"}) {
    const auto found = values.find(name);
    if (found != values.end() && !found->is_null() && !found->empty()) {
      throw net::HttpError(400, "unsupported",
                           fmt::format("[{}] expected a model that takes one but there is none here", name), name);
    }
  }
  Asked asked{.model = text_field(values, "model").value_or(""),
              .prompt = text_field(values, "prompt").value_or(""),
              .negative = text_field(values, "negative_prompt").value_or(""),
              .size = text_field(values, "size"),
              .seconds = number_field(values, "duration"),
              .seed = integer_field(values, "seed"),
              .steps = integer_field(values, "steps"),
              .guidance = number_field(values, "guidance")};
  if (const auto ratio = text_field(values, "aspect_ratio")) asked.aspect = parse_aspect(*ratio, "aspect_ratio");
  return asked;
}

// What a client may ask of each model.
json capabilities(const Offer& offer) {
  const Abilities& able = offer.abilities;
  json sizes = json::array(), ratios = json::array();
  for (const pipeline::PixelSize& size : able.sizes) {
    const int divisor = std::gcd(size.width, size.height);
    sizes.push_back(fmt::format("{}x{}", size.width, size.height));
    ratios.push_back(fmt::format("{}:{}", size.width / divisor, size.height / divisor));
  }
  json durations = json::array();
  if (able.lengths.empty()) {
    for (int s = 1; s == 1 || s <= able.good_seconds; ++s) durations.push_back(s);
  } else {
    durations = able.lengths;
  }
  return {{"id", offer.name},
          {"canonical_slug", offer.name},
          {"name", offer.name},
          {"created", offer.changed_ms / 1000},
          {"creativity", nullptr},
          {"supported_resolutions", nullptr},
          {"upscale_factor", nullptr},
          {"supported_sizes", sizes},
          {"supported_aspect_ratios", ratios},
          {"supported_durations", durations},
          {"supported_frame_images", json::array()},
          {"seed", able.takes_setting("seed")},
          {"generate_audio", false},
          {"allowed_passthrough_parameters", json::array()}};
}

}  // namespace

void add_openrouter(net::Router& router, Service& service) {
  constexpr auto read = store::Scope::read, write = store::Scope::generate;
  router.errors("/openrouter/api/v1", openai_error);
  router.add("POST", kBase, allow(service, write, [&service](net::Request& request, const Identity& who) {
               const json values = read_request_fields(request, service.folder("spool")).values;
               const Job job =
                   grant(service, who, understand(service, asked_in(values)),
                         {.dialect = "openrouter", .idempotency = idempotency_of(request, values, "openrouter")});
               return net::Response::json(job_state(service, request, job), 202);
             }));
  router.add("GET", std::string(kBase) + "/models", allow(service, read, [&service](net::Request&, const Identity&) {
               json data = json::array();
               for (const OfferPointer& offer : service.catalogue().list()) {
                 if (offer->problem.empty()) data.push_back(capabilities(*offer));
               }
               return net::Response::json({{"data", data}});
             }));
  router.add(
      "GET", std::string(kBase) + "/{id}", allow(service, read, [&service](net::Request& request, const Identity& who) {
        return net::Response::json(job_state(service, request, visible_job(service, who, request.capture("id"))));
      }));
  router.add("GET", std::string(kBase) + "/{id}/content",
             allow(service, read, [&service](net::Request& request, const Identity& who) {
               const Job job = visible_job(service, who, request.capture("id"));
               return job_file_response(service, request, job, "video");
             }));
}

}  // namespace hotshot::service
