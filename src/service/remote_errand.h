// One job's way to a provider and back.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "service/remote_renderer.h"

namespace hotshot::service {

class RemoteErrand {
 public:
  RemoteErrand(const Provider& provider, const RemoteClient& client, const RemotePace& pace, const store::Claim& claim,
               RenderContext& context);

  /// Brings the clip into the new file `to`. Throws as RemoteRenderer::render; Cancelled when the context says so,
  /// after telling the provider where it was a person's wish.
  void run(const std::filesystem::path& to);
  /// The job's settings, with what was remembered on the way.
  const nlohmann::json& effective() const { return effective_; }

 private:
  using Clock = std::chrono::steady_clock;

  std::string start();
  std::string ask_for_clip();
  RemoteState wait(const std::string& id);
  void remember() { context_.settle(effective_, claim_.job.warnings); }
  void check_time(const std::string& id);
  void stop_if_asked(const std::string& id = {});
  void rest(std::chrono::milliseconds time, const std::string& id = {});
  /// Longer each time, until patience is over.
  void rest_after(const RemoteAnswer& answer, const std::string& id = {});
  [[noreturn]] void fail(const std::string& code, const std::string& message) const;
  [[noreturn]] void fail_refused(const RemoteAnswer& answer) const;

  const Provider& provider_;
  const RemoteInterface& interface_;
  const RemoteClient& client_;
  const RemotePace& pace_;
  const store::Claim& claim_;
  RenderContext& context_;
  nlohmann::json effective_;
  Clock::time_point heard_ = Clock::now();  // when an answer was last of use
  int failures_ = 0;                        // since then
};

}  // namespace hotshot::service
