// One request on a libcurl handle: what goes out, what comes in, and which addresses it may connect to.
#pragma once

#include <curl/curl.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <memory>
#include <string>

#include "base/file.h"
#include "net/client.h"

namespace hotshot::net {

class ClientTransfer {
 public:
  /// Sets the request's options on `easy`, which refers to this transfer until it is reset. `any_address`: private
  /// ones too. InvalidArgument where the file to upload or to save cannot be opened.
  ClientTransfer(CURL* easy, const ClientRequest& request, bool any_address);
  ~ClientTransfer();
  ClientTransfer(const ClientTransfer&) = delete;
  ClientTransfer& operator=(const ClientTransfer&) = delete;

  /// Throws what a callback had to keep from libcurl.
  void rethrow() const;
  /// Why there is no whole answer.
  std::string explain(CURLcode code) const;
  /// The answer; the saved file is in its place afterwards. ClientError where the answer ended within its head, which
  /// libcurl takes for an end.
  ClientResponse finish();

 private:
  static curl_socket_t open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t give_body(char* bytes, std::size_t size, std::size_t count, void* self);
  static int seek_body(void* self, curl_off_t offset, int origin);

  void set_headers();
  void set_body();
  void header(std::string_view line);
  bool body(std::string_view bytes);

  CURL* easy_;
  const ClientRequest& request_;
  const bool any_address_;
  std::unique_ptr<curl_slist, void (*)(curl_slist*)> header_lines_{nullptr, ::curl_slist_free_all};
  std::array<char, CURL_ERROR_SIZE> problem_{};
  std::string refused_;  // the address that was not connected to
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> upload_{nullptr, &std::fclose};
  std::uint64_t sent_ = 0;

  ClientResponse response_;
  std::uint64_t header_bytes_ = 0;
  bool head_is_whole_ = false;
  std::uint64_t received_ = 0;
  bool too_large_ = false;
  std::unique_ptr<AtomicFile> saved_;
  std::ofstream save_;
  std::exception_ptr failure_;
};

}  // namespace hotshot::net
