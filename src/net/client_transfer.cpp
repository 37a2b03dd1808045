#include "net/client_transfer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace hotshot::net {
namespace {

constexpr std::uint64_t kMaxHeaderBytes = 256 << 10;

std::string address_text(const sockaddr& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.sa_family == AF_INET) {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text, sizeof text);
  } else if (address.sa_family == AF_INET6) {
    ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, text, sizeof text);
  }
  return text;
}

bool has_body(const ClientRequest& request) {
  return request.file || !request.body.empty() || request.method == "POST" || request.method == "PUT" ||
         request.method == "PATCH";
}

}  // namespace

ClientTransfer::ClientTransfer(CURL* easy, const ClientRequest& request, bool any_address)
    : easy_(easy), request_(request), any_address_(any_address) {
  if (request.save) saved_ = std::make_unique<AtomicFile>(*request.save);
  ::curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, problem_.data());
  ::curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
  ::curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  ::curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &take_header);
  ::curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  ::curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &take_body);
  ::curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  set_body();
  set_headers();
}

ClientTransfer::~ClientTransfer() { ::curl_easy_reset(easy_); }

void ClientTransfer::set_body() {
  if (request_.method == "HEAD") ::curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
  if (request_.file) {
    const FileUpload& file = *request_.file;
    upload_.reset(std::fopen(file.path.c_str(), "rbe"));
    require(upload_ != nullptr, "http", "cannot read {}: {}", file.path.string(), std::strerror(errno));
    struct stat status {};
    ensure(::fstat(::fileno(upload_.get()), &status) == 0, "http", "cannot read {}: {}", file.path.string(),
           std::strerror(errno));
    const auto size = static_cast<std::uint64_t>(status.st_size);
    require(file.offset <= size && file.length <= size - file.offset, "http",
            "expected {} bytes from byte {} on in {} but it has {}", file.length, file.offset, file.path.string(),
            size);
    ::curl_easy_setopt(easy_, CURLOPT_UPLOAD, 1L);
    ::curl_easy_setopt(easy_, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(file.length));
    ::curl_easy_setopt(easy_, CURLOPT_READFUNCTION, &give_body);
    ::curl_easy_setopt(easy_, CURLOPT_READDATA, this);
    ::curl_easy_setopt(easy_, CURLOPT_SEEKFUNCTION, &seek_body);
    ::curl_easy_setopt(easy_, CURLOPT_SEEKDATA, this);
  } else if (has_body(request_)) {
    ::curl_easy_setopt(easy_, CURLOPT_POST, 1L);
    ::curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request_.body.data());
    ::curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  }
  ::curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, request_.method == "HEAD" ? nullptr : request_.method.c_str());
}

void ClientTransfer::set_headers() {
  // libcurl's spelling: "Name;" is an empty header, "Name:" one that libcurl must not add by itself.
  std::vector<std::string> lines{"Expect:"};
  if (!request_.headers.find("content-type")) lines.push_back("Content-Type:");
  for (const auto& [name, value] : request_.headers) {
    lines.push_back(trimmed(value).empty() ? name + ";" : name + ": " + value);
  }
  for (const std::string& line : lines) {
    curl_slist* longer = ::curl_slist_append(header_lines_.get(), line.c_str());
    if (!longer) throw std::bad_alloc();
    static_cast<void>(header_lines_.release());
    header_lines_.reset(longer);
  }
  ::curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, header_lines_.get());
}

void ClientTransfer::rethrow() const {
  if (failure_) std::rethrow_exception(failure_);
}

std::string ClientTransfer::explain(CURLcode code) const {
  if (code == CURLE_ABORTED_BY_CALLBACK) return "cancelled";
  if (too_large_) return fmt::format("expected at most {} bytes but got more", request_.max_bytes);
  if (header_bytes_ > kMaxHeaderBytes) return fmt::format("expected at most {} bytes of headers", kMaxHeaderBytes);
  if (!refused_.empty()) return fmt::format("expected a public address but got {}", refused_);
  return problem_[0] ? problem_.data() : ::curl_easy_strerror(code);
}

ClientResponse ClientTransfer::finish() {
  long status = 0;
  ::curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  if (!head_is_whole_) throw ClientError("[http] expected an answer but its head was cut off");
  if (saved_ && status / 100 == 2) {
    if (!save_.is_open()) save_.open(saved_->path(), std::ios::binary | std::ios::trunc);
    save_.close();
    ensure(!save_.fail(), "http", "cannot write {}", request_.save->string());
    saved_->commit();
  }
  return std::move(response_);
}

// The one place where a socket comes from: what is checked is what is connected to.
curl_socket_t ClientTransfer::open_socket(void* self, curlsocktype purpose, curl_sockaddr* address) {
  auto& transfer = *static_cast<ClientTransfer*>(self);
  const std::string text = address_text(address->addr);
  if (purpose != CURLSOCKTYPE_IPCXN || text.empty() || (!transfer.any_address_ && is_private_address(text))) {
    transfer.refused_ = text;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void ClientTransfer::header(std::string_view line) {
  if (received_ > 0) return;        // a trailer
  if (line.starts_with("HTTP/")) {  // the next answer: one after 100 Continue
    response_.headers = {};
    head_is_whole_ = false;
    return;
  }
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  head_is_whole_ = line.empty();
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  response_.headers.add(std::string(line.substr(0, colon)), std::string(trimmed(line.substr(colon + 1))));
}

std::size_t ClientTransfer::take_header(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<ClientTransfer*>(self);
  try {
    transfer.header_bytes_ += size * count;
    if (transfer.header_bytes_ > kMaxHeaderBytes) return 0;
    transfer.header({bytes, size * count});
    return size * count;
  } catch (...) {
    transfer.failure_ = std::current_exception();
    return 0;
  }
}

bool ClientTransfer::body(std::string_view bytes) {
  received_ += bytes.size();
  too_large_ = received_ > request_.max_bytes;
  if (too_large_) return false;
  long status = 0;
  ::curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  if (!saved_ || status / 100 != 2) {
    response_.body += bytes;
    return true;
  }
  if (!save_.is_open()) save_.open(saved_->path(), std::ios::binary | std::ios::trunc);
  save_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  ensure(save_.good(), "http", "cannot write {}: {}", request_.save->string(), std::strerror(errno));
  return true;
}

std::size_t ClientTransfer::take_body(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<ClientTransfer*>(self);
  try {
    return transfer.body({bytes, size * count}) ? size * count : CURL_WRITEFUNC_ERROR;
  } catch (...) {
    transfer.failure_ = std::current_exception();
    return CURL_WRITEFUNC_ERROR;
  }
}

std::size_t ClientTransfer::give_body(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<ClientTransfer*>(self);
  const FileUpload& file = *transfer.request_.file;
  const std::size_t wanted = std::min<std::uint64_t>(size * count, file.length - transfer.sent_);
  if (wanted == 0) return 0;
  const ssize_t got =
      ::pread(::fileno(transfer.upload_.get()), bytes, wanted, static_cast<off_t>(file.offset + transfer.sent_));
  if (got <= 0) return CURL_READFUNC_ABORT;  // it shrank
  transfer.sent_ += static_cast<std::uint64_t>(got);
  return static_cast<std::size_t>(got);
}

// A kept connection that turns out dead is replaced, and the body sent from its beginning.
int ClientTransfer::seek_body(void* self, curl_off_t offset, int origin) {
  auto& transfer = *static_cast<ClientTransfer*>(self);
  if (origin != SEEK_SET || offset < 0 || static_cast<std::uint64_t>(offset) > transfer.request_.file->length)
    return CURL_SEEKFUNC_FAIL;
  transfer.sent_ = static_cast<std::uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

}  // namespace hotshot::net
