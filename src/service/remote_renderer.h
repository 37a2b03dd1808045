// Has jobs made by a provider: asks for the clip once, waits, fetches it, and keeps it like our own.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "service/provider.h"
#include "service/remote_client.h"
#include "service/renderer.h"

namespace hotshot::service {

/// How often a provider is asked.
struct RemotePace {
  std::chrono::milliseconds first{500};     // between two looks at a clip, growing to `longest`
  std::chrono::milliseconds longest{5000};  // unless the provider says how long to wait
  std::chrono::milliseconds patience{30 * 60'000};  // without an answer of use, then the job fails
};

/// Thread-safe: several workers may share one. A job's settings (effective) remember the clip's id at the provider, so
/// that any other worker goes on waiting for it: "remote_asked" before it is asked for, "remote_id" and
/// "remote_since_ms" as soon as that is answered.
class RemoteRenderer : public Renderer {
 public:
  RemoteRenderer(Provider provider, std::vector<std::string> formats, RemotePace pace = {});
  std::vector<std::string> lanes() const override;
  /// "video" (the MP4 as it came), the formats, "thumbnail", "spritesheet". JobFailure: what the provider said
  /// ("moderation", "invalid_request", "provider_failed"), "provider_refused" for its key, "provider_unavailable",
  /// "provider_timeout", "provider_file" for a clip that cannot be read, and "provider_unknown" where it may have been
  /// asked already and would make a second clip.
  std::vector<RenderedFile> render(const store::Claim& claim, RenderContext& context) override;

 private:
  const Provider provider_;
  const RemoteClient client_;
  const std::vector<std::string> formats_;
  const RemotePace pace_;
  std::timed_mutex writing_;  // decoded clips are large: one at a time
};

}  // namespace hotshot::service
