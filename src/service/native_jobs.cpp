#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/options.h"
#include "service/access.h"
#include "service/fields.h"
#include "service/job_files.h"
#include "service/job_json.h"
#include "service/native.h"

namespace hotshot::service {
namespace {

using nlohmann::json;
using store::Identity;
using store::Job;

constexpr std::size_t kMostKin = 100;  // of each side
constexpr int kMostClips = 16;

// The members of `body` that say how the clip should be, without those that say what to do with the job.
pipeline::GenerateRequest request_in(json body) {
  for (const char* name : {"model", "parent", "relation", "folder", "priority"}) body.erase(name);
  for (auto member = body.begin(); member != body.end();) {
    member = member->is_null() ? body.erase(member) : std::next(member);
  }
  for (const char* name : {"device", "dtype", "threads"}) {
    // What the machine does is its owner's affair.
    if (body.contains(name)) {
      throw net::HttpError(400, "invalid_request",
                           fmt::format("[{}] expected a setting of the service but got one in a request", name), name);
    }
  }
  pipeline::GenerateRequest request;
  try {
    read_fields(request.fields(), body, "request");
  } catch (const InvalidArgument& error) {
    throw net::HttpError(400, "invalid_request", error.what());
  }
  if (request.count > kMostClips) {
    throw net::HttpError(400, "invalid_request",
                         fmt::format("[count] expected at most {} but got {}", kMostClips, request.count), "count");
  }
  return request;
}

std::string short_text(const json& body, const char* name) {
  std::string text = text_member(body, name);
  if (text.size() > kLongestName) {
    throw net::HttpError(400, "invalid_request", fmt::format("[{}] expected at most {} bytes", name, kLongestName),
                         name);
  }
  return text;
}

net::Response create(Service& service, const net::Request& request, const Identity& who) {
  const json body = json_body(request);
  Submission how{.dialect = "native",
                 .parent = short_text(body, "parent"),
                 .relation = short_text(body, "relation"),
                 .folder = short_text(body, "folder"),
                 .idempotency = idempotency_of(request, body, "native")};
  if (const auto priority = integer_member(body, "priority")) {
    how.priority =
        static_cast<int>(std::clamp<std::int64_t>(*priority, -10, who.scope == store::Scope::admin ? 10 : 0));
  }
  if (!how.parent.empty()) visible_job(service, who, how.parent);
  const Planned planned = service.catalogue().plan(text_member(body, "model"), request_in(body));
  const store::Submitted made = submit(service, who, planned, how);
  return net::Response::json({{"jobs", jobs_json(service, made.jobs)}}, made.replayed ? 200 : 201);
}

net::Response retry(Service& service, const net::Request& request, const Job& job, const Identity& who) {
  // The same clip, seed and all, not another of the same words.
  Planned planned = service.catalogue().plan(job.model, request_of(job.effective, "retry"), job.kind);
  planned.requested = job.requested;
  for (const char* name : {"output_format", "frame_duration_ms"}) {
    if (job.effective.contains(name)) planned.effective[name] = job.effective[name];
  }
  const Submission how{.dialect = job.dialect,
                       .parent = job.id,
                       .relation = "retry",
                       .folder = job.folder,
                       .priority = job.priority,
                       .idempotency = idempotency_of(request, {{"retry", job.id}}, "native")};
  const store::Submitted made = submit(service, who, planned, how);
  return net::Response::json({{"jobs", jobs_json(service, made.jobs)}}, made.replayed ? 200 : 201);
}

std::optional<bool> flag(const net::Request& request, std::string_view name) {
  const std::string* value = request.query_value(name);
  if (!value) return {};
  if (*value != "true" && *value != "false") {
    throw net::HttpError(400, "invalid_request", fmt::format("[{}] expected true or false but got '{}'", name, *value),
                         std::string(name));
  }
  return *value == "true";
}

store::JobQuery query_of(const net::Request& request, const Identity& who) {
  const auto text = [&](std::string_view name) {
    const std::string* value = request.query_value(name);
    return value ? *value : std::string();
  };
  store::JobQuery query{.owner = who.account.id,
                        .text = text("q"),
                        .folder = text("folder"),
                        .group = text("group"),
                        .parent = text("parent"),
                        .kind = request.query_value("kind") ? text("kind") : "video",
                        .favourite = flag(request, "favourite"),
                        .trashed = flag(request, "trashed").value_or(false),
                        .ascending = text("order") == "asc",
                        .after = text("after")};
  if (const std::string limit = text("limit"); !limit.empty()) {
    char* end = nullptr;
    const long value = std::strtol(limit.c_str(), &end, 10);
    if (*end != '\0' || value < 1 || value > 200) {
      throw net::HttpError(400, "invalid_request", fmt::format("[limit] expected 1 to 200 but got '{}'", limit),
                           "limit");
    }
    query.limit = static_cast<int>(value);
  }
  const std::string statuses = text("status");
  for (std::size_t begin = 0; begin < statuses.size();) {
    const std::size_t end = std::min(statuses.find(',', begin), statuses.size());
    query.statuses.push_back(store::parse_status(statuses.substr(begin, end - begin)));
    begin = end + 1;
  }
  return query;
}

net::Response change(Service& service, const net::Request& request, const Identity& who, const Job& job) {
  const json body = json_body(request);
  store::JobChanges changes;
  for (const auto& [name, value] : body.items()) {
    const auto flag_value = [&, &name = name, &value = value] {
      if (value.is_boolean()) return value.get<bool>();
      throw net::HttpError(400, "invalid_request",
                           fmt::format("[{}] expected true or false but got {}", name, shown(value)), name);
    };
    if (name == "favourite") {
      changes.favourite = flag_value();
    } else if (name == "trashed") {
      changes.trashed = flag_value();
    } else if (name == "title" || name == "folder") {
      const std::string text = short_text(body, name.c_str());
      (name == "title" ? changes.title : changes.folder) = text;
    } else {
      throw net::HttpError(400, "invalid_request",
                           fmt::format("[{}] expected one of favourite, folder, title, trashed", name), name);
    }
  }
  service.jobs().change(job.id, changes);
  return net::Response::json(job_json(service, visible_job(service, who, job.id)));
}

net::Response lineage(Service& service, const Identity& who, const Job& job) {
  // An imported clip may name anything as its parent, itself too.
  std::set<std::string> seen{job.id};
  std::vector<Job> ancestors;
  for (std::string id = job.parent; !id.empty() && ancestors.size() < kMostKin && seen.insert(id).second;) {
    const auto parent = service.jobs().find(id);
    if (!parent || (parent->owner != who.account.id && who.scope != store::Scope::admin)) break;
    ancestors.push_back(*parent);
    id = parent->parent;
  }
  std::vector<Job> descendants, level{job};
  while (!level.empty()) {
    std::vector<Job> next;
    for (const Job& parent : level) {
      for (Job& child :
           service.jobs().list({.owner = job.owner, .parent = parent.id, .ascending = true, .limit = 100}).jobs) {
        if (descendants.size() + next.size() == kMostKin) break;
        if (seen.insert(child.id).second) next.push_back(std::move(child));
      }
    }
    descendants.insert(descendants.end(), next.begin(), next.end());
    level = std::move(next);
  }
  return net::Response::json(
      {{"ancestors", jobs_json(service, ancestors)}, {"descendants", jobs_json(service, descendants)}});
}

net::Response send_file(Service& service, const net::Request& request, const Job& job, const std::string& role) {
  net::FileInfo how;
  if (const store::JobFile* file = job.file(role); file && request.query_value("download"))
    how.download_name = fmt::format("{}.{}", job.title.empty() ? job.id : job.title, file_extension(*file));
  return job_file_response(service, request, job, role, how);
}

net::Response send_preview(Service& service, const net::Request& request, const Job& job) {
  const auto path = job.progress.preview.empty() ? std::nullopt : service.blobs().find(job.progress.preview);
  if (!path) throw net::HttpError(404, "not_found", fmt::format("[job] {} has no preview", job.id));
  return net::file_response(
      request,
      {.path = *path, .size = std::filesystem::file_size(*path), .type = "image/png", .etag = job.progress.preview});
}

using JobHandler = std::function<net::Response(net::Request&, const Identity&, const Job&)>;

// A route of one job: "/api/v1/jobs/{id}" + rest.
void add_one(net::Router& router, Service& service, std::string_view method, std::string_view rest, store::Scope needed,
             JobHandler handler) {
  router.add(
      method, fmt::format("/api/v1/jobs/{{id}}{}", rest),
      allow(service, needed, [&service, handler = std::move(handler)](net::Request& request, const Identity& who) {
        return handler(request, who, visible_job(service, who, request.capture("id")));
      }));
}

}  // namespace

void add_native_jobs(net::Router& router, Service& service) {
  constexpr auto read = store::Scope::read, write = store::Scope::generate;
  router.add("POST", "/api/v1/jobs", allow(service, write, [&service](net::Request& request, const Identity& who) {
               return create(service, request, who);
             }));
  router.add("GET", "/api/v1/jobs", allow(service, read, [&service](net::Request& request, const Identity& who) {
               const store::JobPage page = service.jobs().list(query_of(request, who));
               return net::Response::json({{"jobs", jobs_json(service, page.jobs)}, {"has_more", page.has_more}});
             }));
  add_one(router, service, "GET", "", read, [&service](net::Request&, const Identity&, const Job& job) {
    return net::Response::json(job_json(service, job));
  });
  add_one(router, service, "PATCH", "", write, [&service](net::Request& request, const Identity& who, const Job& job) {
    return change(service, request, who, job);
  });
  add_one(router, service, "DELETE", "", write, [&service](net::Request&, const Identity&, const Job& job) {
    service.jobs().remove(job.id);
    return net::Response::empty();
  });
  add_one(router, service, "POST", "/cancel", write, [&service](net::Request&, const Identity& who, const Job& job) {
    service.jobs().cancel(job.id);
    return net::Response::json(job_json(service, visible_job(service, who, job.id)));
  });
  add_one(router, service, "POST", "/retry", write,
          [&service](net::Request& request, const Identity& who, const Job& job) {
            return retry(service, request, job, who);
          });
  add_one(router, service, "GET", "/files/{role}", read,
          [&service](net::Request& request, const Identity&, const Job& job) {
            return send_file(service, request, job, request.capture("role"));
          });
  add_one(router, service, "GET", "/preview", read, [&service](net::Request& request, const Identity&, const Job& job) {
    return send_preview(service, request, job);
  });
  add_one(router, service, "GET", "/lineage", read,
          [&service](net::Request&, const Identity& who, const Job& job) { return lineage(service, who, job); });
  for (const bool on : {true, false}) {
    add_one(router, service, on ? "POST" : "DELETE", "/share", write,
            [&service, on](net::Request&, const Identity& who, const Job& job) {
              service.jobs().share(job.id, on ? (job.share.empty() ? store::new_secret() : job.share) : "");
              return net::Response::json(job_json(service, visible_job(service, who, job.id)));
            });
  }
}

}  // namespace hotshot::service
