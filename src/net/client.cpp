#include "net/client.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "net/client_transfer.h"
#include "net/outgoing_url.h"
#include "net/wire.h"

namespace hotshot::net {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kIdleSessions = 8;
constexpr milliseconds kConnectTimeout{10'000};
constexpr milliseconds kCancelInterval{100};
constexpr long kStallSeconds = 60;
constexpr long kKeepAliveSeconds = 55;  // servers often close after 60

// One connection cache and the handle that uses it; for one request at a time.
struct Session {
  std::unique_ptr<CURLM, CURLMcode (*)(CURLM*)> multi{::curl_multi_init(), ::curl_multi_cleanup};
  std::unique_ptr<CURL, void (*)(CURL*)> easy{::curl_easy_init(), ::curl_easy_cleanup};
};

// May run once for the whole program, before the first handle.
void initialize_curl() {
  static const CURLcode code = ::curl_global_init(CURL_GLOBAL_DEFAULT);
  ensure(code == CURLE_OK, "http", "libcurl does not start: {}", ::curl_easy_strerror(code));
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// What another origin may see of a request that was meant for the first.
Headers harmless(const Headers& headers) {
  constexpr std::array<std::string_view, 5> kHarmless = {"accept", "accept-language", "content-type", "range",
                                                         "user-agent"};
  Headers kept;
  for (const auto& [name, value] : headers) {
    if (std::any_of(kHarmless.begin(), kHarmless.end(), [&](std::string_view k) { return same_name(k, name); }))
      kept.add(name, value);
  }
  return kept;
}

// RFC 9110, 15.4: 303 becomes GET, and so does, as every client has it, a POST that is answered 301 or 302.
void follow(ClientRequest& request, int status, bool same_origin) {
  if (!same_origin) request.headers = harmless(request.headers);
  const bool kept = status == 307 || status == 308 || request.method == "GET" || request.method == "HEAD" ||
                    (status != 303 && request.method != "POST");
  if (kept) return;
  request.method = "GET";
  request.body.clear();
  request.file.reset();
}

void check(const ClientRequest& request) {
  require(is_token(request.method), "http", "expected a method but got '{}'", request.method);
  for (const auto& [name, value] : request.headers) {
    const bool printable = std::none_of(value.begin(), value.end(), [](char c) {
      return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    });
    require(is_token(name) && printable, "http",
            "expected a header's name and value but got control characters in '{}'", name);
  }
}

// Asks `cancelled` between two waits; true once it says so.
class CancelWatch {
 public:
  explicit CancelWatch(const std::function<bool()>& cancelled) : cancelled_(cancelled) {}
  bool operator()() {
    if (!cancelled_ || Clock::now() < due_) return false;
    due_ = Clock::now() + kCancelInterval;
    return cancelled_();
  }

 private:
  const std::function<bool()>& cancelled_;
  Clock::time_point due_ = Clock::now();
};

// Runs the transfer that the easy handle was prepared for.
CURLcode perform(const Session& session, const std::function<bool()>& cancelled) {
  CURLM* multi = session.multi.get();
  CURL* easy = session.easy.get();
  ensure(::curl_multi_add_handle(multi, easy) == CURLM_OK, "http", "libcurl takes no request");
  CancelWatch stopped(cancelled);
  CURLcode result = CURLE_OK;
  try {
    for (int running = 1; running > 0;) {
      if (stopped()) {
        result = CURLE_ABORTED_BY_CALLBACK;
        break;
      }
      if (::curl_multi_perform(multi, &running) != CURLM_OK ||
          (running > 0 && ::curl_multi_poll(multi, nullptr, 0, kCancelInterval.count(), nullptr) != CURLM_OK)) {
        result = CURLE_OUT_OF_MEMORY;
        break;
      }
      int left = 0;
      while (const CURLMsg* message = ::curl_multi_info_read(multi, &left)) {
        if (message->msg == CURLMSG_DONE) result = message->data.result;
      }
    }
  } catch (...) {
    ::curl_multi_remove_handle(multi, easy);
    throw;
  }
  ::curl_multi_remove_handle(multi, easy);
  return result;
}

// Everything but what the request itself says.
void prepare(CURL* easy, const OutgoingUrl& url, milliseconds timeout) {
  ::curl_easy_reset(easy);
  ::curl_easy_setopt(easy, CURLOPT_CURLU, url.handle());
  ::curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  ::curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  ::curl_easy_setopt(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  ::curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  ::curl_easy_setopt(easy, CURLOPT_PROXY, "");
  ::curl_easy_setopt(easy, CURLOPT_NETRC, CURL_NETRC_IGNORED);
  ::curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  ::curl_easy_setopt(easy, CURLOPT_USERAGENT, "hotshot");
  ::curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, kKeepAliveSeconds);
  const milliseconds connect = timeout.count() > 0 ? std::min(timeout, kConnectTimeout) : kConnectTimeout;
  ::curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect.count()));
  ::curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  ::curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  ::curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, kStallSeconds);
}

}  // namespace

struct Client::Pool {
  Reach reach;
  std::mutex mutex;
  std::vector<std::unique_ptr<Session>> idle;

  std::unique_ptr<Session> take() {
    std::lock_guard lock(mutex);
    if (idle.empty()) return std::make_unique<Session>();
    auto session = std::move(idle.back());
    idle.pop_back();
    return session;
  }
  void give_back(std::unique_ptr<Session> session) {
    std::lock_guard lock(mutex);
    if (idle.size() < kIdleSessions) idle.push_back(std::move(session));
  }

  ClientResponse ask(const Session& session, const ClientRequest& request, const OutgoingUrl& url,
                     milliseconds timeout) const;
};

ClientResponse Client::Pool::ask(const Session& session, const ClientRequest& request, const OutgoingUrl& url,
                                 milliseconds timeout) const {
  CURL* easy = session.easy.get();
  prepare(easy, url, timeout);
  ClientTransfer transfer(easy, request, reach.private_addresses || url.listed());
  const CURLcode code = perform(session, request.cancelled);
  transfer.rethrow();
  if (code != CURLE_OK) {
    const std::string problem = fmt::format("[http] {}: {}", url.host(), transfer.explain(code));
    long sent = 0;
    ::curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent);
    if (sent == 0) throw NotConnected(problem);
    throw ClientError(problem);
  }
  return transfer.finish();
}

Client::Client(Reach reach) {
  initialize_curl();
  pool_ = std::make_unique<Pool>();
  pool_->reach = std::move(reach);
}

Client::~Client() = default;

void Client::check_url(const std::string& url) const { OutgoingUrl(url, pool_->reach); }

ClientResponse Client::send(const ClientRequest& given) const {
  check(given);
  ClientRequest request = given;
  OutgoingUrl url(request.url, pool_->reach);
  const auto deadline = Clock::now() + request.timeout;
  auto session = pool_->take();
  for (int hops = 0;; ++hops) {
    milliseconds left{0};
    if (request.timeout.count() > 0) {
      left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
      if (left.count() <= 0) throw ClientError(fmt::format("[http] {}: no answer in time", url.host()));
    }
    ClientResponse response = pool_->ask(*session, request, url, left);
    const std::string* location = response.headers.find("location");
    if (request.max_redirects == 0 || !is_redirect(response.status) || !location) {
      pool_->give_back(std::move(session));
      return response;
    }
    if (hops == request.max_redirects)
      throw ClientError(fmt::format("[http] {}: expected at most {} redirects but got more", url.host(), hops));
    try {
      OutgoingUrl next = url.at(*location, pool_->reach);
      follow(request, response.status, url.same_origin(next));
      url = std::move(next);
    } catch (const InvalidArgument& error) {
      throw ClientError(fmt::format("[http] {}: refused to be redirected: {}", url.host(), error.what()));
    }
  }
}

}  // namespace hotshot::net
