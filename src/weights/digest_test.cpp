#include "weights/digest.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "weights/test_support.h"

namespace hotshot::weights {
namespace {

// FIPS 180-4's examples and the usual million letters.
TEST(Digest, KnownAnswers) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Digest, PiecesMakeTheSameDigest) {
  const std::string text(1000, 'x');
  for (const std::size_t piece : {1, 3, 55, 56, 63, 64, 65, 200}) {
    Sha256 digest;
    for (std::size_t at = 0; at < text.size(); at += piece) digest.update(std::string_view(text).substr(at, piece));
    EXPECT_EQ(digest.hex(), sha256(text)) << piece;
  }
}

TEST(Digest, FolderIsTheDigestOfItsModelFiles) {
  const TestFolder folder;
  EXPECT_THROW(folder_digest(folder.path()), InvalidArgument);
  EXPECT_THROW(folder_digest(folder / "none"), InvalidArgument);
  std::filesystem::create_directories(folder / "vae");
  folder.file("vae/config.json", "{}");
  folder.file("model_index.json", "abc");
  const std::string digest = folder_digest(folder.path());
  EXPECT_EQ(digest, sha256(sha256("abc") + "  model_index.json\n" + sha256("{}") + "  vae/config.json\n"));
  folder.file(".model.partial.json", "hidden");
  folder.file("README.md", "not part of the model");
  EXPECT_EQ(folder_digest(folder.path()), digest);
  folder.file("vae/config.json", "{ }");
  EXPECT_NE(folder_digest(folder.path()), digest);
}

TEST(Digest, FileEqualsItsBytes) {
  const TestFolder folder;
  const std::string bytes(3'000'001, 'q');
  EXPECT_EQ(sha256_file(folder.file("a", bytes)), sha256(bytes));
  EXPECT_THROW(sha256_file(folder / "none"), InvalidArgument);
}

}  // namespace
}  // namespace hotshot::weights
