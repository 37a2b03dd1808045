#include "text/t5_tokenizer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "base/error.h"
#include "text/test_support.h"

namespace hotshot::text {
namespace {

using ::testing::IsSubstring;
using Ids = std::vector<int>;

class T5TokenizerTest : public ::testing::Test {
 protected:
  T5TokenizerTest() : folder_(std::filesystem::temp_directory_path() / fmt::format("hotshot-t5-{}", ::getpid())) {
    std::filesystem::create_directories(folder_);
    write("spiece.model", model_bytes(t5_pieces_and({{"▁a", -1}, {"▁cat", -1}}), t5_trainer()));
  }
  ~T5TokenizerTest() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
  }
  std::string refusal() {
    try {
      T5Tokenizer::load(folder_);
    } catch (const InvalidArgument& error) {
      return error.what();
    }
    return "(accepted)";
  }

  std::filesystem::path folder_;
};

TEST_F(T5TokenizerTest, EndsWithEosAlsoWhenCut) {
  const T5Tokenizer tokenizer = T5Tokenizer::load(folder_);
  EXPECT_EQ(tokenizer("a cat", 512), (Ids{3, 4, 1}));
  EXPECT_EQ(tokenizer("a cat", 3), (Ids{3, 4, 1}));
  EXPECT_EQ(tokenizer("a cat", 2), (Ids{3, 1}));
  EXPECT_EQ(tokenizer("a cat", 1), (Ids{1}));
  EXPECT_EQ(tokenizer("", 512), (Ids{1}));
  EXPECT_THROW(tokenizer("a", 0), InvalidArgument);
  EXPECT_EQ(tokenizer.decode(Ids{3, 4, 1}), "a cat");
  EXPECT_EQ(tokenizer.pad_id(), 0);
}

TEST_F(T5TokenizerTest, ChecksTheConfiguration) {
  write("tokenizer_config.json",
        R"({"tokenizer_class":"T5Tokenizer","eos_token":{"content":"</s>"},"pad_token":"<pad>"})");
  EXPECT_EQ(refusal(), "(accepted)");
  write("tokenizer_config.json", R"({"tokenizer_class":"CLIPTokenizer"})");
  EXPECT_PRED_FORMAT2(IsSubstring, "CLIPTokenizer", refusal());
  write("tokenizer_config.json", R"({"eos_token":"<end>"})");
  EXPECT_PRED_FORMAT2(IsSubstring, "<end>", refusal());
  write("tokenizer_config.json", "[]");
  EXPECT_PRED_FORMAT2(IsSubstring, "object", refusal());
  write("tokenizer_config.json", "{");
  EXPECT_PRED_FORMAT2(IsSubstring, "tokenizer_config.json", refusal());
}

TEST_F(T5TokenizerTest, ChecksTheVocabulary) {
  write("spiece.model", model_bytes(t5_pieces_and({{"a", -1}})));  // default ids: no </s> at 2, no <pad>
  EXPECT_PRED_FORMAT2(IsSubstring, "</s> and <pad>", refusal());
  std::filesystem::remove(folder_ / "spiece.model");
  EXPECT_PRED_FORMAT2(IsSubstring, "spiece.model", refusal());
}

}  // namespace
}  // namespace hotshot::text
