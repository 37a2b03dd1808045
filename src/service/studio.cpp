#include "service/studio.h"

#include <map>
#include <memory>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "service/job_files.h"

namespace hotshot::service {
namespace {

struct Asset {
  std::string bytes;
  std::string type;
  std::string etag;
  bool hashed = false;  // its name changes with its bytes
};
using Assets = std::map<std::string, Asset>;  // by path, "/assets/index-1a2b.js"

Assets read_assets(const std::filesystem::path& folder) {
  Assets assets;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const std::string path = "/" + entry.path().lexically_relative(folder).generic_string();
    Asset asset{read_file(entry.path()), net::media_type(path), {}, path.starts_with("/assets/")};
    asset.etag = "\"" + sha256_text(asset.bytes).substr(0, 16) + "\"";
    assets[path] = std::move(asset);
  }
  return assets;
}

net::Response send(const net::Request& request, const Asset& asset) {
  net::Response response;
  response.headers = {{"content-type", asset.type},
                      {"etag", asset.etag},
                      {"cache-control", asset.hashed ? "public, max-age=31536000, immutable" : "no-cache"}};
  if (request.headers.get("if-none-match") == asset.etag) {
    response.status = 304;
  } else {
    response.body = asset.bytes;
  }
  return response;
}

std::string escaped(std::string_view text) {
  std::string html;
  for (const char c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

constexpr std::string_view kSharedStyle =
    "html{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:44rem;margin:6vh auto;padding:0 "
    "1rem;text-align:center}video{width:100%;max-width:32rem;border-radius:14px;image-rendering:auto}"
    "p{margin:1rem 0}small{opacity:.65}a{color:inherit}";

std::string shared_page(const store::Job& job, const std::string& link) {
  const std::string prompt = escaped(job.title.empty() ? job.prompt : job.title);
  std::string page =
      "<!doctype html>\n<html><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">";
  page += "<meta name=\"robots\" content=\"noindex\"><title>" + prompt + "</title>";
  page += "<meta property=\"og:title\" content=\"" + prompt + "\"><meta property=\"og:type\" content=\"video.other\">";
  page += "<meta property=\"og:image\" content=\"" + link + "/thumbnail\"><meta property=\"og:video\" content=\"" +
          link + "/video\">";
  page += "<link rel=\"stylesheet\" href=\"/shared.css\"></head><body>";
  page += "<video src=\"" + link + "/video\" poster=\"" + link +
          "/thumbnail\" autoplay muted loop playsinline controls></video>";
  page += "<p>" + prompt + "</p><p><small>" + escaped(job.model) + " · ";
  page += "<a href=\"" + link + "/video\" download>MP4</a> <a href=\"" + link +
          "/gif\" download>GIF</a></small></p></body></html>\n";
  return page;
}

store::Job shared_job(Service& service, const net::Request& request) {
  const std::optional<store::Job> job = service.jobs().find_shared(request.capture("secret"));
  if (!job || job->trashed_ms) throw net::HttpError(404, "not_found", "[link] this clip is not shared, or no longer");
  return *job;
}

}  // namespace

std::optional<std::filesystem::path> find_studio(const ServiceConfig& config) {
  std::vector<std::filesystem::path> places;
  if (!config.studio.empty()) {
    places = {config.studio};
  } else {
    std::error_code ignored;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
    places = {program / "../web/dist", program / "../share/hotshot/studio", "web/dist"};
  }
  for (const auto& place : places) {
    if (std::filesystem::exists(place / "index.html")) return place;
  }
  require(config.studio.empty(), "serve", "expected the built studio in {} but found no index.html", config.studio);
  return {};
}

void add_studio(net::Router& router, const std::optional<std::filesystem::path>& folder) {
  if (!folder) {
    router.add("GET", "/", [](net::Request&) {
      return net::Response::text("The studio is not built: scripts/serve builds it. The interface is at /api/v1.\n");
    });
    return;
  }
  for (auto& [path, asset] : read_assets(*folder)) {
    const auto kept = std::make_shared<const Asset>(std::move(asset));
    const auto handler = [kept](net::Request& request) { return send(request, *kept); };
    router.add("GET", path, handler);
    if (path == "/index.html") router.add("GET", "/", handler);  // its own pages lie behind '#'
  }
}

void add_shared_pages(net::Router& router, Service& service) {
  router.add("GET", "/shared.css", [](net::Request&) {
    return net::Response::text(std::string(kSharedStyle), "text/css").with("cache-control", "public, max-age=86400");
  });
  router.add("GET", "/s/{secret}", [&service](net::Request& request) {
    const store::Job job = shared_job(service, request);
    return net::Response::text(shared_page(job, "/s/" + job.share), "text/html; charset=utf-8")
        .with("x-robots-tag", "noindex");
  });
  router.add("GET", "/s/{secret}/{role}", [&service](net::Request& request) {
    const store::Job job = shared_job(service, request);
    return job_file_response(service, request, job, request.capture("role"), {.cache_control = "private, no-cache"})
        .with("x-robots-tag", "noindex");
  });
}

}  // namespace hotshot::service
