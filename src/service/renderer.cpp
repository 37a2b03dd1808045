#include "service/renderer.h"

#include <algorithm>
#include <stdexcept>

#include "base/error.h"
#include "media/encode.h"
#include "media/png.h"
#include "media/resize.h"
#include "net/http.h"
#include "pipeline/generate.h"
#include "pipeline/recipe.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

constexpr int kThumbnailSide = 256;  // the longer one, at most
constexpr int kSpriteFrames = 8;

pipeline::GenerateRequest request_in(const json& effective, int threads) {
  pipeline::GenerateRequest request;
  const FieldList fields = request.fields();
  json known = json::object();
  for (const Field& field : fields) {
    if (effective.contains(field.name)) known[field.name] = effective[field.name];
  }
  read_fields(fields, known, "job");
  request.threads = threads;
  return request;
}

Frames one_frame(const Frames& frames, int index) {
  Frames one(1, frames.height, frames.width);
  std::copy_n(frames.frame(index), frames.frame_bytes(), one.frame(0));
  return one;
}

Frames small(const Frames& frames, int side) {
  const int longer = std::max(frames.width, frames.height);
  if (longer <= side) return frames;
  return media::resize(frames, std::max(1, frames.height * side / longer), std::max(1, frames.width * side / longer));
}

// Frames in a row, evenly spaced over the clip.
Frames sprites(const Frames& frames) {
  const int count = std::min(kSpriteFrames, frames.count);
  Frames row(1, frames.height, frames.width * count);
  const std::size_t line = static_cast<std::size_t>(frames.width) * 3;
  for (int i = 0; i < count; ++i) {
    const std::uint8_t* from = frames.frame(count == 1 ? 0 : i * (frames.count - 1) / (count - 1));
    for (int y = 0; y < frames.height; ++y) {
      std::copy_n(from + y * line, line, row.frame(0) + (static_cast<std::size_t>(y) * count + i) * line);
    }
  }
  return row;
}

// Everything the networks' answers depend on.
std::string journal_digest(const json& effective, const std::string& model_digest) {
  json said = effective;
  for (const char* name : {"threads", "model", "digest"}) said.erase(name);  // the digest is said once, below
  return store::sha256_text(fmt::format("{} {} {}", pipeline::kEngine, model_digest, said.dump()));
}

}  // namespace

std::vector<RenderedFile> PipelineRenderer::render(const store::Claim& claim, RenderContext& context) {
  const Offer offer = [&] {
    try {
      return catalogue_.find(claim.job.model);
    } catch (const net::HttpError& error) {
      throw InvalidArgument(error.what());
    }
  }();
  const pipeline::Plan plan = pipeline::plan_request(request_in(claim.job.effective, threads_), *offer.folder);
  try {
    pipeline::require_memory(plan.memory, pipeline::available_memory());
  } catch (const InvalidArgument& error) {
    throw std::runtime_error(error.what());  // it fitted when it was queued, and may fit again
  }
  const std::string digest = catalogue_.digest(offer);
  json effective = claim.job.effective;
  effective["digest"] = digest;
  context.settle(effective, claim.job.warnings);

  pipeline::Journal journal(context.journal(), journal_digest(claim.job.effective, digest),
                            plan.latent_shape(*offer.folder));
  std::vector<RenderedFile> files;
  const auto add = [&](std::string role, std::string name) {
    std::string type = net::media_type(name);
    files.push_back({std::move(role), context.folder() / name, std::move(type)});
    return files.back().path;
  };
  media::EncodeOptions encode;
  const auto write_video = [&](const Clip& clip) {
    media::encode(clip, add("video", "video.mp4"), encode, &context);
    for (const std::string& format : formats_) media::encode(clip, add(format, "video." + format), encode, &context);
    const Frames& frames = clip.frames;
    media::write_png(small(one_frame(frames, frames.count / 2), kThumbnailSide), add("thumbnail", "thumbnail.png"),
                     encode.recipe);
    media::write_png(sprites(small(frames, kThumbnailSide)), add("spritesheet", "spritesheet.png"), encode.recipe);
  };
  const auto write_image = [&](Clip clip) {
    clip.rate = {1000, effective.value("frame_duration_ms", 200)};
    media::encode(clip, add("image", "image." + effective.value("output_format", "png")), encode, &context);
  };
  const auto write = [&](pipeline::Made made) {
    encode.recipe = pipeline::write_recipe(pipeline::recipe_of(plan, made.seed, offer.name, digest));
    if (claim.job.kind == "image") {
      write_image(std::move(made.clip));
    } else {
      write_video(made.clip);
    }
  };
  pipeline::generate(*offer.folder, plan, write, &context,
                     {.journal = &journal,
                      .on_preview = [&](const Frames& picture) { context.show(small(picture, kThumbnailSide)); }});
  return files;
}

}  // namespace hotshot::service
