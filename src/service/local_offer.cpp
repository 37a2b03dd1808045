#include "service/local_offer.h"

#include <algorithm>
#include <chrono>
#include <variant>

#include "diffusion/sampler.h"
#include "pipeline/memory.h"

namespace hotshot::service {
namespace {

double longest_seconds(const pipeline::ModelFolder& folder) {
  return std::min(folder.family->limits().most_frames, 10 * folder.trained.frames) / static_cast<double>(folder.trained.fps);
}

Abilities abilities_of(const pipeline::ModelFolder& folder) {
  const pipeline::Trained& trained = folder.trained;
  const double seconds = static_cast<double>(folder.family->frames_shown(trained.frames)) / trained.fps;
  const bool flow = std::holds_alternative<diffusion::FlowScheduleOptions>(folder.scheduler.schedule);
  Abilities able{.sizes = trained.sizes,
                 .size_step = folder.size_step(),
                 .fps = trained.fps,
                 .seconds = seconds,
                 .good_seconds = seconds,
                 .max_seconds = longest_seconds(folder),
                 .takes = {"negative", "seed", "fps", "frames", "steps", "guidance", "sampler", flow ? "shift" : "spacing"},
                 .steps = trained.steps,
                 .guidance = trained.guidance,
                 .sampler = trained.sampler.empty() ? folder.scheduler.sampler : trained.sampler,
                 .world = trained.data == pipeline::kCartoonWorld};
  for (const diffusion::SamplerInfo& sampler : diffusion::samplers()) able.samplers.emplace_back(sampler.name);
  return able;
}

}  // namespace

LocalOffer::LocalOffer(std::string its_name, std::filesystem::path its_path, std::int64_t changed) : path(its_path) {
  name = std::move(its_name);
  changed_ms = changed;
  try {
    folder = pipeline::open_model(path);
    abilities = abilities_of(*folder);
  } catch (const std::exception& error) {
    problem = error.what();
  }
}

void LocalOffer::plan(const pipeline::GenerateRequest& request, Planned& planned) const {
  const pipeline::Plan plan = pipeline::plan_request(request, *folder);
  pipeline::require_memory(plan.memory, pipeline::available_memory());
  pipeline::GenerateRequest settled = plan.settled;
  settled.threads = 0;
  planned.effective = write_fields(settled.fields());
  planned.effective["frames_made"] = plan.frames_made;
  planned.effective.erase("seed");
  planned.warnings = plan.warnings;
  planned.seed = plan.seed;
  planned.lane = planned.kind;
}

std::int64_t newest_change_ms(const std::filesystem::path& folder) {
  std::error_code ignored;
  std::int64_t newest = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           folder, std::filesystem::directory_options::follow_directory_symlink, ignored)) {
    const auto time = entry.last_write_time(ignored).time_since_epoch();
    newest = std::max(newest, std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
  }
  return newest;
}

}  // namespace hotshot::service
