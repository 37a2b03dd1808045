#include "evaluation/judge.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/options.h"
#include "data/batch.h"
#include "data/world_attributes.h"
#include "media/resize.h"
#include "model/part.h"
#include "model/registry.h"

namespace hotshot::evaluation {
namespace {

constexpr double kArea = 128 * 128;
constexpr int kMultiple = 8;

void check_questions(const model::ClipClassifierConfig& config, const std::string& where) {
  const auto attributes = data::world_attributes();
  bool same = config.attributes.size() == attributes.size();
  for (std::size_t i = 0; same && i < attributes.size(); ++i) {
    same = config.attributes[i] == attributes[i].name &&
           config.classes[i] == static_cast<int>(attributes[i].classes.size());
  }
  require(same, where, "expected a judge of this program's {} attributes of the world but got one of other questions",
          attributes.size());
}

int rounded_side(double side) { return std::max(1, static_cast<int>(std::lround(side / kMultiple))) * kMultiple; }

// Of `frames` at `rate`, those nearest to `count` moments, `wanted` a second.
std::vector<int> picks(int frames, Rational rate, int wanted, int count) {
  std::vector<int> picked;
  for (int i = 0; i < count; ++i) {
    const auto index = static_cast<int>(std::lround(i * rate.value() / wanted));
    if (index >= frames) break;
    picked.push_back(index);
  }
  return picked;
}

}  // namespace

Judge Judge::open(const std::filesystem::path& folder) {
  const std::filesystem::path part = folder / "judge";
  require(std::filesystem::is_directory(part), "judge", "expected a folder '{}' but it is not there", part.string());
  const nlohmann::json config = read_json(part / "config.json");
  auto network = model::build_network<model::ClipClassifier>("ClipClassifier", "judge", config, part.string());
  check_questions(network->config(), part.string());
  model::load_parameters(*network, part);
  return Judge(std::move(network));
}

Frames frames_at(const Clip& clip, int rate, int count) {
  const Frames& all = clip.frames;
  const std::vector<int> picked = picks(all.count, clip.rate, rate, count);
  Frames frames(static_cast<int>(picked.size()), all.height, all.width);
  for (int i = 0; i < frames.count; ++i) {
    std::memcpy(frames.frame(i), all.frame(picked[static_cast<std::size_t>(i)]), frames.frame_bytes());
  }
  return frames;
}

int Judge::frames_seen(int frames, Rational rate) const {
  const model::ClipClassifierConfig& config = network_->config();
  return static_cast<int>(picks(frames, rate, config.frame_rate, config.num_frames).size());
}

Frames at_judging_size(const Frames& frames) {
  const double area = static_cast<double>(frames.width) * frames.height;
  const bool fits = frames.width % kMultiple == 0 && frames.height % kMultiple == 0;
  if (fits && area > 0.8 * kArea && area < 1.25 * kArea) return frames;
  const double scale = std::sqrt(kArea / area);
  return media::resize(frames, rounded_side(frames.height * scale), rounded_side(frames.width * scale));
}

Judgement Judge::operator()(const Clip& clip) const {
  require(clip.frames.count > 0, "judge", "expected a clip with frames but got {}", clip.frames.count);
  const at::NoGradGuard no_grad;
  const Frames frames = at_judging_size(frames_at(clip, network_->config().frame_rate, network_->config().num_frames));
  const model::ClipReading reading = (*network_)(data::to_video({frames}));
  Judgement judgement{.features_d = reading.features_bd[0]};
  for (const at::Tensor& logits_bk : reading.logits_bk) {
    judgement.answers.push_back(static_cast<int>(logits_bk[0].argmax().item<std::int64_t>()));
  }
  return judgement;
}

}  // namespace hotshot::evaluation
