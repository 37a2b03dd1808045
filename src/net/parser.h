// Beast's parser, told where requests go. Only server.cpp may include this.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/http.h"
#include "net/spool.h"

namespace hotshot::net {

/// Head and body of one request, as they come.
class Parser : public boost::beast::http::basic_parser<true> {
 public:
  std::string method;
  std::string target;
  int version = 11;
  Headers headers;
  Spool* body = nullptr;  // set once the head is there

 private:
  using error_code = boost::system::error_code;
  using verb = boost::beast::http::verb;
  using field = boost::beast::http::field;
  using text = boost::beast::string_view;
  static std::string_view view(text bytes) { return {bytes.data(), bytes.size()}; }

  void on_request_impl(verb, text method_text, text target_text, int http_version, error_code&) override {
    method = view(method_text);
    target = view(target_text);
    version = http_version;
  }
  void on_field_impl(field, text name, text value, error_code& error) override {
    if (body) return;  // trailers say nothing here
    if (++count_ > kMaxLines) error = boost::beast::http::error::header_limit;
    headers.add(std::string(view(name)), std::string(view(value)));
  }
  void on_response_impl(int, text, int, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(text bytes, error_code&) override {
    body->append(view(bytes));
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t, text extensions, error_code& error) override {
    extension_bytes_ += extensions.size();
    if (extension_bytes_ > kMaxExtensions) error = boost::beast::http::error::bad_chunk_extension;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, text bytes, error_code& error) override {
    return on_body_impl(bytes, error);
  }
  void on_finish_impl(error_code&) override {}

  static constexpr std::size_t kMaxLines = 200;            // of the head
  static constexpr std::size_t kMaxExtensions = 64 << 10;  // bytes of chunk extensions

  std::size_t count_ = 0;
  std::size_t extension_bytes_ = 0;
};

}  // namespace hotshot::net
