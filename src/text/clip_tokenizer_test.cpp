#include "text/clip_tokenizer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "../../tests/fuzz/mutate.h"
#include "base/file.h"
#include "base/options.h"
#include "base/test_support.h"
#include "text/clip_test_support.h"

namespace hotshot::text {
namespace {

using ::testing::IsSubstring;
using Ids = std::vector<int>;
namespace fs = std::filesystem;

const ClipTokenizer& shipped() {
  static const ClipTokenizer tokenizer(shipped_pieces(), kClipEnd, "test");
  return tokenizer;
}

nlohmann::json golden() { return read_json(fs::path(HOTSHOT_SOURCE_DIR) / "tests/golden/clip-tokens.json"); }

TEST(ClipTokenizer, MatchesTransformers) {
  const nlohmann::json pairs = golden()["ids"];
  ASSERT_GT(pairs.size(), 450u);
  for (const auto& pair : pairs) EXPECT_EQ(shipped().encode(pair[0].get<std::string>()), pair[1].get<Ids>()) << pair[0];
}

TEST(ClipTokenizer, CutsAndFillsUpAsTransformers) {
  const ClipTokenizer second(shipped_pieces(), "!", "test");
  for (const auto& row : golden()["padded"]) {
    EXPECT_EQ(shipped()(row[0].get<std::string>()), row[1].get<Ids>()) << row[0];
    EXPECT_EQ(second(row[0].get<std::string>()), row[2].get<Ids>()) << row[0];
  }
  EXPECT_EQ(shipped()("a photo of a cat", 4), (Ids{49406, 320, 1125, 49407}));
  EXPECT_EQ(shipped()("", 2), (Ids{49406, 49407}));
  EXPECT_THROW(shipped()("", 1), InvalidArgument);
  EXPECT_EQ(second.pad_id(), 0);
  EXPECT_EQ(shipped().vocabulary_size(), 49408);
}

// A prompt can neither start nor end itself.
TEST(ClipTokenizer, SpecialTokensInAPromptAreText) {
  for (const char* text : {"<|endoftext|>", "a<|startoftext|>b", "< |endoftext|>", "<|ENDOFTEXT|>"})
    for (const int id : shipped().encode(text)) EXPECT_LT(id, shipped().start_id()) << text;
}

TEST(ClipTokenizer, RefusesWhatIsNoPrompt) {
  EXPECT_PRED_FORMAT2(IsSubstring, "malformed", message_of([] { shipped().encode("a\xFF"); }));
  EXPECT_PRED_FORMAT2(IsSubstring, "10000", message_of([] { shipped().encode(std::string(10'001, 'a')); }));
}

TEST(ClipTokenizer, AddedTokensAreWordsOfTheirOwn) {
  ClipTokenizer tokenizer = shipped();
  EXPECT_EQ(tokenizer.add_token("<Cat-Toy>", 2), 49408);
  EXPECT_EQ(tokenizer.add_token("easynegative", 1), 49410);
  EXPECT_EQ(tokenizer.add_token("easy", 1), 49411);
  EXPECT_EQ(tokenizer.add_token("by greg", 1), 49412);
  EXPECT_EQ(tokenizer.size(), 49413);
  EXPECT_EQ(tokenizer.encode("a <cat-toy>"), (Ids{320, 49408, 49409}));
  EXPECT_EQ(tokenizer.encode("A<CAT-TOY>photo"), (Ids{320, 49408, 49409, 1125}));
  EXPECT_EQ(tokenizer.encode("EasyNegative, easy"), (Ids{49410, 267, 49411}));
  EXPECT_EQ(tokenizer.encode("easynegatives uneasy easy2"), shipped().encode("easynegatives uneasy easy2"));
  EXPECT_EQ(tokenizer.encode("(easy)"), (Ids{263, 49411, 264}));
  EXPECT_EQ(tokenizer.encode("by   Greg"), (Ids{49412}));
  EXPECT_EQ(tokenizer.vectors_at(49408), 2);
  EXPECT_EQ(tokenizer.vectors_at(49409), 1);
  EXPECT_EQ(tokenizer.vectors_at(320), 1);
  EXPECT_EQ(tokenizer("<cat-toy> <cat-toy>", 5), (Ids{49406, 49408, 49409, 49408, 49407}));
  const auto refusal = [&](std::string_view token, int vectors) {
    return message_of([&] { tokenizer.add_token(token, vectors); });
  };
  EXPECT_PRED_FORMAT2(IsSubstring, "there already", refusal("EASY", 1));
  EXPECT_PRED_FORMAT2(IsSubstring, "without space", refusal(" x", 1));
  EXPECT_PRED_FORMAT2(IsSubstring, "without space", refusal("", 1));
  EXPECT_PRED_FORMAT2(IsSubstring, "1 to 75", refusal("y", 0));
  EXPECT_PRED_FORMAT2(IsSubstring, "1 to 75", refusal("y", 76));
  EXPECT_PRED_FORMAT2(IsSubstring, "200 bytes", refusal(std::string(201, 'y'), 1));
  EXPECT_PRED_FORMAT2(IsSubstring, "UTF-8", refusal("\xFF", 1));
  EXPECT_EQ(tokenizer.size(), 49413);
}

TEST(ClipTokenizer, WritesAFolderThatItReads) {
  const TestFolder folder;
  for (const std::string_view pad : {kClipEnd, std::string_view("!")}) {
    write_clip_tokenizer(kShippedMerges, pad, folder / "tokenizer");
    const ClipTokenizer tokenizer = ClipTokenizer::load(folder / "tokenizer");
    EXPECT_EQ(tokenizer.pad_id(), pad == "!" ? 0 : 49407);
    EXPECT_EQ(tokenizer.start_id(), 49406);
    EXPECT_EQ(tokenizer.end_id(), 49407);
    EXPECT_EQ(tokenizer.encode("一只猫 and its friend's 2 hats!"), shipped().encode("一只猫 and its friend's 2 hats!"));
  }
  EXPECT_FALSE(message_of([&] { write_clip_tokenizer(kShippedMerges, "no piece", folder / "other"); }).empty());
  EXPECT_FALSE(fs::exists(folder / "other"));
}

class SmallTokenizerFolder : public ::testing::Test {
 protected:
  SmallTokenizerFolder() {
    folder_.file("m.txt", kSmallMerges);
    write_clip_tokenizer(folder_ / "m.txt", kClipEnd, path_);
  }
  void write(std::string_view name, std::string_view bytes) { write_file(path_ / name, bytes); }
  std::string refusal() {
    return message_of([&] { ClipTokenizer::load(path_); });
  }

  TestFolder folder_;
  fs::path path_ = folder_ / "tokenizer";
};

TEST_F(SmallTokenizerFolder, SpecialTokensMapSaysWhatPads) {
  write("tokenizer_config.json", R"({"tokenizer_class": "CLIPTokenizer", "pad_token": "<|endoftext|>"})");
  write("special_tokens_map.json", R"({"pad_token": {"content": "!", "lstrip": false}})");
  EXPECT_EQ(ClipTokenizer::load(path_).pad_id(), 0);
  fs::remove(path_ / "special_tokens_map.json");
  EXPECT_EQ(ClipTokenizer::load(path_).pad_id(), 516);
  fs::remove(path_ / "tokenizer_config.json");
  EXPECT_EQ(ClipTokenizer::load(path_).pad_id(), 516);
  write("special_tokens_map.json", R"({"pad_token": 7})");
  EXPECT_PRED_FORMAT2(IsSubstring, "pad_token", refusal());
  write("special_tokens_map.json", R"({"pad_token": "[PAD]"})");
  EXPECT_PRED_FORMAT2(IsSubstring, "'[PAD]'", refusal());
  write("special_tokens_map.json", R"({"tokenizer_class": "T5Tokenizer"})");
  EXPECT_PRED_FORMAT2(IsSubstring, "T5Tokenizer", refusal());
}

TEST_F(SmallTokenizerFolder, ReadsTokenizerJsonAlone) {
  nlohmann::json model = {{"type", "BPE"}, {"end_of_word_suffix", "</w>"}, {"vocab", read_json(path_ / "vocab.json")}};
  model["merges"] = nlohmann::json::array({"c a", nlohmann::json::array({"ca", "t</w>"}), "a t</w>"});
  fs::remove(path_ / "vocab.json");
  EXPECT_PRED_FORMAT2(IsSubstring, "vocab.json is missing", refusal());
  write("tokenizer.json", nlohmann::json{{"model", model}}.dump());
  EXPECT_EQ(ClipTokenizer::load(path_).encode("cat bat"), (Ids{513, 65, 514}));
  model["merges"][1] = nlohmann::json::array({"ca"});
  write("tokenizer.json", nlohmann::json{{"model", model}}.dump());
  EXPECT_PRED_FORMAT2(IsSubstring, "two pieces", refusal());
  model["type"] = "Unigram";
  write("tokenizer.json", nlohmann::json{{"model", model}}.dump());
  EXPECT_PRED_FORMAT2(IsSubstring, "BPE", refusal());
  write("tokenizer.json", "[]");
  EXPECT_PRED_FORMAT2(IsSubstring, "BPE", refusal());
}

TEST_F(SmallTokenizerFolder, ReadsAddedTokens) {
  write("added_tokens.json", R"({"<new>": 517, "<other>": 518, "<|endoftext|>": 516})");
  const ClipTokenizer tokenizer = ClipTokenizer::load(path_);
  EXPECT_EQ(tokenizer.encode("<other> <new>"), (Ids{518, 517}));
  EXPECT_EQ(tokenizer.size(), 519);
  write("added_tokens.json", R"({"<new>": 518})");
  EXPECT_PRED_FORMAT2(IsSubstring, "from 517 on", refusal());
  write("added_tokens.json", R"({"<new>": -1})");
  EXPECT_PRED_FORMAT2(IsSubstring, "expected an id", refusal());
  fs::remove(path_ / "added_tokens.json");
  write("tokenizer_config.json",
        R"({"added_tokens_decoder": {"515": {"content": "<|startoftext|>"}, "517": "<new>"}})");
  EXPECT_EQ(ClipTokenizer::load(path_).encode("<new>"), (Ids{517}));
}

TEST_F(SmallTokenizerFolder, RefusesBrokenVocabularies) {
  const std::string vocabulary = read_file(path_ / "vocab.json");
  const auto with = [&](const char* key, const nlohmann::json& value) {
    nlohmann::json json = parse_json(vocabulary);
    json[key] = value;
    write("vocab.json", json.dump());
    return refusal();
  };
  EXPECT_PRED_FORMAT2(IsSubstring, "distinct ids", with("a", 3));
  EXPECT_PRED_FORMAT2(IsSubstring, "an id from 0 to 516", with("a", 517));
  EXPECT_PRED_FORMAT2(IsSubstring, "an id from 0 to 516", with("a", -1));
  EXPECT_PRED_FORMAT2(IsSubstring, "an id from 0 to 516", with("a", "1"));
  write("vocab.json", "{}");
  EXPECT_PRED_FORMAT2(IsSubstring, "object of pieces", refusal());
  write("vocab.json", vocabulary);
  for (const char* line : {"c a t", "c", " c a", "c "}) {
    write("merges.txt", line);
    EXPECT_PRED_FORMAT2(IsSubstring, "two pieces with a space between", refusal()) << line;
  }
  write("merges.txt", "#version: 0.2\r\nc a\r\n\r\nca t</w>");
  EXPECT_EQ(refusal(), "");
}

// Whatever bytes stand in the files, they are refused or make a tokenizer that works.
TEST_F(SmallTokenizerFolder, SurvivesDamage) {
  Random random(1, "clip tokenizer mutation");
  const char* const names[] = {"vocab.json", "merges.txt", "special_tokens_map.json", "tokenizer_config.json"};
  std::map<std::string, std::string> whole;
  for (const char* name : names) whole[name] = read_file(path_ / name);
  int accepted = 0;
  for (int i = 0; i < 600; ++i) {
    const std::string name = names[random.below(4)];
    const std::string damaged = fuzz::mutate(whole[name], random, {"\"", "{", "</w>", "\\u0000", " "});
    folder_.file("tokenizer/" + name, damaged);
    try {
      const ClipTokenizer tokenizer = ClipTokenizer::load(path_);
      for (const int id : tokenizer.encode("A cat，一只猫 at's 12 <|endoftext|>")) EXPECT_LT(id, tokenizer.size());
      ++accepted;
    } catch (const InvalidArgument&) {
    }
    folder_.file("tokenizer/" + name, whole[name]);
  }
  EXPECT_GT(accepted, 10);
  EXPECT_LT(accepted, 590);
}

}  // namespace
}  // namespace hotshot::text
