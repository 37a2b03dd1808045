// Requests to one provider, with its key. What comes back is either an answer, a refusal, or a reason to ask later.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "net/client.h"
#include "service/provider.h"
#include "service/remote_interface.h"

namespace hotshot::service {

struct RemoteAnswer {
  enum class Kind {
    ok,       // 2xx
    refused,  // for good: 4xx, or a redirect where none is followed
    later,    // 408, 425, 429, 5xx, or no answer
  };
  Kind kind = Kind::ok;
  int status = 0;                     // 0: no answer
  nlohmann::json body = {};           // null where it is no JSON
  std::string code = {};              // of one that is not ok, in the provider's words
  std::string message = {};           // of one that is not ok, for people, without the key
  bool unseen = false;                // of later: it certainly was not acted upon
  std::chrono::milliseconds wait{0};  // as long as the provider asks to wait, at most a minute; 0: it does not say
};

/// Thread-safe.
class RemoteClient {
 public:
  explicit RemoteClient(const Provider& provider);

  /// `cancelled` may be empty. A request that must not be made twice has no `cancelled` and a connection of its own,
  /// for one that was kept open may be gone, and then libcurl asks again.
  RemoteAnswer ask(const RemoteCall& call, const std::function<bool()>& cancelled = {}) const;
  RemoteAnswer ask_once(const RemoteCall& call, const std::string& idempotency_key) const;
  /// Brings a clip (RemoteState::file) into the new file `to`. The key goes to the provider's own url alone; other
  /// addresses must be public and https. At most 1 GiB.
  RemoteAnswer fetch(const std::string& file, const std::filesystem::path& to,
                     const std::function<bool()>& cancelled) const;

  /// Text of the provider as people may see it: one line of at most 300 bytes, without the key.
  std::string presentable(const std::string& text) const;

 private:
  net::ClientRequest request_for(const RemoteCall& call) const;
  RemoteAnswer send(const net::Client& client, const net::ClientRequest& request) const;

  const Provider provider_;
  const net::Reach reach_;
  const net::Client client_;
};

}  // namespace hotshot::service
