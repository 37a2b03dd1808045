#include "weights/part.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <set>

#include "base/error.h"
#include "base/file.h"
#include "weights/test_support.h"

namespace hotshot::weights {
namespace {

using ::testing::IsSubstring;

std::string refusal(const std::filesystem::path& folder) {
  try {
    read_part(folder);
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "(accepted)";
}

TensorMap ten_tensors() {
  TensorMap tensors;
  for (int i = 0; i < 10; ++i) tensors["layer." + std::to_string(i)] = torch::full({100}, i, torch::kFloat);
  return tensors;
}

std::set<std::string> names_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.insert(entry.path().filename().string());
  return names;
}

void expect_equal(const TensorMap& a, const TensorMap& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, tensor] : a) EXPECT_TRUE(torch::equal(tensor, b.at(name))) << name;
}

TEST(Part, RoundTripsOneFile) {
  const TestFolder folder;
  write_part(folder / "vae", "diffusion_pytorch_model", ten_tensors());
  EXPECT_EQ(names_in(folder / "vae"), (std::set<std::string>{"diffusion_pytorch_model.safetensors"}));
  expect_equal(read_part(folder / "vae"), ten_tensors());
  // transformers refuses files that do not say this.
  EXPECT_EQ(read_safetensors(part_files(folder / "vae").at(0)).metadata.at("format"), "pt");
}

TEST(Part, RoundTripsShardsAndReplacesThem) {
  const TestFolder folder;
  write_part(folder.path(), "model", ten_tensors(), 1000);  // two tensors of 400 bytes each
  EXPECT_EQ(names_in(folder.path()).size(), 6u);
  EXPECT_TRUE(std::filesystem::exists(folder / "model-00005-of-00005.safetensors"));
  expect_equal(read_part(folder.path()), ten_tensors());
  EXPECT_PRED_FORMAT2(IsSubstring, "\"total_size\": 4000", read_file(folder / "model.safetensors.index.json"));

  write_part(folder.path(), "model", ten_tensors(), 2000);
  EXPECT_EQ(names_in(folder.path()).size(), 3u);
  expect_equal(read_part(folder.path()), ten_tensors());

  write_part(folder.path(), "model", ten_tensors());
  EXPECT_EQ(names_in(folder.path()), (std::set<std::string>{"model.safetensors"}));
  write_part(folder.path(), "model", ten_tensors(), 1);  // each tensor is larger than a shard may be
  EXPECT_EQ(names_in(folder.path()).size(), 11u);
  expect_equal(read_part(folder.path()), ten_tensors());
}

TEST(Part, SaysWhatItLookedFor) {
  const TestFolder folder;
  EXPECT_PRED_FORMAT2(IsSubstring, "diffusion_pytorch_model.safetensors.index.json", refusal(folder.path()));
  EXPECT_PRED_FORMAT2(IsSubstring, "model.safetensors", refusal(folder.path()));
  EXPECT_PRED_FORMAT2(IsSubstring, "none", refusal(folder / "none"));
  folder.file("pytorch_model.bin", "x");
  EXPECT_PRED_FORMAT2(IsSubstring, "pickle", refusal(folder.path()));
}

TEST(Part, ReadsTheHalfPrecisionVariantWhenAlone) {
  const TestFolder folder;
  write_safetensors(folder / "model.fp16.safetensors", {{"x", torch::ones({2}, torch::kHalf)}});
  EXPECT_EQ(read_part(folder.path()).at("x").scalar_type(), at::kHalf);
}

TEST(Part, RefusesAnIndexThatLies) {
  const TestFolder folder;
  write_safetensors(folder / "a.safetensors", {{"x", torch::ones({2})}, {"y", torch::ones({2})}});
  const auto index = [&](const std::string& map) { folder.file("model.safetensors.index.json", map); };
  index(R"({"weight_map":{"x":"a.safetensors"}})");
  EXPECT_PRED_FORMAT2(IsSubstring, "not listed: [y in a.safetensors]", refusal(folder.path()));
  index(R"({"weight_map":{"x":"a.safetensors","y":"a.safetensors","z":"a.safetensors"}})");
  EXPECT_PRED_FORMAT2(IsSubstring, "missing: [z in a.safetensors]", refusal(folder.path()));
  index(R"({"weight_map":{"x":"a.safetensors","y":"b.safetensors"}})");
  EXPECT_PRED_FORMAT2(IsSubstring, "b.safetensors", refusal(folder.path()));
  for (const char* file : {"../a.safetensors", "/a.safetensors", "a.bin", "", ".."}) {
    index(std::string(R"({"weight_map":{"x":")") + file + "\"}}");
    EXPECT_PRED_FORMAT2(IsSubstring, "beside the index", refusal(folder.path())) << file;
  }
  for (const char* text : {"", "{", "[]", "{\"weight_map\":[]}", "{\"weight_map\":{}}", "{\"weight_map\":{\"x\":1}}"}) {
    index(text);
    EXPECT_PRED_FORMAT2(IsSubstring, "expected", refusal(folder.path())) << text;
  }
}

}  // namespace
}  // namespace hotshot::weights
