#include "service/openai_images.h"

#include <algorithm>
#include <array>
#include <mutex>
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

constexpr std::uint64_t kMostBytes = 64u << 20;
constexpr auto kFormats = std::to_array<std::string_view>({"png", "webp", "gif"});

struct ImageWish {
  Wish wish;
  int count = 1;
  std::string format = "png";
  int duration_ms = 200;
  bool as_url = false;
  bool stream = false;
  std::int64_t partials = 0;
};

std::int64_t in_range(const json& values, const char* name, std::int64_t low, std::int64_t high,
                      std::int64_t otherwise) {
  const std::int64_t value = integer_field(values, name).value_or(otherwise);
  if (value >= low && value <= high) return value;
  throw net::HttpError(400, "invalid_request", fmt::format("[{}] expected {} to {} but got {}", name, low, high, value),
                       name);
}

ImageWish image_wish(Service& service, const json& values) {
  ImageWish image;
  Asked asked{.model = text_field(values, "model").value_or(""),
              .prompt = text_field(values, "prompt").value_or(""),
              .seed = integer_field(values, "seed")};
  if (const auto size = text_field(values, "size"); size && *size != "auto") asked.size = size;
  // Names of closed services' picture models stand for the default one as well.
  for (const std::string_view gone : {"gpt-image", "dall-e", "chatgpt-image"}) {
    if (asked.model.starts_with(gone)) asked.model = "sora";
  }
  image.wish = understand(service, asked);
  image.count = static_cast<int>(in_range(values, "n", 1, 10, 1));
  image.format = text_field(values, "output_format").value_or("png");
  if (std::find(kFormats.begin(), kFormats.end(), image.format) == kFormats.end()) {
    throw net::HttpError(400, "unsupported",
                         fmt::format("[output_format] expected png, webp or gif but got '{}'", image.format),
                         "output_format");
  }
  const std::string response_format = text_field(values, "response_format").value_or("b64_json");
  if (response_format != "b64_json" && response_format != "url") {
    throw net::HttpError(400, "invalid_request",
                         fmt::format("[response_format] expected b64_json or url but got '{}'", response_format),
                         "response_format");
  }
  image.as_url = response_format == "url";
  const auto stream = values.find("stream");
  image.stream = stream != values.end() && stream->is_boolean() && stream->get<bool>();
  image.partials = in_range(values, "partial_images", 0, 3, 0);
  image.wish.request.frames = 1;
  if (image.format == "gif") {
    image.wish.request.frames = static_cast<int>(in_range(values, "frame_count", 2, 64, 9));
    image.duration_ms = static_cast<int>(in_range(values, "frame_duration_ms", 20, 10'000, 200));
    if (image.stream)
      throw net::HttpError(400, "invalid_request", "[stream] expected false with output_format gif", "stream");
  }
  if (image.stream && image.count > 1) throw net::HttpError(400, "invalid_request", "[n] expected 1 with stream", "n");
  image.wish.request.count = image.count;
  return image;
}

std::vector<std::string> queue(Service& service, const net::Request& request, const Identity& who,
                               const ImageWish& image) {
  Planned planned = service.catalogue().plan(image.wish.model, image.wish.request, "image");
  planned.requested = image.wish.requested;
  planned.effective["output_format"] = image.format;
  planned.effective["frame_duration_ms"] = image.duration_ms;
  for (const std::string& warning : image.wish.warnings) planned.warnings.push_back(warning);
  std::vector<std::string> ids;
  const Submission how{.dialect = "openai-images",
                       .idempotency = idempotency_of(request, planned.requested, "openai-images")};
  for (const Job& job : submit(service, who, planned, how).jobs) ids.push_back(job.id);
  return ids;
}

json answer_head(const Job& job) {
  return {{"created", job.created_ms / 1000},
          {"output_format", job.effective.value("output_format", "png")},
          {"size", job.effective.value("size", "")},
          {"warnings", job.warnings}};
}

// Clients try 5xx again by themselves, but the job was tried already.
[[noreturn]] void throw_failure_of(const Job* job) {
  const auto is = [&](std::string_view code) { return job && job->error && job->error->code == code; };
  const bool users = is("invalid_request") || is("cancelled") || is(kRefused);
  net::HttpError error(users ? 400 : 500, job && job->error ? job->error->code : "removed",
                       job && job->error ? job->error->message : "[image] the job was removed before it was done");
  error.headers.set("x-should-retry", "false");
  throw error;
}

json image_json(Service& service, const std::string& host, const Job& job, bool as_url) {
  if (job.status != store::JobStatus::succeeded) throw_failure_of(&job);
  if (!as_url) return {{"b64_json", base64(read_file(job_file_path(service, job, "image"), kMostBytes))}};
  net::Request request;
  request.headers.set("host", host);
  return {{"url", signed_link(service, request, job, "image")}};
}

// Answers once every job of `ids` is over.
net::Response answer_when_done(Service& service, EventHub& events, const net::Router& router,
                               const net::Request& request, std::vector<std::string> ids, bool as_url) {
  struct Gathering {
    std::mutex mutex;
    std::size_t left = 0;
    std::function<void(net::Response)> answer;
  };
  net::Response response;
  response.body =
      net::LaterBody([&service, &events, &router, ids = std::move(ids), as_url, host = request.headers.get("host"),
                      path = request.path](std::function<void(net::Response)> answer) {
        const auto gathering = std::make_shared<Gathering>();
        gathering->left = ids.size();
        gathering->answer = std::move(answer);
        for (const std::string& id : ids) {
          events.watch(id, [&service, &router, gathering, ids, as_url, host, path](const Job* job) {
            if (job && !store::is_final(job->status)) return true;
            const std::lock_guard lock(gathering->mutex);
            if (--gathering->left > 0) return false;
            net::Request request;
            request.path = path;
            try {
              json body, data = json::array();
              for (const std::string& one : ids) {
                const auto done = service.jobs().find(one);
                if (!done) throw_failure_of(nullptr);
                if (body.is_null()) body = answer_head(*done);
                data.push_back(image_json(service, host, *done, as_url));
              }
              body["data"] = data;
              gathering->answer(net::Response::json(body));
            } catch (const net::HttpError& error) {
              gathering->answer(router.refuse(request, error));
            } catch (const std::exception&) {
              gathering->answer(
                  router.refuse(request, net::HttpError(500, "internal", "[image] it was made but cannot be read")));
            }
            return false;
          });
        }
      });
  return response;
}

std::string event(const json& data) {
  return fmt::format("event: {}\ndata: {}\n\n", data["type"].get<std::string>(), data.dump());
}

// What is there so far, then the picture.
net::Response stream_of(Service& service, EventHub& events, const std::string& id, std::int64_t partials) {
  net::Response response;
  response.headers = {
      {"content-type", "text/event-stream"}, {"cache-control", "no-store"}, {"x-accel-buffering", "no"}};
  response.body = net::StreamBody([&service, &events, id, partials](std::shared_ptr<net::Stream> stream) {
    struct State {
      std::int64_t sent = 0;
      std::string preview;
    };
    events.watch(id, [&service, stream, partials, state = std::make_shared<State>()](const Job* job) {
      if (!stream->is_open()) return false;
      if (job && !store::is_final(job->status)) {
        const std::string& preview = job->progress.preview;
        const auto path = preview.empty() || preview == state->preview || state->sent >= partials
                              ? std::nullopt
                              : service.blobs().find(preview);
        if (!path) return stream->send(": waiting\n\n");
        state->preview = preview;
        json partial = answer_head(*job);
        partial.update({{"type", "image_generation.partial_image"},
                        {"created_at", job->created_ms / 1000},
                        {"partial_image_index", state->sent++},
                        {"output_format", "png"},
                        {"b64_json", base64(read_file(*path, kMostBytes))}});
        return stream->send(event(partial));
      }
      try {
        if (!job) throw_failure_of(nullptr);
        json done = answer_head(*job);
        done.update({{"type", "image_generation.completed"}, {"created_at", job->created_ms / 1000}});
        done.update(image_json(service, "", *job, false));
        stream->send(event(done));
      } catch (const net::HttpError& error) {
        stream->send(event({{"type", "error"},
                            {"error",
                             {{"message", error.what()},
                              {"code", openai_code(error.code)},
                              {"type", "server_error"},
                              {"param", nullptr}}}}));
      }
      stream->close();
      return false;
    });
  });
  return response;
}

}  // namespace

void add_openai_images(net::Router& router, Service& service, EventHub& events) {
  router.add(
      "POST", "/v1/images/generations",
      allow(service, store::Scope::generate, [&service, &events, &router](net::Request& request, const Identity& who) {
        const ImageWish image = image_wish(service, read_request_fields(request, service.folder("spool")).values);
        std::vector<std::string> ids = queue(service, request, who, image);
        if (image.stream) return stream_of(service, events, ids.front(), image.partials);
        return answer_when_done(service, events, router, request, std::move(ids), image.as_url);
      }));
  for (const char* path : {"/v1/images/edits", "/v1/images/variations"}) {
    router.add("POST", path,
               allow(service, store::Scope::generate,
                     [](net::Request&, const Identity&) -> net::Response {
                       throw net::HttpError(400, "unsupported",
                                            "[image] expected a model that takes pictures but there is none here",
                                            "image");
                     }),
               {.max_body = 64u << 20});
  }
}

}  // namespace hotshot::service
