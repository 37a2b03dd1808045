#include "service/moderation.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/options.h"
#include "media/png.h"
#include "service/command.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

constexpr int kMostFrames = 8;
constexpr std::size_t kMostReason = 500;

bool has(const ServiceConfig& config, std::string_view check) {
  return std::find(config.moderation.begin(), config.moderation.end(), check) != config.moderation.end();
}

// A folder for the owner of this process alone, gone at the end.
class PrivateFolder {
 public:
  explicit PrivateFolder(std::filesystem::path path) : path_(std::move(path)) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directory(path_);
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all);
  }
  ~PrivateFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string text_in(const json& answer, const char* name) {
  const auto found = answer.find(name);
  if (found == answer.end() || found->is_null()) return {};
  ensure(found->is_string(), "command", "expected a string as {} but got {}", name, shown(*found));
  return found->get<std::string>().substr(0, kMostReason);
}

// {"allow": true or false, "reason", "rule"}
Decision read_answer(const std::string& text) {
  const json answer = parse_json(text);
  ensure(answer.is_object() && answer.contains("allow") && answer["allow"].is_boolean(), "command",
         "expected {{\"allow\": true or false}} but got '{}'", text.substr(0, 200));
  return {.allowed = answer["allow"], .reason = text_in(answer, "reason"), .rule = text_in(answer, "rule")};
}

}  // namespace

json decision_json(const Decision& decision) {
  return {{"stage", decision.stage},
          {"decision", decision.allowed ? "allow" : "refuse"},
          {"reason", decision.reason},
          {"rule", decision.rule},
          {"at_ms", decision.at_ms}};
}

bool is_decision(const json& value) {
  const auto is_one_of = [&](const char* name, std::initializer_list<const char*> words) {
    return std::any_of(words.begin(), words.end(), [&](const char* word) { return value[name] == word; });
  };
  for (const char* name : {"stage", "decision", "reason", "rule", "at_ms"}) {
    if (!value.is_object() || !value.contains(name)) return false;
  }
  return value.size() == 5 && is_one_of("stage", {"prompt", "frames"}) && is_one_of("decision", {"allow", "refuse"}) &&
         value["reason"].is_string() && value["rule"].is_string() && value["at_ms"].is_number_integer();
}

std::string refused_stage(const json& moderation) {
  for (const json& decision : moderation) {
    if (decision.value("decision", "") == "refuse") return decision.value("stage", "");
  }
  return {};
}

Moderator::Moderator(const ServiceConfig& config)
    : patience_(config.moderation_seconds), allow_unjudged_(config.moderation_failure == "allow") {
  if (has(config, "command")) command_ = config.moderation_command;
  if (!has(config, "words")) return;
  words_.emplace();
  words_->add(kBlockedWords, "words");
  for (const std::string& term : config.blocked_words) words_->add_term("blocked_words", term);
  for (const std::string& file : config.blocked_words_files)
    words_->add(read_file(file, 4u << 20), "serve blocked_words_files " + file);
}

std::optional<Decision> Moderator::judge_words(const std::string& prompt) const {
  if (!words_) return {};
  Decision decision{.stage = "prompt", .at_ms = store::now_ms()};
  if (const auto rule = words_->match(prompt)) {
    decision.allowed = false;
    decision.rule = *rule;
    decision.reason = fmt::format("the prompt has words that are refused here ({})", *rule);
  }
  return decision;
}

Decision Moderator::ask(const store::Job& job, std::string_view stage, const std::vector<std::string>& frames,
                        const std::function<bool()>& cancelled) const {
  const auto said = [&](const char* field) { return job.effective.is_object() ? job.effective.value(field, "") : ""; };
  const json question{{"stage", stage},
                      {"job", job.id},
                      {"kind", job.kind},
                      {"model", job.model},
                      {"prompt", job.prompt},
                      {"prompt_2", said("prompt_2")},
                      {"negative", said("negative")},
                      {"negative_2", said("negative_2")},
                      {"frames", frames}};
  Decision decision;
  try {
    const std::string text = question.dump(-1, ' ', false, json::error_handler_t::replace);
    decision = read_answer(run_command(command_, text, {.time = patience_, .cancelled = cancelled}));
  } catch (const Cancelled&) {
    throw;
  } catch (const std::exception& error) {
    std::fputs(fmt::format("hotshot: moderation of {}: {}\n", job.id, error.what()).c_str(), stderr);
    decision = {.allowed = allow_unjudged_, .reason = "it could not be judged", .rule = "command-failed"};
  }
  if (!decision.allowed && decision.reason.empty()) decision.reason = fmt::format("the {} are refused here", stage);
  decision.stage = stage;
  decision.at_ms = store::now_ms();
  return decision;
}

std::optional<Decision> Moderator::judge_prompt(const store::Job& job, const std::function<bool()>& cancelled) const {
  if (command_.empty()) return {};
  return ask(job, "prompt", {}, cancelled);
}

std::optional<Decision> Moderator::judge_frames(const store::Job& job, const Frames& frames,
                                                const std::filesystem::path& folder,
                                                const std::function<bool()>& cancelled) const {
  if (command_.empty()) return {};
  const PrivateFolder shown_in(folder / "moderation");
  std::vector<std::string> paths;
  const int count = std::min(kMostFrames, frames.count);
  for (int i = 0; i < count; ++i) {
    const int index = count == 1 ? 0 : i * (frames.count - 1) / (count - 1);
    const auto path = shown_in.path() / fmt::format("{}.png", i);
    write_file(path, media::png_bytes(frames, index));
    paths.push_back(path.string());
  }
  return ask(job, "frames", paths, cancelled);
}

void check_moderation(const ServiceConfig& config) {
  for (const std::string& check : config.moderation) {
    if (check != "off" && check != "words" && check != "command")
      throw_unknown("serve moderation", check, {"off", "words", "command"});
  }
  require(!has(config, "off") || config.moderation.size() == 1, "serve",
          "expected moderation off alone or words and command but got {}", fmt::join(config.moderation, ","));
  require(!has(config, "command") || !config.moderation_command.empty(), "serve",
          "expected a moderation_command with moderation {} but got none", fmt::join(config.moderation, ","));
  require(has(config, "command") || config.moderation_command.empty(), "serve",
          "expected moderation with command for a moderation_command but got {}", fmt::join(config.moderation, ","));
  const bool terms = !config.blocked_words.empty() || !config.blocked_words_files.empty();
  require(has(config, "words") || !terms, "serve", "expected moderation with words for blocked_words but got {}",
          fmt::join(config.moderation, ","));
  if (config.moderation_failure != "refuse" && config.moderation_failure != "allow")
    throw_unknown("serve moderation_failure", config.moderation_failure, {"refuse", "allow"});
}

}  // namespace hotshot::service
