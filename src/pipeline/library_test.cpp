#include "pipeline/library.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "pipeline/test_support.h"

namespace hotshot::pipeline {
namespace {

namespace fs = std::filesystem;

class Library : public testing::Test {
 protected:
  Library() : roots_{{folder_.path() / "own", true}, {folder_.path() / "shipped", false}} {
    fs::create_directories(folder_.path() / "shipped");
    fs::create_directory_symlink(kTiny, folder_.path() / "shipped" / "first");
  }

  TestFolder folder_;
  std::vector<ModelRoot> roots_;
};

TEST_F(Library, FindsByNameOrPath) {
  EXPECT_EQ(find_model("first", roots_), folder_.path() / "shipped" / "first");
  EXPECT_EQ(find_model(kTiny.string(), roots_), kTiny);
  EXPECT_EQ(message_of([&] { find_model("second", roots_); }), "[model] expected one of first but got 'second'");
  EXPECT_NE(message_of([&] {
              find_model("second", {{folder_.path() / "none", true}});
            }).find("there is none in"),
            std::string::npos);
}

TEST_F(Library, ImportsAsLinkOrCopyAndRemoves) {
  EXPECT_EQ(import_model(kTiny, "", false, roots_), folder_.path() / "own" / "pipeline-wan");
  EXPECT_TRUE(fs::is_symlink(folder_.path() / "own" / "pipeline-wan"));
  import_model(kTiny, "copied", true, roots_);
  EXPECT_TRUE(fs::is_regular_file(folder_.path() / "own" / "copied" / "vae" / "config.json"));
  EXPECT_EQ(list_models(roots_).size(), 3u);
  EXPECT_NE(message_of([&] { import_model(kTiny, "copied", false, roots_); }).find("there already"), std::string::npos);

  remove_model("pipeline-wan", false, roots_);
  EXPECT_TRUE(fs::exists(kTiny / "model_index.json"));
  EXPECT_NE(message_of([&] { remove_model("copied", false, roots_); }).find("--delete-files"), std::string::npos);
  remove_model("copied", true, roots_);
  EXPECT_NE(message_of([&] { remove_model("first", true, roots_); }).find("belongs to the program"), std::string::npos);
  EXPECT_NE(message_of([&] { remove_model("none", true, roots_); }), "");
  EXPECT_EQ(list_models(roots_).size(), 1u);
}

TEST_F(Library, NamesCannotLeaveTheFolder) {
  for (const char* bad : {"../x", "a/b", ".hidden", "a b", "x\n"}) {
    EXPECT_NE(message_of([&] { import_model(kTiny, bad, false, roots_); }).find("expected a name"), std::string::npos)
        << bad;
  }
}

}  // namespace
}  // namespace hotshot::pipeline
