#include "service/renderer.h"

#include <gtest/gtest.h>

#include "media/decode.h"
#include "media/encode.h"
#include "media/recipe.h"
#include "pipeline/recipe.h"
#include "provenance/verify.h"
#include "service/test_support.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

const json kSmall{{"size", "32x32"}, {"frames", 4}, {"steps", 6}, {"seed", 3}};

json video_of(TestService& test, const std::string& id) { return test.job(id)["files"]["video"]; }

TEST(PipelineRenderer, MakesEveryFormatWithItsRecipe) {
  TestService test([](ServiceConfig& config) { config.formats = {"gif", "webp"}; });
  PipelineRenderer renderer(test.service->catalogue(), {"gif", "webp"}, 1);
  const std::string id = test.submit("a red cat", kSmall);
  ASSERT_TRUE(Worker(*test.service, renderer, {.name = "w"}).run_one());
  const json job = test.job(id);
  ASSERT_EQ(job["status"], "succeeded") << job.dump(1);
  EXPECT_EQ(job["effective"]["digest"].get<std::string>().size(), 64u);
  for (const char* role : {"video", "gif", "webp", "thumbnail", "spritesheet"}) {
    ASSERT_TRUE(job["files"].contains(role)) << role;
    const auto path = test.service->blobs().find(job["files"][role]["sha256"]);
    ASSERT_TRUE(path) << role;
    const auto recipe = media::read_recipe(*path);
    ASSERT_TRUE(recipe) << role;
    EXPECT_EQ(pipeline::parse_recipe(*recipe, role).request.prompt, "a red cat") << role;
  }
  const Clip clip = media::decode(*test.service->blobs().find(job["files"]["video"]["sha256"]));
  EXPECT_EQ(clip.frames.count, 4);
  // Dropped into the studio, the file gives its recipe back.
  const std::string bytes = test.get(job["files"]["gif"]["url"]).body;
  const std::string body =
      "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.gif\"\r\n\r\n" + bytes + "\r\n--b--\r\n";
  const Answer recipe = test.send("POST", "/api/v1/recipes", body, "content-type: multipart/form-data; boundary=b\r\n");
  ASSERT_EQ(recipe.status, 200) << recipe.body;
  EXPECT_EQ(recipe.json()["recipe"]["request"]["seed"], 3);
}

TEST(PipelineRenderer, SignsEveryFileAndTheSameRequestGivesTheSameBytes) {
  TestService test([](ServiceConfig& config) { config.formats = {"gif", "webp"}; });
  const auto folder = test.service->folder(kSigningFolder);
  PipelineRenderer renderer(test.service->catalogue(), {"gif", "webp"}, 1, provenance::Signer::open(folder));
  json files[2];
  for (json& made : files) {
    const std::string id = test.submit("a red cat", kSmall);
    ASSERT_TRUE(Worker(*test.service, renderer, {.name = "w"}).run_one());
    made = test.job(id)["files"];
  }
  for (const char* role : {"video", "gif", "webp", "thumbnail", "spritesheet"}) {
    const auto path = test.service->blobs().find(files[0][role]["sha256"]);
    ASSERT_TRUE(path) << role;
    EXPECT_TRUE(provenance::verify(*path, provenance::read_anchors(folder)).trusted) << role;
    EXPECT_EQ(media::read_digital_source(*path), media::kTrainedAlgorithmicMedia) << role;
    EXPECT_EQ(files[0][role]["sha256"], files[1][role]["sha256"]) << role;
  }
}

// Stops its worker at a step, as SIGTERM does.
class StoppingRenderer : public PipelineRenderer {
 public:
  using PipelineRenderer::PipelineRenderer;
  std::vector<RenderedFile> render(const store::Claim& claim, RenderContext& context) override {
    Watch watch(context, *worker, stop_at, journal_at_start);
    return PipelineRenderer::render(claim, watch);
  }
  Worker* worker = nullptr;
  int stop_at = 3;
  std::uintmax_t journal_at_start = 0;  // bytes, when sampling began

 private:
  class Watch : public RenderContext {
   public:
    Watch(RenderContext& real, Worker& worker, int stop_at, std::uintmax_t& journal_at_start)
        : real_(real), worker_(worker), stop_at_(stop_at), journal_at_start_(journal_at_start) {}
    void begin(std::string_view phase, std::int64_t steps) override {
      sampling_ = phase == "sampling";
      if (sampling_) journal_at_start_ = std::filesystem::file_size(real_.journal());
      real_.begin(phase, steps);
    }
    void advance(std::int64_t done) override {
      real_.advance(done);
      if (sampling_ && done == stop_at_) worker_.stop();
    }
    bool cancelled() const override { return real_.cancelled(); }
    void show(const Frames& picture) override { real_.show(picture); }
    void settle(const json& effective, const json& warnings) override { real_.settle(effective, warnings); }
    const std::filesystem::path& folder() const override { return real_.folder(); }
    std::filesystem::path journal() const override { return real_.journal(); }
    bool cancel_requested() const override { return real_.cancel_requested(); }

   private:
    RenderContext& real_;
    Worker& worker_;
    int stop_at_;
    std::uintmax_t& journal_at_start_;
    bool sampling_ = false;
  };
};

TEST(PipelineRenderer, AnotherWorkerGoesOnWhereOneWasStoppedToTheSameBytes) {
  TestService test;
  PipelineRenderer plain(test.service->catalogue(), {}, 1);
  const std::string undisturbed = test.submit("a red cat", kSmall);
  Worker(*test.service, plain, {.name = "a"}).run_one();
  const std::string stopped = test.submit("a red cat", kSmall);
  StoppingRenderer stopping(test.service->catalogue(), std::vector<std::string>{}, 1);
  Worker first(*test.service, stopping, {.name = "b"});
  stopping.worker = &first;
  first.run_one();
  EXPECT_EQ(test.job(stopped)["status"], "queued");
  EXPECT_EQ(test.job(stopped)["attempts"], 0);
  int journals = 0;
  for (const auto& entry : std::filesystem::directory_iterator(test.service->folder("journals"))) {
    journals += entry.file_size() > 64;
  }
  EXPECT_EQ(journals, 1);
  StoppingRenderer resuming(test.service->catalogue(), std::vector<std::string>{}, 1);
  Worker second(*test.service, resuming, {.name = "c"});
  resuming.worker = &second, resuming.stop_at = -1;
  second.run_one();
  ASSERT_EQ(test.job(stopped)["status"], "succeeded");
  EXPECT_GT(resuming.journal_at_start, stopping.journal_at_start + 1000);  // the answers of three steps were used
  EXPECT_EQ(video_of(test, stopped)["sha256"], video_of(test, undisturbed)["sha256"]);
  EXPECT_TRUE(std::filesystem::is_empty(test.service->folder("journals")));
  EXPECT_TRUE(std::filesystem::is_empty(test.service->folder("work")));
}

TEST(PipelineRenderer, AModelThatIsGoneIsTheUsersMistake) {
  TestService test;
  PipelineRenderer renderer(test.service->catalogue(), {}, 1);
  const std::string id = test.submit("a red cat", kSmall);
  ::setenv("HOTSHOT_MODELS", "/nonexistent", 1);
  Catalogue empty;
  PipelineRenderer without(empty, {}, 1);
  Worker(*test.service, without, {.name = "w"}).run_one();
  const json job = test.job(id);
  EXPECT_EQ(job["status"], "failed");
  EXPECT_EQ(job["error"]["code"], "invalid_request");
  EXPECT_EQ(job["attempts"], 1);
}

}  // namespace
}  // namespace hotshot::service
