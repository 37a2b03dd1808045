// What a worker does with a job.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/clip.h"
#include "base/progress.h"
#include "provenance/signer.h"
#include "service/catalogue.h"
#include "store/blobs.h"
#include "store/jobs.h"

namespace hotshot::service {

/// What a renderer is given besides the job. Called from the rendering thread.
class RenderContext : public Progress {
 public:
  /// A picture of what is there so far.
  virtual void show(const Frames& picture) = 0;
  /// Every choice made, where more is known than at submission. Throws Cancelled once the lease is lost.
  virtual void settle(const nlohmann::json& effective, const nlohmann::json& warnings) = 0;
  /// An empty folder of this attempt, removed after it.
  virtual const std::filesystem::path& folder() const = 0;
  /// Where a journal of this job is kept between attempts.
  virtual std::filesystem::path journal() const = 0;
  /// True once a person asked for the job's end; cancelled() alone may say that this worker should let go of it.
  virtual bool cancel_requested() const = 0;
};

/// One file that was made, in the context's folder.
struct RenderedFile {
  std::string role;
  std::filesystem::path path;
  std::string type;
};

/// A job that can never work, for a reason with a code of its own (store::JobError).
class JobFailure : public std::runtime_error {
 public:
  JobFailure(std::string code, const std::string& message) : std::runtime_error(message), code(std::move(code)) {}
  std::string code;
};

class Renderer {
 public:
  virtual ~Renderer() = default;
  /// Lanes whose jobs it takes (store::NewJob).
  virtual std::vector<std::string> lanes() const = 0;
  /// Makes the job's files. Throws InvalidArgument or JobFailure (the job can never work), Cancelled, or others (it may
  /// work next time).
  virtual std::vector<RenderedFile> render(const store::Claim& claim, RenderContext& context) = 0;
};

/// Renders with this machine's networks.
class PipelineRenderer : public Renderer {
 public:
  /// Signs what it makes where there is a signer.
  PipelineRenderer(Catalogue& catalogue, std::vector<std::string> formats, int threads,
                   std::optional<provenance::Signer> signer = {})
      : catalogue_(catalogue), formats_(std::move(formats)), threads_(threads), signer_(std::move(signer)) {}
  std::vector<std::string> lanes() const override { return {"video", "image"}; }
  /// Of a "video": "video" (MP4), the formats, "thumbnail", "spritesheet". Of an "image": "image" in the format that
  /// effective["output_format"] names, its frames, if several, effective["frame_duration_ms"] apart.
  std::vector<RenderedFile> render(const store::Claim& claim, RenderContext& context) override;

 private:
  Catalogue& catalogue_;
  std::vector<std::string> formats_;
  int threads_;
  std::optional<provenance::Signer> signer_;
};

}  // namespace hotshot::service
