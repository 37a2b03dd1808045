#include "service/renderer.h"

#include <stdexcept>

#include "base/digest.h"
#include "base/error.h"
#include "base/heap.h"
#include "media/encode.h"
#include "pipeline/generate.h"
#include "pipeline/recipe.h"
#include "service/clip_files.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

// Everything the networks' answers depend on.
std::string journal_digest(const json& effective, const std::string& model_digest) {
  json said = effective;
  for (const char* name : {"threads", "model", "digest"}) said.erase(name);  // the digest is said once, below
  return sha256_text(fmt::format("{} {} {}", pipeline::kEngine, model_digest, said.dump()));
}

/// A worker that waits for jobs leaves the memory of the last one to others.
struct MemoryGivenBack {
  ~MemoryGivenBack() { return_freed_memory(); }
};

}  // namespace

std::vector<RenderedFile> PipelineRenderer::render(const store::Claim& claim, RenderContext& context) {
  const MemoryGivenBack after_all_else;
  const auto offer = catalogue_.find_local(claim.job.model);
  pipeline::GenerateRequest request = request_of(claim.job.effective, "job");
  request.threads = threads_;
  const pipeline::Plan plan = pipeline::plan_request(request, *offer->folder);
  try {
    pipeline::require_memory(plan.memory, pipeline::available_memory());
  } catch (const InvalidArgument& error) {
    throw std::runtime_error(error.what());  // it fitted when it was queued, and may fit again
  }
  const std::string digest = catalogue_.digest(*offer);
  json effective = claim.job.effective;
  effective["digest"] = digest;
  context.settle(effective, claim.job.warnings);

  pipeline::Journal journal(context.journal(), journal_digest(claim.job.effective, digest),
                            plan.latent_shape(*offer->folder));
  std::vector<RenderedFile> files;
  const auto add = [&](std::string role, const std::string& name) {
    files.push_back(file_in(context, std::move(role), name));
    return files.back().path;
  };
  media::EncodeOptions encode{.digital_source = std::string(media::kTrainedAlgorithmicMedia)};
  const auto write_video = [&](const Clip& clip) {
    media::encode(clip, add("video", "video.mp4"), encode, &context);
    for (RenderedFile& copy : write_copies(clip, formats_, encode, context)) files.push_back(std::move(copy));
  };
  const auto write_image = [&](Clip clip) {
    clip.rate = {1000, effective.value("frame_duration_ms", 200)};
    media::encode(clip, add("image", "image." + effective.value("output_format", "png")), encode, &context);
  };
  const auto write = [&](pipeline::Made made) {
    encode.recipe = pipeline::write_recipe(pipeline::recipe_of(plan, made.seed, offer->name, digest));
    if (claim.job.kind == "image") {
      write_image(std::move(made.clip));
    } else {
      write_video(made.clip);
    }
  };
  pipeline::generate(
      *offer->folder, plan, write, &context,
      {.journal = &journal, .on_preview = [&](const Frames& picture) { context.show(small_picture(picture)); }});
  for (const RenderedFile& file : files) {
    if (signer_) signer_->sign(file.path, {.version = std::string(pipeline::kVersion), .model = offer->name});
  }
  return files;
}

}  // namespace hotshot::service
