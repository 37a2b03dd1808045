#include "weights/digest.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/error.h"
#include "weights/test_support.h"

namespace hotshot::weights {
namespace {

TEST(ModelDigest, FolderIsTheDigestOfItsModelFiles) {
  const TestFolder folder;
  EXPECT_THROW(folder_digest(folder.path()), InvalidArgument);
  EXPECT_THROW(folder_digest(folder / "none"), InvalidArgument);
  std::filesystem::create_directories(folder / "vae");
  folder.file("vae/config.json", "{}");
  folder.file("model_index.json", "abc");
  const std::string digest = folder_digest(folder.path());
  EXPECT_EQ(digest,
            sha256_text(sha256_text("abc") + "  model_index.json\n" + sha256_text("{}") + "  vae/config.json\n"));
  folder.file(".model.partial.json", "hidden");
  folder.file("README.md", "not part of the model");
  EXPECT_EQ(folder_digest(folder.path()), digest);
  folder.file("vae/config.json", "{ }");
  EXPECT_NE(folder_digest(folder.path()), digest);
}

}  // namespace
}  // namespace hotshot::weights
