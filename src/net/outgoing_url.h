// A URL that a Client may ask (client.h: Reach), taken apart by the parser that the transfer uses too.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

#include "net/client.h"

namespace hotshot::net {

class OutgoingUrl {
 public:
  /// Throws InvalidArgument, "[http] …", for what is no http(s) URL of a host, holds credentials, or is refused by
  /// `reach`. Ports below 1024 besides 80 and 443 are those of other protocols: only for hosts that `reach` lists.
  OutgoingUrl(const std::string& url, const Reach& reach);
  /// Where an answer's location header leads to, seen from here. Throws as above.
  OutgoingUrl at(const std::string& location, const Reach& reach) const;

  CURLU* handle() const { return url_.get(); }
  const std::string& host() const { return host_; }  // without brackets; numbers of any spelling as "127.0.0.1"
  /// Named in Reach::hosts: its address may be any.
  bool listed() const { return listed_; }
  bool same_origin(const OutgoingUrl& other) const;

 private:
  using Handle = std::unique_ptr<CURLU, void (*)(CURLU*)>;
  OutgoingUrl(Handle url, const Reach& reach);

  Handle url_;
  std::string scheme_;
  std::string host_;
  std::string port_;
  bool listed_ = false;
};

}  // namespace hotshot::net
