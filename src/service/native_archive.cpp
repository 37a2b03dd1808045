#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "service/access.h"
#include "service/archive.h"
#include "service/native.h"
#include "service/tasks.h"

namespace hotshot::service {
namespace {

using nlohmann::json;
using store::Identity;

constexpr std::uint64_t kMostArchive = 64ull << 30;
constexpr std::size_t kMostWaiting = 4u << 20;  // of a stream, before the archive waits for its reader

json report_json(const ImportReport& report) {
  return {{"added", report.added}, {"known", report.known}, {"problems", report.problems}};
}

// Packs while the client reads; what the client has not taken is not packed ahead.
void send_library(Service& service, const std::string& owner, net::Stream& stream, const std::stop_token& stop) {
  export_library(service, owner, [&](std::string_view bytes) {
    while (stream.is_open() && stream.waiting() > kMostWaiting && !stop.stop_requested()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    if (stop.stop_requested() || !stream.send(std::string(bytes))) throw Cancelled();
  });
  stream.close();
}

net::Response send_export(Service& service, Tasks& tasks, const Identity& who) {
  net::Response response;
  response.headers = {{"content-type", "application/zip"},
                      {"content-disposition", "attachment; filename=\"hotshot-export.zip\""}};
  response.body = net::StreamBody([&service, &tasks, owner = who.account.id](std::shared_ptr<net::Stream> stream) {
    // A stream that is let go of without close() breaks the connection off: half an archive never looks whole.
    tasks.run([&service, owner, stream](const std::stop_token& stop) {
      try {
        send_library(service, owner, *stream, stop);
      } catch (const Cancelled&) {  // nobody reads any more
      }
    });
  });
  return response;
}

net::Response take_import(Service& service, Tasks& tasks, const net::Router& router, const net::Request& request,
                          const Identity& who) {
  if (request.body.path().empty() && request.body.size() == 0) {
    throw net::HttpError(400, "invalid_request", "[body] expected a ZIP archive but got nothing");
  }
  net::Response response;
  response.body = net::LaterBody(
      [&service, &tasks, &router, request, owner = who.account.id](std::function<void(net::Response)> answer) {
        const bool runs = tasks.run([&service, &router, request, owner, answer](const std::stop_token&) {
          try {
            std::filesystem::path path = request.body.path();
            const std::filesystem::path small = service.folder("spool") / (store::new_id("import") + ".zip");
            if (path.empty()) write_file(path = small, request.body.text());
            const auto report = [&] {
              try {
                return import_library(service, owner, path);
              } catch (...) {
                std::filesystem::remove(small);
                throw;
              }
            }();
            std::filesystem::remove(small);
            answer(net::Response::json(report_json(report)));
          } catch (const InvalidArgument& error) {
            answer(router.refuse(request, net::HttpError(422, "no_archive", error.what())));
          }
        });
        if (!runs)
          answer(router.refuse(request, net::HttpError(429, "busy", "[import] expected fewer archives at once")));
      });
  return response;
}

}  // namespace

void add_native_archive(net::Router& router, Service& service, Tasks& tasks) {
  router.add("GET", "/api/v1/export",
             allow(service, store::Scope::read, [&service, &tasks](net::Request&, const Identity& who) {
               if (tasks.busy()) throw net::HttpError(429, "busy", "[export] expected fewer archives at once");
               service.audit().record(who.account, "exported");
               return send_export(service, tasks, who);
             }));
  router.add("POST", std::string(kImportPath),
             allow(service, store::Scope::generate,
                   [&service, &tasks, &router](net::Request& request, const Identity& who) {
                     service.audit().record(who.account, "imported");
                     return take_import(service, tasks, router, request, who);
                   }),
             {.max_body = kMostArchive});
}

}  // namespace hotshot::service
