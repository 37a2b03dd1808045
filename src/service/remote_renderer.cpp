#include "service/remote_renderer.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "media/decode.h"
#include "pipeline/recipe.h"
#include "service/catalogue.h"
#include "service/clip_files.h"
#include "service/remote_errand.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

constexpr std::int64_t kMostPixelBytes = 4ll << 30;

// The frames of a file that came from outside.
Clip read_clip(const std::string& provider, const std::filesystem::path& path, RenderContext& context) {
  try {
    const media::Probe probe = media::probe(path);
    require(probe.container.find("mp4") != std::string::npos, "media", "expected an MP4 file but got {}",
            probe.container);
    return media::decode(path, {.max_bytes = kMostPixelBytes}, &context);
  } catch (const InvalidArgument& error) {
    throw JobFailure("provider_file", fmt::format("[provider] {}: {}", provider, error.what()));
  }
}

// What was made, where it is not what was asked for.
json warnings_for(const Clip& clip, const json& effective, json warnings) {
  const std::string size = fmt::format("{}x{}", clip.frames.width, clip.frames.height);
  if (size == effective.value("size", "")) return warnings;
  const json warning = fmt::format("{} was asked for, {} came", effective.value("size", ""), size);
  if (std::find(warnings.begin(), warnings.end(), warning) == warnings.end()) warnings.push_back(warning);
  return warnings;
}

std::string recipe_of(const store::Job& job, const json& effective) {
  pipeline::Recipe recipe{.engine = std::string(pipeline::kEngine), .model = job.model, .digest = ""};
  recipe.request = request_of(effective, "job");
  return pipeline::write_recipe(recipe);
}

}  // namespace

RemoteRenderer::RemoteRenderer(Provider provider, std::vector<std::string> formats, RemotePace pace)
    : provider_(std::move(provider)), client_(provider_), formats_(std::move(formats)), pace_(pace) {}

std::vector<std::string> RemoteRenderer::lanes() const { return {provider_lane(provider_.name)}; }

std::vector<RenderedFile> RemoteRenderer::render(const store::Claim& claim, RenderContext& context) {
  RemoteErrand errand(provider_, client_, pace_, claim, context);
  std::vector<RenderedFile> files{file_in(context, "video", "video.mp4")};
  errand.run(files.front().path);

  std::unique_lock writing(writing_, std::defer_lock);
  while (!writing.try_lock_for(std::chrono::milliseconds(100))) {
    if (context.cancelled()) throw Cancelled();
  }
  const Clip clip = read_clip(provider_.name, files.front().path, context);
  json effective = errand.effective();
  effective.erase("seconds");
  effective["frames"] = clip.frames.count;
  effective["fps"] = std::max(1L, std::lround(clip.rate.value()));
  context.settle(effective, warnings_for(clip, effective, claim.job.warnings));
  const media::EncodeOptions encode{.recipe = recipe_of(claim.job, effective),
                                    .digital_source = std::string(media::kTrainedAlgorithmicMedia)};
  for (RenderedFile& copy : write_copies(clip, formats_, encode, context)) files.push_back(std::move(copy));
  return files;
}

}  // namespace hotshot::service
