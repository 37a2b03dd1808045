#include "weights/safetensors.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <torch/torch.h>

#include "../../tests/fuzz/mutate.h"
#include "base/error.h"
#include "base/file.h"
#include "weights/test_support.h"

namespace hotshot::weights {
namespace {

using ::testing::IsSubstring;

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "(accepted)";
}

TensorMap every_type() {
  TensorMap tensors;
  for (const auto type : {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong, at::kInt, at::kShort, at::kChar,
                          at::kByte, at::kBool})
    tensors[std::string("t.") + std::string(dtype_name(type))] = torch::arange(-3, 4).to(type).reshape({1, 7});
  tensors["scalar"] = torch::tensor(2.5f);
  tensors["empty"] = torch::empty({3, 0, 2});
  tensors["transposed"] = torch::arange(6).reshape({2, 3}).t();
  tensors["名字 \"quoted\""] = torch::ones({2});
  return tensors;
}

TEST(Safetensors, RoundTripsEveryTypeShapeAndName) {
  const TestFolder folder;
  const TensorMap tensors = every_type();
  write_safetensors(folder / "a.safetensors", tensors, {{"format", "pt"}, {"作者", "x"}});
  const SafetensorsFile file = read_safetensors(folder / "a.safetensors");
  EXPECT_EQ(file.metadata, (Metadata{{"format", "pt"}, {"作者", "x"}}));
  ASSERT_EQ(file.tensors.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    ASSERT_TRUE(file.tensors.contains(name)) << name;
    EXPECT_EQ(file.tensors.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(torch::equal(file.tensors.at(name), tensor)) << name;
  }
}

TEST(Safetensors, WritesTheseBytes) {
  const TestFolder folder;
  write_safetensors(folder / "a.safetensors",
                    {{"byte", torch::tensor({7}, torch::kByte)}, {"wide", torch::tensor({1}, torch::kLong)}});
  std::string json =
      R"({"wide":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"byte":{"dtype":"U8","shape":[1],"data_offsets":[8,9]}})";
  json.append((8 - json.size() % 8) % 8, ' ');
  EXPECT_EQ(read_file(folder / "a.safetensors"), safetensors_bytes(json, std::string("\1\0\0\0\0\0\0\0\7", 9)));
}

TEST(Safetensors, AliasesTheFileButNeverWritesToIt) {
  const TestFolder folder;
  write_safetensors(folder / "a.safetensors", {{"x", torch::ones({4})}});
  const std::string before = read_file(folder / "a.safetensors");
  at::Tensor x = read_safetensors(folder / "a.safetensors").tensors.at("x");
  std::filesystem::remove(folder / "a.safetensors");
  x.mul_(3);  // the mapping outlives the map it came from, and the file's name
  EXPECT_EQ(x.sum().item<float>(), 12);
  folder.file("a.safetensors", before);
  at::Tensor y = read_safetensors(folder / "a.safetensors").tensors.at("x");
  y.zero_();
  EXPECT_EQ(read_file(folder / "a.safetensors"), before);
}

// Its pages go back to the system; those it shares with neighbours stay.
TEST(Safetensors, ATensorThatIsLetGoLeavesItsNeighbours) {
  const TestFolder folder;
  write_safetensors(
      folder / "a.safetensors",
      {{"a", torch::full({5000}, 1.0f)}, {"b", torch::full({5000}, 2.0f)}, {"c", torch::full({5000}, 3.0f)}});
  TensorMap tensors = read_safetensors(folder / "a.safetensors").tensors;
  tensors.at("a").add_(10);  // in this process alone
  tensors.at("c").add_(10);
  tensors.erase("b");
  EXPECT_TRUE(tensors.at("a").eq(11).all().item<bool>());
  EXPECT_TRUE(tensors.at("c").eq(13).all().item<bool>());
}

TEST(Safetensors, CopiesUnalignedData) {
  const TestFolder folder;
  const std::string data("\0\0\200\77", 4);  // 1.0f
  for (int spaces = 0; spaces < 8; ++spaces) {
    const std::string json = R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})" + std::string(spaces, ' ');
    const auto path = folder.file("a.safetensors", safetensors_bytes(json, data));
    const at::Tensor x = read_safetensors(path).tensors.at("x");
    EXPECT_EQ(x.item<float>(), 1.0f);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(x.data_ptr()) % alignof(float), 0u);
  }
}

TEST(Safetensors, ListsWithoutReadingData) {
  const TestFolder folder;
  write_safetensors(folder / "a.safetensors", {{"b", torch::ones({2, 3})}, {"a", torch::ones({5}, torch::kByte)}});
  const auto infos = list_safetensors(folder / "a.safetensors");
  ASSERT_EQ(infos.size(), 2u);
  EXPECT_EQ(infos[0].name, "a");
  EXPECT_EQ(infos[1].shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(infos[1].bytes(), 24u);
  EXPECT_EQ(infos[1].elements(), 6);
}

struct BadHeader {
  const char* json;
  std::size_t data;
  const char* reason;
};

TEST(Safetensors, RefusesBadHeaders) {
  const std::vector<BadHeader> cases = {
      {R"([])", 0, "JSON object"},
      {R"({)", 0, "malformed"},
      {R"({} x)", 0, "malformed"},
      {"{\"\xff\":1}", 0, "malformed"},
      {R"({"x":3})", 0, "expected an object"},
      {R"({"x":null})", 0, "null"},
      {R"({"x":{"dtype":"F32","shape":[1]}})", 4, "data_offsets"},
      {R"({"x":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}})", 1, "F8_E4M3"},
      {R"({"x":{"dtype":3,"shape":[1],"data_offsets":[0,1]}})", 1, "type name"},
      {R"({"x":{"dtype":"U8","shape":{},"data_offsets":[0,1]}})", 1, "an object"},
      {R"({"x":{"dtype":"U8","shape":[[1]],"data_offsets":[0,1]}})", 1, "a list"},
      {R"({"x":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}})", 1, "-1"},
      {R"({"x":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}})", 1, "1.0"},
      {R"({"x":{"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,1]}})", 1, "2^63"},
      {R"({"x":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})", 0, "2^63"},
      {R"({"x":{"dtype":"F32","shape":[4611686018427387904,4,0],"data_offsets":[0,0]}})", 0, "2^63"},
      {R"({"x":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}})", 1, "at most 16"},
      {R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0]}})", 1, "two data_offsets"},
      {R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}})", 1, "1 bytes"},
      {R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[0,1]}})", 1, "2 bytes"},
      {R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", 1, "within 1 bytes"},
      {R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 2, "fill 2 bytes"},
      {R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})", 2, "begin at byte 0"},
      {R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"y":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
       3, "begin at byte 2"},
      {R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
       1, "twice"},
      {R"({"x":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1, "once"},
      {R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"more":1}})", 1, "more"},
      {R"({"__metadata__":{"a":1}})", 0, "a string"},
      {R"({"__metadata__":{"a":"b","a":"c"}})", 0, "once"},
      {R"({"__metadata__":[]})", 0, "a list"},
      {R"({"x":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}})", 1, "bytes 0 and 1"},
  };
  const TestFolder folder;
  for (const BadHeader& bad : cases) {
    const auto path = folder.file("a.safetensors", safetensors_bytes(bad.json, std::string(bad.data, '\2')));
    EXPECT_PRED_FORMAT2(IsSubstring, bad.reason, refusal([&] { read_safetensors(path); })) << bad.json;
  }
  const std::string deep = "{\"x\":" + std::string(1'000'000, '[');
  EXPECT_PRED_FORMAT2(IsSubstring, "a list", refusal([&] { parse_safetensors_header(deep, 0, "test"); }));
}

TEST(Safetensors, RefusesEveryTruncation) {
  const TestFolder folder;
  write_safetensors(folder / "a.safetensors", {{"x", torch::ones({2})}, {"y", torch::ones({1}, torch::kByte)}});
  const std::string whole = read_file(folder / "a.safetensors");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto path = folder.file("cut.safetensors", whole.substr(0, size));
    EXPECT_THROW(read_safetensors(path), InvalidArgument) << size;
    EXPECT_THROW(list_safetensors(path), InvalidArgument) << size;
  }
  folder.file("long.safetensors", whole + "x");
  EXPECT_THROW(read_safetensors(folder / "long.safetensors"), InvalidArgument);
}

TEST(Safetensors, RefusesWhatIsNotSafetensors) {
  const TestFolder folder;
  for (const char* name : {"a.ckpt", "a.pt", "a.bin", "a.pth"})
    EXPECT_PRED_FORMAT2(IsSubstring, "pickle", refusal([&] { read_safetensors(folder.file(name, "anything")); }))
        << name;
  EXPECT_PRED_FORMAT2(IsSubstring, "pickle",
                      refusal([&] { read_safetensors(folder.file("a", "PK\3\4 and a long zip file")); }));
  EXPECT_PRED_FORMAT2(IsSubstring, "pickle",
                      refusal([&] { read_safetensors(folder.file("b", "\200\2}q\1(X\1..........")); }));
  const std::string huge("\1\341\365\5\0\0\0\0{}", 10);  // a header of 100,000,001 bytes
  EXPECT_PRED_FORMAT2(IsSubstring, "100000001", refusal([&] { read_safetensors(folder.file("c", huge)); }));
  EXPECT_PRED_FORMAT2(IsSubstring, "a folder", refusal([&] { read_safetensors(folder.path()); }));
  EXPECT_PRED_FORMAT2(IsSubstring, "none.safetensors", refusal([&] { read_safetensors(folder / "none.safetensors"); }));
  ASSERT_EQ(::mkfifo((folder / "pipe.safetensors").c_str(), 0600), 0);
  EXPECT_PRED_FORMAT2(IsSubstring, "a pipe", refusal([&] { read_safetensors(folder / "pipe.safetensors"); }));
}

TEST(Safetensors, FollowsLinks) {
  const TestFolder folder;
  write_safetensors(folder / "a.safetensors", {{"x", torch::ones({2})}});
  std::filesystem::create_symlink("a.safetensors", folder / "link.safetensors");
  EXPECT_EQ(read_safetensors(folder / "link.safetensors").tensors.size(), 1u);
}

TEST(Safetensors, RefusesToWriteWhatItCannotRead) {
  const TestFolder folder;
  const auto path = folder / "a.safetensors";
  EXPECT_THROW(write_safetensors(path, {{"x", torch::ones({1}, torch::kComplexFloat)}}), InvalidArgument);
  EXPECT_THROW(write_safetensors(path, {{"x", at::Tensor()}}), InvalidArgument);
  EXPECT_THROW(write_safetensors(path, {{"__metadata__", torch::ones({1})}}), InvalidArgument);
  EXPECT_THROW(write_safetensors(path, {{"\xff", torch::ones({1})}}), InvalidArgument);
  EXPECT_THROW(write_safetensors(folder / "no/folder/a.safetensors", {{"x", torch::ones({1})}}), InvalidArgument);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

// Whatever the damage: an InvalidArgument, or tensors whose every byte can be read.
TEST(Safetensors, SurvivesMutation) {
  const TestFolder folder;
  write_safetensors(folder / "a.safetensors", every_type(), {{"format", "pt"}});
  const std::string whole = read_file(folder / "a.safetensors");
  const std::vector<std::string> words = {"{", "}",  "[",       "]",        ",",
                                          ":", "\"", "\"F64\"", "\"BOOL\"", "\"__metadata__\":"};
  Random random(1, "safetensors mutation");
  int accepted = 0;
  for (int i = 0; i < 4000; ++i) {
    const auto path = folder.file("m.safetensors", fuzz::mutate(whole, random, words));
    try {
      for (const auto& [name, tensor] : read_safetensors(path).tensors) accepted += tensor.clone().numel() >= 0;
    } catch (const InvalidArgument&) {
    }
  }
  EXPECT_GT(accepted, 0);  // damage to the data alone goes unseen
}

}  // namespace
}  // namespace hotshot::weights
