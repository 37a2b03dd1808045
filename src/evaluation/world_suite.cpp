#include "evaluation/world_suite.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <numeric>
#include <tuple>

#include "base/error.h"
#include "data/batch.h"
#include "data/world_attributes.h"
#include "data/world_source.h"
#include "pipeline/generate.h"
#include "world/render.h"
#include "world/truth.h"

namespace hotshot::evaluation {
namespace {

using Clock = std::chrono::steady_clock;
using world::Language;
using world::Split;

constexpr int kAutoencoderClips = 32;  // per split

std::string split_name(Split split) { return std::string(world::word(split).english); }
std::string language_name(Language language) { return language == Language::english ? "English" : "Chinese"; }

std::vector<Split> read_splits(const std::vector<std::string>& names) {
  std::vector<Split> splits;
  for (const std::string& name : names) splits.push_back(world::named<Split>(name, "splits"));
  require(!splits.empty(), "splits", "expected at least one but got {}", splits.size());
  return splits;
}

std::vector<Language> read_languages(const std::vector<std::string>& names) {
  std::vector<Language> languages;
  for (const std::string& name : names) {
    if (name != "english" && name != "chinese") throw_unknown("languages", name, {"english", "chinese"});
    languages.push_back(name == "english" ? Language::english : Language::chinese);
  }
  require(!languages.empty(), "languages", "expected at least one but got {}", languages.size());
  return languages;
}

// Answers wanted and read, with the prompt they belong to.
struct Reading {
  int cluster = 0;
  const std::vector<int>* wanted = nullptr;
  const std::vector<int>* read = nullptr;
};

Column column_of(std::string name, const std::vector<Reading>& readings) {
  Column column{.name = std::move(name)};
  for (std::size_t a = 0; a < data::world_attributes().size(); ++a) {
    std::map<int, Cluster> clusters;
    for (const Reading& reading : readings) {
      const int wanted = (*reading.wanted)[a];
      if (wanted < 0) continue;
      Cluster& cluster = clusters[reading.cluster];
      ++cluster.total;
      cluster.hits += (*reading.read)[a] == wanted;
    }
    std::vector<Cluster> list;
    for (const auto& [index, cluster] : clusters) list.push_back(cluster);
    column.shares.push_back(clustered_share(list));
  }
  return column;
}

at::Tensor stacked(const std::vector<at::Tensor>& features) { return at::stack(features); }

/// The suite in progress.
class Suite {
 public:
  Suite(const pipeline::ModelFolder& model, const Judge& judge, const WorldSuiteOptions& options,
        pipeline::GenerateRequest request, Progress* progress)
      : model_(model),
        judge_(judge),
        splits_(read_splits(options.splits)),
        languages_(read_languages(options.languages)),
        training_split_(world::named<Split>(options.training_split, "training_split")),
        request_(std::move(request)),
        progress_(progress) {
    report_.model = model.name;
    report_.options = options;
  }

  WorldReport run(const std::function<void(const JudgedClip&, const Clip&)>& on_clip) {
    request_.prompt = "a cat";  // any: the plan is only asked for shapes
    const pipeline::Plan plan = pipeline::plan_request(request_, model_);
    render_ = {
        .width = plan.size.width, .height = plan.size.height, .frames = plan.frames_shown, .rate = {plan.fps, 1}};
    calibrate();
    calibrate_autoencoder(model_.family->round_trip(model_, plan));
    generate(on_clip);
    summarize();
    return std::move(report_);
  }

 private:
  struct Rendered {
    Split split;
    std::vector<int> wanted, read;
  };

  std::int64_t splits() const { return static_cast<std::int64_t>(splits_.size()); }

  world::Scene scene(Split split, int index) const {
    return world::sample_scene(static_cast<std::uint64_t>(report_.options.scene_seed),
                               static_cast<std::uint64_t>(index), split);
  }

  // A scene as the models' data sets show it.
  Frames shown(std::int64_t seed, Split split, int index, int frames) const {
    const data::WorldSource source{static_cast<std::uint64_t>(seed), split, render_.rate};
    return source.clip(static_cast<std::uint64_t>(index), frames, render_.height, render_.width);
  }
  Frames shown(Split split, int index, int frames) const {
    return shown(report_.options.scene_seed, split, index, frames);
  }

  std::vector<int> wanted(Split split, int index) const {
    return data::world_answers(scene(split, index), judge_.frames_seen(render_.frames, render_.rate));
  }
  Rendered judged(Split split, int index, const Frames& frames) const {
    return {split, wanted(split, index), judge_({frames, render_.rate}).answers};
  }

  void calibrate() {
    const int count = report_.options.calibration;
    begin_phase(progress_, "calibrating", splits() * count);
    for (Split split : splits_) {
      for (int i = 0; i < count; ++i) {
        // Scenes behind those that prompts are made of.
        const int index = report_.options.prompts + i;
        rendered_.push_back(judged(split, index, shown(split, index, render_.frames)));
        advance_or_stop(progress_, static_cast<std::int64_t>(rendered_.size()));
      }
    }
    for (Split split : splits_) add_calibration("renders, " + split_name(split), rendered_, split);
    for (std::size_t a = 0; a < data::world_attributes().size(); ++a) {
      const auto asked = [&](const Column& column) { return column.shares[a].total > 0; };
      const auto readable = [&](const Column& column) { return !asked(column) || column.shares[a].value >= kReadable; };
      report_.scored.push_back(std::ranges::any_of(report_.calibrations, asked) &&
                               std::ranges::all_of(report_.calibrations, readable));
    }
  }

  void add_calibration(const std::string& name, const std::vector<Rendered>& rows, Split split) {
    std::vector<Reading> readings;
    int cluster = 0;
    for (const Rendered& row : rows) {
      if (row.split == split) readings.push_back({cluster++, &row.wanted, &row.read});
    }
    report_.calibrations.push_back(column_of(name, readings));
  }

  void calibrate_autoencoder(const pipeline::RoundTrip& round_trip) {
    const int count = std::min(kAutoencoderClips, report_.options.calibration);
    begin_phase(progress_, "autoencoder", splits() * count);
    std::vector<Rendered> copies;
    for (Split split : splits_) {
      for (int i = 0; i < count; ++i) {
        const int index = report_.options.prompts + i;
        const Frames original = shown(split, index, model_.frames_made(render_.frames));
        const Frames copy = round_trip(original);
        const Fidelity one = fidelity(original, copy);
        report_.autoencoder.psnr += one.psnr / static_cast<double>(splits() * count);
        report_.autoencoder.flicker += one.flicker / static_cast<double>(splits() * count);
        copies.push_back(judged(split, index, copy));
        advance_or_stop(progress_, static_cast<std::int64_t>(copies.size()));
      }
    }
    for (Split split : splits_) add_calibration("autoencoder, " + split_name(split), copies, split);
  }

  // Progress of the many small generations as one phase.
  class Quiet : public Progress {
   public:
    explicit Quiet(const Progress* outer) : outer_(outer) {}
    void begin(std::string_view, std::int64_t) override {}
    void advance(std::int64_t) override {}
    bool cancelled() const override { return outer_ && outer_->cancelled(); }

   private:
    const Progress* outer_;
  };

  void generate(const std::function<void(const JudgedClip&, const Clip&)>& on_clip) {
    const WorldSuiteOptions& o = report_.options;
    begin_phase(progress_, "generating", splits() * static_cast<std::int64_t>(languages_.size()) * o.prompts * o.seeds);
    const auto started = Clock::now();
    Quiet quiet(progress_);
    for (Split split : splits_) {
      for (Language language : languages_) {
        for (int index = 0; index < o.prompts; ++index) {
          const world::Scene asked = scene(split, index);
          pipeline::GenerateRequest request = request_;
          request.prompt =
              world::caption(asked, language, world::CaptionLength::full, static_cast<std::uint64_t>(index));
          request.count = o.seeds;
          request.seed = 1;
          pipeline::generate(
              model_, pipeline::plan_request(request, model_),
              [&](pipeline::Made made) {
                Judgement judgement = judge_(made.clip);
                report_.clips.push_back({split, language, index, made.seed, request.prompt, wanted(split, index),
                                         std::move(judgement.answers), judgement.features_d});
                if (on_clip) on_clip(report_.clips.back(), made.clip);
              },
              &quiet);
          advance_or_stop(progress_, static_cast<std::int64_t>(report_.clips.size()));
        }
      }
    }
    report_.seconds_per_clip =
        std::chrono::duration<double>(Clock::now() - started).count() / static_cast<double>(report_.clips.size());
  }

  void summarize() {
    std::vector<Reading> shuffled;
    for (Split split : splits_) {
      for (Language language : languages_) {
        std::vector<const JudgedClip*> cell;
        for (const JudgedClip& clip : report_.clips) {
          if (clip.split == split && clip.language == language) cell.push_back(&clip);
        }
        std::vector<Reading> readings;
        for (std::size_t i = 0; i < cell.size(); ++i) {
          readings.push_back({cell[i]->scene, &cell[i]->wanted, &cell[i]->read});
          // The truth of the next scene: what a model that ignores its prompt would score.
          const std::size_t other = (i + static_cast<std::size_t>(report_.options.seeds)) % cell.size();
          shuffled.push_back({static_cast<int>(shuffled.size()), &cell[other]->wanted, &cell[i]->read});
        }
        report_.results.push_back(column_of(split_name(split) + ", " + language_name(language), readings));
      }
    }
    report_.calibrations.push_back(column_of("captions shuffled", shuffled));
    measure_distances();
  }

  void measure_distances() {
    begin_phase(progress_, "distances", report_.options.training_clips);
    const WorldSuiteOptions& o = report_.options;
    std::vector<at::Tensor> made, real, others, training;
    for (const JudgedClip& clip : report_.clips) made.push_back(clip.features_d);
    // As many rendered clips of each split, twice.
    const auto each = static_cast<int>(report_.clips.size() / splits_.size());
    for (Split split : splits_) {
      for (int i = 0; i < 2 * each; ++i) {
        (i < each ? real : others).push_back(judge_({shown(split, i, render_.frames), render_.rate}).features_d);
      }
    }
    for (int i = 0; i < o.training_clips; ++i) {
      const Frames seen = shown(o.training_seed, training_split_, i, render_.frames);
      training.push_back(judge_({seen, render_.rate}).features_d);
      advance_or_stop(progress_, i + 1);
    }
    report_.frechet = frechet_distance(stacked(made), stacked(real));
    report_.frechet_floor = frechet_distance(stacked(others), stacked(real));
    report_.nearest_training = mean_nearest_distance(stacked(made), stacked(training));
    report_.nearest_training_real = mean_nearest_distance(stacked(real), stacked(training));
    std::map<std::tuple<Split, Language, int>, std::vector<at::Tensor>> prompts;
    std::vector<at::Tensor> firsts;
    for (const JudgedClip& clip : report_.clips) {
      auto& list = prompts[{clip.split, clip.language, clip.scene}];
      if (list.empty()) firsts.push_back(clip.features_d);
      list.push_back(clip.features_d);
    }
    for (const auto& [key, list] : prompts) {
      report_.seed_diversity += mean_pair_distance(stacked(list)) / static_cast<double>(prompts.size());
    }
    report_.prompt_diversity = mean_pair_distance(stacked(firsts));
  }

  const pipeline::ModelFolder& model_;
  const Judge& judge_;
  std::vector<Split> splits_;
  std::vector<Language> languages_;
  Split training_split_;
  pipeline::GenerateRequest request_;
  Progress* progress_;
  WorldReport report_;
  world::RenderOptions render_;
  std::vector<Rendered> rendered_;
};

}  // namespace

FieldList WorldSuiteOptions::fields() {
  return {{"splits", "what is asked for: train, held-out, guest, guest-away", &splits},
          {"languages", "of the captions: english, chinese", &languages},
          {"prompts", "scenes of each split, asked for in every language", &prompts, {2, 10000}},
          {"seeds", "clips of each prompt", &seeds, {1, 1000}},
          {"calibration", "rendered clips the judge is checked on, per split", &calibration, {8, 100000}},
          {"training_clips", "training clips in which the nearest is looked for", &training_clips, {1, 1000000}},
          {"scene_seed", "of the world the prompts come from", &scene_seed, {0, 9e15}},
          {"training_seed", "of the world the model learned from", &training_seed, {0, 9e15}},
          {"training_split", "of that world", &training_split}};
}

WorldReport run_world_suite(const pipeline::ModelFolder& model, const Judge& judge, const WorldSuiteOptions& options,
                            const pipeline::GenerateRequest& request,
                            const std::function<void(const JudgedClip&, const Clip&)>& on_clip, Progress* progress) {
  require(model.trained.data == pipeline::kCartoonWorld, "evaluate",
          "expected a model that learned the cartoon world (hotshot.json: data) but {} did not", model.name);
  require(options.scene_seed != options.training_seed, "evaluate",
          "expected scenes of another world than the training's but got seed {} for both", options.scene_seed);
  return Suite(model, judge, options, request, progress).run(on_clip);
}

}  // namespace hotshot::evaluation
