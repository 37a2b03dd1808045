// The only place that knows Boost.Asio and Boost.Beast. A connection lives on a strand: everything of it that is not
// marked otherwise runs there, one thing at a time. It waits for the socket to be readable without holding a buffer, so
// that idle connections cost little; one deadline, whose meaning depends on the state, covers all its waiting.
#include "net/server.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/random.h"
#include "net/parser.h"
#include "net/spool.h"
#include "net/stream.h"
#include "net/wire.h"

namespace hotshot::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr std::size_t kReadBytes = 64 << 10;       // taken from a socket at once
constexpr std::size_t kFileBytes = 128 << 10;      // of a file in memory at once
constexpr std::size_t kStreamBytes = 64 << 10;     // of a stream in one write
constexpr std::uint64_t kLingerBytes = 16u << 20;  // thrown away so that the peer gets to read its answer
constexpr milliseconds kLingerTime{3000};
constexpr milliseconds kLingerTimeStopping{250};
constexpr milliseconds kAcceptPause{100};  // when the process has no descriptors left

[[noreturn]] void refuse_request(int status, const char* code, const std::string& message) {
  throw HttpError(status, code, message);
}

class Connection;

/// What all connections share. Connections keep it alive, so that streams may outlive the server.
struct Core {
  Core(ServerOptions given, const Router& router)
      : options(std::move(given)), router(router), acceptor(asio::make_strand(io)), pause(acceptor.get_executor()) {}

  ServerOptions options;
  const Router& router;  // gone when the server is: only used while a connection is open
  asio::io_context io;
  tcp::acceptor acceptor;
  asio::steady_timer pause;

  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;
  std::unordered_map<Connection*, std::shared_ptr<Connection>> connections;
  std::map<std::string, int> peers;

  std::atomic<bool> finishing{false};  // `stopping`, to look at without the mutex
  const Random random{(static_cast<std::uint64_t>(std::random_device{}()) << 32) | std::random_device{}(), "request"};
  std::atomic<std::uint64_t> requests{0}, accepted{0}, turned_away{0}, refused{0};
  std::atomic<int> streams{0};

  std::string new_id() {
    const auto block = random.block(requests.fetch_add(1));
    return fmt::format("{:08x}{:08x}{:08x}", block[0], block[1], block[2]);
  }
  void report(const Request& request, const std::string& what) const {
    try {
      if (router.on_failure) router.on_failure(request, what);
    } catch (...) {  // who listens to failures must not make more
    }
  }
  bool add(const std::shared_ptr<Connection>& connection, const std::string& peer);
  void remove(Connection* connection, const std::string& peer);
};

std::int64_t unix_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

class Descriptor {
 public:
  explicit Descriptor(const std::filesystem::path& path) : value_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int operator*() const { return value_; }

 private:
  int value_;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Core> core, tcp::socket socket)
      : core_(std::move(core)), socket_(std::move(socket)), timer_(socket_.get_executor()) {
    error_code error;
    const auto end = socket_.remote_endpoint(error);
    auto address = end.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
      address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    }
    peer_ = error ? "" : address.to_string();
  }

  const std::string& peer() const { return peer_; }

  /// From any thread, as are stop(), abort_soon() and wake().
  void start() {
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
      if (self->state_ == State::kClosed) return;
      error_code ignored;
      self->socket_.non_blocking(true, ignored);
      self->socket_.set_option(tcp::no_delay(true), ignored);
      self->socket_.set_option(asio::socket_base::keep_alive(true), ignored);
      self->next_request(self->core_->options.header_timeout);
    });
  }
  void stop() {
    asio::post(socket_.get_executor(), [self = shared_from_this()] { self->on_stop(); });
  }
  void abort_soon() {
    asio::post(socket_.get_executor(), [self = shared_from_this()] { self->abort(); });
  }
  void wake() {
    asio::post(socket_.get_executor(), [self = shared_from_this()] { self->guarded([&] { self->pump(); }); });
  }

  /// An answer to a connection that is one too many: what the socket takes at once, then the end.
  void turn_away() {
    Request request;
    request.path = "/";
    const auto response = core_->router.refuse(request, HttpError(503, "overloaded", "Too many connections are open."));
    std::string text;
    if (const auto* body = std::get_if<std::string>(&response.body)) text = *body;
    Framing closing;
    closing.length = text.size();
    text = response_head(response, closing, "", unix_now()) + text;
    error_code ignored;
    socket_.non_blocking(true, ignored);
    socket_.write_some(asio::buffer(text), ignored);
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    socket_.close(ignored);
  }

 private:
  enum class State {
    kIdle,    // waits for the first byte of a request
    kHeader,  // has some of a head
    kBody,    // has a head and perhaps some body
    kAnswer,  // handles, or writes
    kStream,  // has a Stream
    kLinger,  // has sent its last byte and reads what still comes
    kClosed,
  };

  /// Memory or a disk that run out end this connection, not the server.
  template <class Action>
  void guarded(const Action& action) {
    if (state_ == State::kClosed) return;
    try {
      action();
    } catch (const std::exception& error) {
      core_->report(request_, error.what());
      abort();
    } catch (...) {
      core_->report(request_, "an exception of unknown type");
      abort();
    }
  }

  // ---- time

  void set_deadline(Clock::time_point when) {
    deadline_ = when;
    if (timer_set_ && timer_.expiry() <= when) return;  // it will look again then
    timer_set_ = true;
    timer_.expires_at(when);
    timer_.async_wait([self = shared_from_this()](error_code error) {
      if (error || self->state_ == State::kClosed) return;
      self->timer_set_ = false;
      if (Clock::now() < self->deadline_) {
        if (self->deadline_ != Clock::time_point::max()) self->set_deadline(self->deadline_);
      } else {
        self->guarded([&] { self->on_deadline(); });
      }
    });
  }
  void expire_after(milliseconds time) { set_deadline(Clock::now() + time); }
  void never_expire() { deadline_ = Clock::time_point::max(); }

  void on_deadline() {
    if (state_ == State::kHeader || state_ == State::kBody) {
      const auto* what = state_ == State::kHeader ? "head" : "body";
      refuse(HttpError(408, "request_timeout", fmt::format("The {} of the request did not come in time.", what)));
    } else if (state_ == State::kIdle || state_ == State::kLinger) {
      close();
    } else {
      abort();
    }
  }

  // ---- reading

  void wait_readable() {
    if (waiting_) return;
    waiting_ = true;
    socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](error_code error) {
      self->waiting_ = false;
      self->guarded([&] { self->on_readable(error); });
    });
  }

  void on_readable(error_code error) {
    if (state_ == State::kAnswer) return;  // what came stays in the socket
    thread_local std::array<char, kReadBytes> piece;
    const std::size_t count = error ? 0 : socket_.read_some(asio::buffer(piece), error);
    if (error == asio::error::would_block || error == asio::error::try_again) return wait_readable();
    if (state_ == State::kLinger) {
      lingered_ += count;
      return error || lingered_ > kLingerBytes ? close() : wait_readable();
    }
    if (error) return on_end();
    asio::buffer_copy(in_.prepare(count), asio::buffer(piece, count));
    in_.commit(count);
    if (state_ == State::kStream) {  // a request ahead of time; beyond a bound only writing tells that the peer is gone
      if (in_.size() < core_->options.max_header_bytes) wait_readable();
      return;
    }
    if (state_ == State::kBody) expire_after(core_->options.body_timeout);
    parse();
  }

  /// The peer sends no more.
  void on_end() {
    if (state_ == State::kIdle || state_ == State::kStream) return close();
    refuse(HttpError(400, "malformed_request", "The request ended early."));
  }

  void next_request(milliseconds patience) {
    if (core_->finishing) return linger();
    state_ = State::kIdle;
    parser_.emplace();
    parser_->header_limit(core_->options.max_header_bytes);
    parser_->body_limit(boost::none);
    body_.reset();
    request_ = Request();
    head_bytes_ = 0;
    if (in_.size() == 0 && in_.capacity() > kReadBytes / 4) in_ = beast::flat_buffer();
    expire_after(patience);
    if (in_.size() == 0) return wait_readable();
    asio::post(socket_.get_executor(), [self = shared_from_this()] { self->guarded([&] { self->parse(); }); });
  }

  void parse() {
    if (state_ > State::kBody) return;
    try {
      if (state_ == State::kIdle && !begin_request()) return;
      if (state_ == State::kHeader && !parse_head()) return;
      if (state_ == State::kBody && !parse_body()) return;
    } catch (const HttpError& error) {
      return refuse(error);
    } catch (const std::exception& error) {  // the disk of the spool
      core_->report(request_, error.what());
      return refuse(HttpError(500, "internal", "Something went wrong on our side."));
    }
    answer();
  }

  /// Skips empty lines before a request, which some clients send. False when nothing else is there.
  bool begin_request() {
    const auto* bytes = static_cast<const char*>(in_.data().data());
    std::size_t blank = 0;
    while (blank + 1 < in_.size() && bytes[blank] == '\r' && bytes[blank + 1] == '\n') blank += 2;
    const bool maybe_blank = blank + 1 == in_.size() && bytes[blank] == '\r';
    const bool some = blank < in_.size() && !maybe_blank;
    in_.consume(blank);
    if (!some) {
      wait_readable();
      return false;
    }
    state_ = State::kHeader;
    request_.peer = peer_;
    request_.id = core_->new_id();
    expire_after(core_->options.header_timeout);
    return true;
  }

  /// Lets the parser have what came. False, and waits, when it needs more.
  bool feed() {
    error_code error;
    const auto used = parser_->put(in_.data(), error);
    if (state_ == State::kHeader) head_bytes_ += used;
    in_.consume(used);
    namespace http = beast::http;
    if (error == http::error::need_more) {
      const auto pending = in_.size() + (state_ == State::kHeader ? head_bytes_ : 0);
      if (pending <= core_->options.max_header_bytes) {
        wait_readable();
        return false;
      }
      error = http::error::header_limit;
    }
    if (error == http::error::header_limit) refuse_request(431, "header_too_large", "The request's head is too large.");
    if (error == http::error::body_limit) body_too_large();
    if (error) refuse_request(400, "malformed_request", fmt::format("The request is malformed: {}.", error.message()));
    return true;
  }

  [[noreturn]] void body_too_large() const {
    refuse_request(413, "too_large", fmt::format("Expected a body of at most {} bytes.", max_body_));
  }

  bool parse_head() {
    if (!feed()) return false;
    check_head();
    state_ = State::kBody;
    max_body_ = core_->router.max_body({request_.method, request_.path, &request_.headers});
    if (parser_->content_length().value_or(0) > max_body_) body_too_large();
    if (!parser_->is_done()) {
      parser_->body_limit(max_body_);
      parser_->eager(true);
    }
    body_.emplace(core_->options.spool, core_->options.memory_body);
    parser_->body = &*body_;
    expire_after(core_->options.body_timeout);
    answer_expectation();
    return true;
  }

  void check_head() {
    request_.method = parser_->method;
    request_.headers = std::move(parser_->headers);
    request_.peer = client_address(peer_, request_.headers, core_->options.proxies);
    auto target = net::check_head({parser_->method, parser_->target, parser_->version}, request_.headers);
    request_.path = std::move(target.path);
    request_.query_text = std::move(target.query);
    request_.query = parse_query(request_.query_text);
  }

  void answer_expectation() {
    const auto* expected = request_.headers.find("expect");
    if (!expected || parser_->version < 11) return;
    if (!same_name(*expected, "100-continue")) {
      refuse_request(417, "expectation_failed", "The only expectation possible is 100-continue.");
    }
    if (parser_->is_done() || in_.size() > 0) return;
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    error_code error;
    const auto sent = socket_.write_some(asio::buffer(kContinue), error);
    // Where the socket takes nothing now, the client sends unasked after a while; half a line would spoil the answer.
    if (sent > 0 && sent < kContinue.size()) throw std::runtime_error("[server] could not send 100 Continue");
  }

  bool parse_body() {
    while (!parser_->is_done()) {
      if (in_.size() == 0) {
        wait_readable();
        return false;
      }
      if (!feed()) return false;
    }
    request_.body = body_->finish();
    return true;
  }

  // ---- answering

  void answer() {
    state_ = State::kAnswer;
    never_expire();
    const bool keep = parser_->keep_alive();
    if (parser_->target == "*") {
      respond(Response::empty(204).with("allow", "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"), keep);
    } else {
      Response response = core_->router.handle(request_);
      if (auto* later = std::get_if<LaterBody>(&response.body)) {
        wait_for_answer(std::move(*later), std::move(response.headers), keep);
      } else {
        respond(std::move(response), keep);
      }
    }
  }

  // The way back of an answer that comes later.
  struct Promise {
    std::weak_ptr<Connection> connection;
    Headers added;
    bool keep = false;
    std::atomic<bool> kept{false};

    void give(std::optional<Response> response) {
      if (kept.exchange(true)) return;
      const auto self = connection.lock();
      if (!self) return;
      asio::post(self->socket_.get_executor(),
                 [self, keep = keep, added = std::move(added), response = std::move(response)]() mutable {
                   self->guarded([&] { self->respond_late(std::move(response), added, keep); });
                 });
    }
    ~Promise() { give({}); }
  };

  void respond_late(std::optional<Response> response, const Headers& added, bool keep) {
    if (!response || std::holds_alternative<LaterBody>(response->body)) {
      response = internal_error("[server] expected an answer later but it never came");
    }
    for (const auto& [name, value] : added) {
      if (!response->headers.find(name)) response->headers.set(name, value);
    }
    respond(std::move(*response), keep);
  }

  void wait_for_answer(const LaterBody& begin, Headers added, bool keep) {
    const auto promise = std::make_shared<Promise>();
    promise->connection = weak_from_this();
    promise->added = std::move(added);
    promise->keep = keep;
    begin([promise](Response response) { promise->give(std::move(response)); });
  }

  /// Answers a request that never became one; then the connection ends.
  void refuse(const HttpError& error) {
    state_ = State::kAnswer;
    ++core_->refused;
    if (request_.path.empty()) {
      request_.method = parser_->method;
      request_.path = "/";
      try {
        request_.path = parse_target(parser_->target).path;
      } catch (const HttpError&) {  // then "/" it is
      }
    }
    respond(core_->router.refuse(request_, error), false);
  }

  Response internal_error(const std::string& what) {
    core_->report(request_, what);
    auto response = core_->router.refuse(request_, HttpError(500, "internal", "Something went wrong on our side."));
    if (!std::holds_alternative<std::string>(response.body)) response.body = std::string();
    return response;
  }

  /// Opens the file of an answer; false where it is not what the answer says.
  bool open_file(const FileBody& body) {
    file_.emplace(body.path);
    struct stat info {};
    const bool there = **file_ >= 0 && ::fstat(**file_, &info) == 0 && S_ISREG(info.st_mode);
    file_at_ = body.offset;
    file_left_ = body.length;
    const auto size = there ? static_cast<std::uint64_t>(info.st_size) : 0;
    return there && body.offset <= size && body.length <= size - body.offset;
  }

  void respond(Response response, bool keep) {
    if (response.status < 200 || response.status > 599) {
      response = internal_error(fmt::format("[server] expected a status of 200 to 599 but got {}", response.status));
    }
    const bool has_body = request_.method != "HEAD" && !bodiless(response.status);
    if (const auto* part = std::get_if<FileBody>(&response.body); part && !bodiless(response.status)) {
      if (!open_file(*part)) {
        const auto path = part->path.string();
        response = internal_error(fmt::format("[server] expected {} to have the bytes of the answer", path));
      }
    }
    const bool http_1_0 = parser_->version < 11;
    auto* stream = std::get_if<StreamBody>(&response.body);
    const auto* part = std::get_if<FileBody>(&response.body);
    auto* text = std::get_if<std::string>(&response.body);
    Framing framing;
    framing.http_1_0 = http_1_0;
    if (part && !bodiless(response.status)) framing.length = part->length;
    if (text && !bodiless(response.status)) framing.length = text->size();
    framing.chunked = chunked_ = stream && has_body && !http_1_0;
    framing.keep_alive = keep && !(stream && has_body && http_1_0) && !core_->finishing &&
                         !same_name(response.headers.get("connection"), "close");
    keep_ = framing.keep_alive;
    out_[0] = response_head(response, framing, request_.id, unix_now());
    out_[1] = text && has_body ? std::move(*text) : std::string();
    if (stream && has_body) {
      write([this, begin = std::move(*stream)] { begin_stream(begin); });
    } else if (part && has_body) {
      write([this] { send_file(); });
    } else {
      file_.reset();
      write([this] { end_response(); });
    }
  }

  /// Sends out_, then calls `done`. The deadline is that of progress.
  void write(std::function<void()> done) {
    written_ = 0;
    done_ = std::move(done);
    write_more();
  }

  void write_more() {
    const auto first = std::min(written_, out_[0].size());
    const std::array<asio::const_buffer, 2> left{asio::buffer(out_[0]) + first,
                                                 asio::buffer(out_[1]) + (written_ - first)};
    expire_after(core_->options.write_timeout);
    socket_.async_write_some(left, [self = shared_from_this()](error_code error, std::size_t count) {
      self->guarded([&] {
        if (error) return self->close();
        self->written_ += count;
        if (self->written_ < self->out_[0].size() + self->out_[1].size()) return self->write_more();
        self->never_expire();
        self->out_ = {};
        std::exchange(self->done_, nullptr)();
      });
    });
  }

  void send_file() {
    if (file_left_ == 0) {
      file_.reset();
      return end_response();
    }
    out_[1].resize(std::min<std::uint64_t>(file_left_, kFileBytes));
    const ssize_t got = ::pread(**file_, out_[1].data(), out_[1].size(), static_cast<off_t>(file_at_));
    if (got < 0 && errno == EINTR) return send_file();
    if (got <= 0) {
      core_->report(request_, "[server] a file became shorter while it was sent");
      return abort();
    }
    out_[1].resize(static_cast<std::size_t>(got));
    file_at_ += static_cast<std::uint64_t>(got);
    file_left_ -= static_cast<std::uint64_t>(got);
    write([this] { send_file(); });
  }

  void end_response() {
    if (keep_) return next_request(core_->options.idle_timeout);
    linger();
  }

  /// Ends sending and reads on for a while: closing with bytes unread would make the peer lose the answer.
  void linger() {
    state_ = State::kLinger;
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    in_ = beast::flat_buffer();
    request_ = Request();
    body_.reset();
    lingered_ = 0;
    expire_after(core_->finishing ? kLingerTimeStopping : kLingerTime);
    wait_readable();
  }

  // ---- streams

  void begin_stream(const StreamBody& begin) {
    state_ = State::kStream;
    ++core_->streams;
    stream_ = std::make_shared<StreamQueue>(core_->options.max_stream_bytes, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->wake();
    });
    request_.body = Content();
    if (core_->finishing) stream_->stop();
    wait_readable();
    begin(stream_of(stream_));
    pump();
  }

  void pump() {
    if (state_ != State::kStream) return;
    auto [bytes, state] = stream_->next(done_ ? 0 : kStreamBytes);
    if (state == StreamQueue::State::kBroken) return abort();
    if (done_) return;  // a write that is under way looks again
    if (!bytes.empty()) {
      const auto count = bytes.size();
      if (chunked_) {
        out_[0] = fmt::format("{:x}\r\n", count);
        bytes += "\r\n";
      }
      out_[1] = std::move(bytes);
      write([this, count] {
        stream_->written(count);
        pump();
      });
    } else if (state == StreamQueue::State::kEnded) {
      leave_stream();
      state_ = State::kAnswer;
      if (!chunked_) return end_response();
      out_[0] = "0\r\n\r\n";
      write([this] { end_response(); });
    } else if (state == StreamQueue::State::kStopped) {
      close();
    }
  }

  void leave_stream() {
    stream_->detach();
    stream_.reset();
    --core_->streams;
  }

  // ---- the end

  void on_stop() {
    if (state_ == State::kIdle) close();
    if (state_ == State::kLinger) expire_after(kLingerTimeStopping);
    if (state_ != State::kStream) return;
    stream_->stop();
    guarded([&] { pump(); });
  }

  /// Breaks off so that the peer cannot take what it got for all.
  void abort() {
    error_code ignored;
    if (state_ != State::kClosed) socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    close();
  }

  void close() {
    if (state_ == State::kClosed) return;
    state_ = State::kClosed;
    if (stream_) leave_stream();
    done_ = nullptr;
    error_code ignored;
    socket_.close(ignored);
    timer_.cancel();
    file_.reset();
    body_.reset();
    request_ = Request();
    core_->remove(this, peer_);
  }

  std::shared_ptr<Core> core_;
  tcp::socket socket_;
  asio::steady_timer timer_;
  std::string peer_;
  State state_ = State::kIdle;

  bool timer_set_ = false;
  Clock::time_point deadline_ = Clock::time_point::max();

  bool waiting_ = false;  // for the socket to be readable
  beast::flat_buffer in_;
  std::optional<Spool> body_;
  std::optional<Parser> parser_;
  std::size_t head_bytes_ = 0;
  std::uint64_t max_body_ = 0;
  std::uint64_t lingered_ = 0;
  Request request_;

  std::array<std::string, 2> out_;
  std::size_t written_ = 0;
  std::function<void()> done_;  // set while a write is under way
  bool keep_ = false;
  bool chunked_ = false;
  std::optional<Descriptor> file_;
  std::uint64_t file_at_ = 0;
  std::uint64_t file_left_ = 0;
  std::shared_ptr<StreamQueue> stream_;
};

bool Core::add(const std::shared_ptr<Connection>& connection, const std::string& peer) {
  std::lock_guard lock(mutex);
  const auto known = peers.find(peer);
  const int of_peer = known == peers.end() ? 0 : known->second;
  if (stopping || connections.size() >= static_cast<std::size_t>(options.max_connections) ||
      (of_peer >= options.max_connections_per_peer && !options.proxies.contains(peer))) {
    return false;
  }
  connections.emplace(connection.get(), connection);
  ++peers[peer];
  return true;
}

void Core::remove(Connection* connection, const std::string& peer) {
  std::shared_ptr<Connection> last;  // let go of after the lock
  std::lock_guard lock(mutex);
  const auto found = connections.find(connection);
  if (found == connections.end()) return;
  last = std::move(found->second);
  connections.erase(found);
  if (--peers[peer] == 0) peers.erase(peer);
  changed.notify_all();
}

void accept_next(const std::shared_ptr<Core>& core) {
  core->acceptor.async_accept(asio::make_strand(core->io), [core](error_code error, tcp::socket socket) {
    if (!core->acceptor.is_open()) return;
    if (error == asio::error::no_descriptors || error == asio::error::no_buffer_space ||
        error == asio::error::no_memory) {
      core->pause.expires_after(kAcceptPause);
      core->pause.async_wait([core](error_code stopped) {
        if (!stopped && core->acceptor.is_open()) accept_next(core);
      });
      return;
    }
    if (!error) {
      try {
        const auto connection = std::make_shared<Connection>(core, std::move(socket));
        if (core->add(connection, connection->peer())) {
          ++core->accepted;
          connection->start();
        } else {
          ++core->turned_away;
          connection->turn_away();
        }
      } catch (const std::exception& failure) {
        core->report(Request(), failure.what());
      }
    }
    accept_next(core);
  });
}

tcp::endpoint parse_endpoint(const ServerOptions& options) {
  error_code error;
  const auto address = asio::ip::make_address(options.address == "localhost" ? "127.0.0.1" : options.address, error);
  require(!error, "server", "expected an address like 127.0.0.1 or :: but got '{}'", options.address);
  require(options.port >= 0 && options.port <= 65535, "server", "expected a port of 0 to 65535 but got {}",
          options.port);
  return {address, static_cast<std::uint16_t>(options.port)};
}

void listen(Core& core) {
  const auto endpoint = parse_endpoint(core.options);
  error_code error;
  const auto check = [&] {
    require(!error, "server", "cannot listen on {} port {}: {}", core.options.address, core.options.port,
            error.message());
  };
  core.acceptor.open(endpoint.protocol(), error);
  check();
  core.acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  check();
  core.acceptor.bind(endpoint, error);
  check();
  core.acceptor.listen(asio::socket_base::max_listen_connections, error);
  check();
}

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, const Router& router) : core_(std::make_shared<Core>(std::move(options), router)) {
    require(core_->options.threads > 0, "server", "expected at least one thread but got {}", core_->options.threads);
    listen(*core_);
    port_ = core_->acceptor.local_endpoint().port();
    if (!core_->options.spool.empty()) empty_spool(core_->options.spool);
    work_.emplace(core_->io.get_executor());
    accept_next(core_);
    for (int i = 0; i < core_->options.threads; ++i) threads_.emplace_back([core = core_] { run(*core); });
  }

  int port() const { return port_; }

  ServerCounts counts() const {
    std::lock_guard lock(core_->mutex);
    return {.connections = static_cast<int>(core_->connections.size()),
            .streams = core_->streams,
            .accepted = core_->accepted,
            .turned_away = core_->turned_away,
            .refused = core_->refused};
  }

  void stop(milliseconds patience) {
    std::lock_guard once(stop_mutex_);
    if (threads_.empty()) return;
    const auto deadline = Clock::now() + patience;
    asio::post(core_->acceptor.get_executor(), [core = core_] {
      error_code ignored;
      core->acceptor.close(ignored);
      core->pause.cancel();
    });
    {
      std::unique_lock lock(core_->mutex);
      core_->stopping = core_->finishing = true;
      for (const auto& [key, connection] : core_->connections) connection->stop();
      core_->changed.wait_until(lock, deadline, [&] { return core_->connections.empty(); });
      for (const auto& [key, connection] : core_->connections) connection->abort_soon();
    }
    work_.reset();  // the threads end when nothing is left to wait for
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  static void run(Core& core) {
    for (;;) {
      try {
        core.io.run();
        return;
      } catch (const std::exception& error) {
        core.report(Request(), error.what());
      }
    }
  }

  std::shared_ptr<Core> core_;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_;
  std::vector<std::thread> threads_;
  std::mutex stop_mutex_;
  int port_ = 0;
};

Server::Server(ServerOptions options, const Router& router)
    : impl_(std::make_unique<Impl>(std::move(options), router)) {}

Server::~Server() { stop(); }

int Server::port() const { return impl_->port(); }

ServerCounts Server::counts() const { return impl_->counts(); }

void Server::stop(milliseconds patience) { impl_->stop(patience); }

}  // namespace hotshot::net
