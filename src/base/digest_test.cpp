#include "base/digest.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/digest_blocks.h"
#include "base/test_support.h"

namespace hotshot {
namespace {

// FIPS 180-4's examples and the usual million letters.
TEST(Digest, KnownAnswers) {
  EXPECT_EQ(sha256_text(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_text("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_text(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Digest, PiecesMakeTheSameDigest) {
  const std::string text(1000, 'x');
  for (const std::size_t piece : {1, 3, 55, 56, 63, 64, 65, 200}) {
    Sha256 digest;
    for (std::size_t at = 0; at < text.size(); at += piece) digest.update(std::string_view(text).substr(at, piece));
    EXPECT_EQ(digest.hex(), sha256_text(text)) << piece;
  }
}

TEST(Digest, PlainLoopsAndTheProcessorsInstructionsAgree) {
  if (!has_sha_instructions()) GTEST_SKIP() << "the processor has none";
  std::string bytes;
  for (std::uint32_t i = 0; bytes.size() < 64 * 40; ++i) bytes += sha256_text(std::to_string(i));
  Sha256State plain = {1, 2, 3, 4, 5, 6, 7, 0xffffffff}, fast = plain;
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  sha256_blocks_plain(plain, data, 40);
  sha256_blocks_x86(fast, data, 40);
  EXPECT_EQ(plain, fast);
}

TEST(Digest, FileEqualsItsBytes) {
  const TestFolder folder;
  const std::string bytes = std::string(1'500'000, 'q') + std::string(1'500'001, 'r');
  const auto path = folder.file("a", bytes);
  EXPECT_EQ(sha256_file(path), sha256_text(bytes));
  EXPECT_EQ(sha256_file(folder.file("empty", "")), sha256_text(""));
  EXPECT_EQ(sha256_file(path, 1'499'999, 3), sha256_text("qrr"));
  EXPECT_THROW(sha256_file(path, 3'000'000, 2), InvalidArgument);
  EXPECT_THROW(sha256_file(folder / "none"), InvalidArgument);
  EXPECT_THROW(sha256_file(folder.path()), InvalidArgument);
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_THROW(sha256_file(folder / "pipe"), InvalidArgument);
}

TEST(Digest, NamesOfBytesAreSixtyFourLowerCaseDigits) {
  EXPECT_TRUE(is_sha256(sha256_text("")));
  for (const std::string& text :
       {std::string(), std::string(63, 'a'), std::string(65, 'a'), std::string(64, 'A'), std::string(64, 'g')})
    EXPECT_FALSE(is_sha256(text)) << text;
}

// RFC 4231, test cases 1, 2, 3 and 6.
TEST(Digest, Hmac) {
  EXPECT_EQ(to_hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(std::string(20, '\xaa'), std::string(50, '\xdd'))),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  EXPECT_EQ(to_hex(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

}  // namespace
}  // namespace hotshot
