// What may be made here: words of a prompt, and a program of the owner's that looks at prompts and frames.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clip.h"
#include "service/config.h"
#include "service/word_rules.h"
#include "store/jobs.h"

namespace hotshot::service {

/// Code of jobs and requests that were refused.
inline constexpr std::string_view kRefused = "moderation";

struct Decision {
  std::string stage;  // "prompt", "frames"
  bool allowed = true;
  std::string reason = {};  // for people; empty where it is allowed without a word
  std::string rule = {};    // of the words, or what the program calls it; "command-failed" where it could not judge
  std::int64_t at_ms = 0;
};

/// As it is kept in a job's `moderation`: {"stage", "decision": "allow" or "refuse", "reason", "rule", "at_ms"}.
nlohmann::json decision_json(const Decision& decision);

/// Whether it looks like that.
bool is_decision(const nlohmann::json& value);

/// Of the first refusal in a job's `moderation`: its stage; "" where there is none.
std::string refused_stage(const nlohmann::json& moderation);

/// Thread-safe.
class Moderator {
 public:
  /// Reads the files of rules. InvalidArgument, "[serve …] …".
  explicit Moderator(const ServiceConfig& config);

  /// By words, at once: at submission. Empty where words are not looked at.
  std::optional<Decision> judge_words(const std::string& prompt) const;

  /// By the program, before a job is rendered and after: for a worker, since it may take its time. Empty where there is
  /// none. Frames are shown as PNG files, at most 8 of a clip, evenly spaced, in a new folder below `folder` that only
  /// this user can read and that is gone afterwards. Throws Cancelled.
  std::optional<Decision> judge_prompt(const store::Job& job, const std::function<bool()>& cancelled) const;
  std::optional<Decision> judge_frames(const store::Job& job, const Frames& frames, const std::filesystem::path& folder,
                                       const std::function<bool()>& cancelled) const;
  bool asks_program() const { return !command_.empty(); }

 private:
  Decision ask(const store::Job& job, std::string_view stage, const std::vector<std::string>& frames,
               const std::function<bool()>& cancelled) const;

  std::optional<WordRules> words_;
  std::vector<std::string> command_;
  std::chrono::seconds patience_;
  bool allow_unjudged_;
};

/// "[serve] …" where `moderation` and its settings contradict each other. InvalidArgument.
void check_moderation(const ServiceConfig& config);

}  // namespace hotshot::service
