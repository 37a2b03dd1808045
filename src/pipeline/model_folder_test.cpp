#include "pipeline/model_folder.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

#include "base/file.h"
#include "model/wan_transformer.h"
#include "pipeline/test_support.h"
#include "weights/part.h"

namespace hotshot::pipeline {
namespace {

namespace fs = std::filesystem;

/// A copy of the tiny model that a test may spoil.
class ModelCopy {
 public:
  ModelCopy() : path_(folder_.path() / "tiny") { fs::copy(kTiny, path_, fs::copy_options::recursive); }
  const fs::path& path() const { return path_; }
  void edit(const std::string& file, const std::function<void(nlohmann::json&)>& change) const {
    nlohmann::json json = read_json(path_ / file);
    change(json);
    write_file(path_ / file, json.dump());
  }
  /// Takes a sound part of another tiny model.
  void replace(const std::string& part, const std::string& golden) const {
    fs::remove_all(path_ / part);
    fs::copy(kTiny.parent_path() / golden, path_ / part);
  }
  std::string complaint() const {
    return message_of([&] { open_model(path_); });
  }

 private:
  TestFolder folder_;
  fs::path path_;
};

TEST(ModelFolder, SaysWhatTheFilesHold) {
  const ModelFolder folder = open_model(kTiny);
  EXPECT_EQ(folder.name, "pipeline-wan");
  ASSERT_EQ(folder.parts.size(), 3u);
  EXPECT_EQ(folder.part("vae").class_name, "AutoencoderKLWan");
  EXPECT_EQ(folder.part("transformer").dtypes, "F32");
  for (const PartSummary& part : folder.parts) EXPECT_EQ(part.bytes, static_cast<std::uint64_t>(part.parameters) * 4);
  EXPECT_EQ(folder.size_step(), 16);
  EXPECT_EQ(folder.scheduler.sampler, "unipc");
  EXPECT_EQ(folder.trained.frames, 81);  // no hotshot.json
  EXPECT_EQ(folder.frames_made(24), 25);
  EXPECT_EQ(folder.frames_made(25), 25);
  EXPECT_EQ(folder.frames_made(26), 29);
  EXPECT_EQ(folder.frames_made(1), 1);
}

TEST(ModelFolder, MissingAndWrongPartsAreNamed) {
  EXPECT_NE(message_of([] { open_model("/nonexistent"); }).find("/nonexistent"), std::string::npos);
  {
    const ModelCopy copy;
    fs::remove(copy.path() / "model_index.json");
    EXPECT_NE(copy.complaint().find("model_index.json"), std::string::npos);
  }
  {
    const ModelCopy copy;
    fs::remove_all(copy.path() / "vae");
    EXPECT_NE(copy.complaint().find("'vae'"), std::string::npos);
  }
  {
    const ModelCopy copy;
    copy.edit("model_index.json", [](auto& json) { json["transformer"][1] = "SomethingElse"; });
    EXPECT_NE(copy.complaint().find(
                  "expected one of WanTransformer3DModel, HotshotTransformer3DModel but got 'SomethingElse'"),
              std::string::npos);
  }
  {
    const ModelCopy copy;
    copy.edit("model_index.json", [](auto& json) { json["_class_name"] = "FluxPipeline"; });
    EXPECT_NE(copy.complaint().find("FluxPipeline"), std::string::npos);
  }
  {
    const ModelCopy copy;
    fs::remove(copy.path() / "tokenizer" / "spiece.model");
    EXPECT_NE(copy.complaint().find("spiece.model"), std::string::npos);
  }
}

TEST(ModelFolder, AConfigThatDoesNotMatchTheWeightsIsAnError) {
  const ModelCopy copy;
  copy.edit("transformer/config.json", [](auto& json) { json["num_layers"] = 3; });
  EXPECT_NE(copy.complaint().find("missing: blocks.2"), std::string::npos);
  copy.edit("transformer/config.json", [](auto& json) { json["num_layers"] = 1; });
  EXPECT_NE(copy.complaint().find("unexpected: blocks.1"), std::string::npos);
  copy.edit("transformer/config.json", [](auto& json) { json["num_layers"] = 2, json["ffn_dim"] = 44; });
  EXPECT_NE(copy.complaint().find("expected [44, 24] but got [40, 24]"), std::string::npos);
}

TEST(ModelFolder, PartsMustFitEachOther) {
  {
    const ModelCopy copy;
    copy.edit("vae/config.json", [](auto& json) { json["scale_factor_spatial"] = 16; });
    EXPECT_NE(copy.complaint().find("scale factors"), std::string::npos);
  }
  {
    const ModelCopy copy;
    copy.replace("vae", "vae-wan22");
    EXPECT_NE(copy.complaint().find("expected a transformer of 6 latent channels"), std::string::npos);
  }
  {
    const ModelCopy copy;
    copy.replace("text_encoder", "text-umt5");
    EXPECT_NE(copy.complaint().find("expected a tokenizer of at most 300 pieces"), std::string::npos);
  }
}

TEST(ModelFolder, TrainedValuesComeFromHotshotJson) {
  const ModelCopy copy;
  const nlohmann::json json = {{"frames", 25}, {"fps", 8},        {"sizes", {{128, 128}, {176, 96}}},
                               {"steps", 30},  {"guidance", 4.5}, {"shift", 2.0}};
  write_file(copy.path() / "hotshot.json", json.dump());
  const Trained trained = open_model(copy.path()).trained;
  EXPECT_EQ(trained.sizes, (std::vector<PixelSize>{{128, 128}, {176, 96}}));
  EXPECT_EQ(trained.shift, 2.0);
  EXPECT_EQ(write_trained(read_trained(write_trained(trained), "test")), write_trained(trained));
  for (const char* bad : {R"({"sizes":[]})", R"({"sizes":[[0,16]]})", R"({"sizes":[16]})", R"({"framez":3})", "[]"}) {
    write_file(copy.path() / "hotshot.json", bad);
    EXPECT_NE(copy.complaint(), "") << bad;
  }
}

TEST(ModelFolder, WeightsAliasTheFileWhereTheDtypeAgrees) {
  const ModelFolder folder = open_model(kTiny);
  const auto fp32 = load_network<model::WanTransformer>(folder, "transformer", at::kFloat, at::kCPU);
  const auto bf16 = load_network<model::WanTransformer>(folder, "transformer", at::kBFloat16, at::kCPU);
  const auto file = weights::read_part(folder.path / "transformer");
  std::uintptr_t low = UINTPTR_MAX, high = 0;
  for (const auto& [name, parameter] : fp32->parameters()) {
    EXPECT_TRUE(at::equal(parameter->tensor, file.at(name))) << name;
    low = std::min(low, reinterpret_cast<std::uintptr_t>(parameter->tensor.data_ptr()));
    high = std::max(high, reinterpret_cast<std::uintptr_t>(parameter->tensor.data_ptr()) + parameter->tensor.nbytes());
  }
  EXPECT_EQ(high - low, folder.part("transformer").bytes);  // one span, without a gap: the file itself
  for (const auto& [name, parameter] : bf16->parameters()) {
    EXPECT_EQ(parameter->tensor.scalar_type(), parameter->keep_fp32 ? at::kFloat : at::kBFloat16) << name;
    EXPECT_TRUE(at::allclose(parameter->tensor.to(at::kFloat), file.at(name), 1e-2, 1e-3)) << name;
  }
}

}  // namespace
}  // namespace hotshot::pipeline
