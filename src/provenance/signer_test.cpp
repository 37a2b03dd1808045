#include "provenance/signer.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "media/decode.h"
#include "media/encode.h"
#include "media/recipe.h"
#include "media/test_support.h"
#include "provenance/certificate.h"
#include "provenance/verify.h"

namespace hotshot::provenance {
namespace {

namespace fs = std::filesystem;
using media::slurp;
using media::spill;

const Statement kStatement{.version = "1.2.3", .model = "act-one-mini"};
constexpr const char* kSignable[] = {"mp4", "gif", "webp", "png", "jpg"};

/// A file of each format that can be signed, with recipe and IPTC mark.
class Signing : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TestFolder;
    for (const std::string extension : {"mp4", "gif", "webp", "png", "jpg", "webm"}) {
      const Clip clip{media::cartoon(media::in_one_file(extension, 5), 32, 48), {8, 1}};
      media::encode(clip, *folder_ / ("plain." + extension),
                    {.recipe = "{\"seed\":7}", .digital_source = std::string(media::kTrainedAlgorithmicMedia)});
    }
    signer_ = new Signer(Signer::open(*folder_ / "signing"));
  }
  static void TearDownTestSuite() {
    delete signer_;
    delete folder_;
  }

  static fs::path plain(const std::string& extension) { return *folder_ / ("plain." + extension); }
  static fs::path signed_copy(const std::string& extension, const std::string& name = "signed") {
    const fs::path path = *folder_ / (name + "." + extension);
    fs::copy_file(plain(extension), path, fs::copy_options::overwrite_existing);
    EXPECT_TRUE(signer_->sign(path, kStatement));
    return path;
  }
  static Anchors anchors() { return read_anchors(*folder_ / "signing"); }
  static std::string codes(const Verdict& verdict, Finding::Kind kind = Finding::Kind::failure) {
    std::string text;
    for (const Finding& finding : verdict.findings) {
      if (finding.kind == kind) text += finding.code + " " + finding.explanation + "\n";
    }
    return text;
  }

  static TestFolder* folder_;
  static Signer* signer_;
};
TestFolder* Signing::folder_ = nullptr;
Signer* Signing::signer_ = nullptr;

TEST_F(Signing, HoldsInEveryFormat) {
  for (const std::string extension : kSignable) {
    const fs::path path = signed_copy(extension);
    const Verdict verdict = verify(path, anchors());
    EXPECT_EQ(state_name(verdict), "trusted") << extension << "\n" << codes(verdict);
    EXPECT_EQ(state_name(verify(path, {})), "valid") << extension;
    EXPECT_EQ(verdict.claimed.generator, "Hotshot");
    EXPECT_EQ(verdict.claimed.generator_version, "1.2.3");
    EXPECT_EQ(verdict.claimed.action, "c2pa.created");
    EXPECT_EQ(verdict.claimed.digital_source, media::kTrainedAlgorithmicMedia);
    EXPECT_EQ(verdict.claimed.software_agent, "act-one-mini");
    EXPECT_EQ(verdict.claimed.issuer, "Hotshot");
    EXPECT_TRUE(verdict.claimed.signer.starts_with("Hotshot local signer "));
    EXPECT_TRUE(verdict.claimed.manifest.starts_with("urn:c2pa:"));
    // It is still the same file to everyone else.
    EXPECT_EQ(media::read_recipe(path), "{\"seed\":7}") << extension;
    EXPECT_EQ(media::read_digital_source(path), media::kTrainedAlgorithmicMedia) << extension;
    EXPECT_EQ(media::decode(path).frames.pixels, media::decode(plain(extension)).frames.pixels) << extension;
    EXPECT_LT(fs::file_size(path), fs::file_size(plain(extension)) + 4096) << extension;
  }
}

TEST_F(Signing, SaysNoTimeAndDrawsNoNumbers) {
  for (const std::string extension : kSignable) {
    const std::string once = slurp(signed_copy(extension, "once")), again = slurp(signed_copy(extension, "again"));
    EXPECT_EQ(once, again) << extension;
    const fs::path other = *folder_ / ("other." + extension);
    fs::copy_file(plain(extension), other, fs::copy_options::overwrite_existing);
    signer_->sign(other, {.version = "1.2.3"});
    EXPECT_NE(slurp(other), once) << extension;
    EXPECT_EQ(verify(other, anchors()).claimed.software_agent, "");
  }
}

TEST_F(Signing, CanBeTakenOffToTheByte) {
  for (const std::string extension : kSignable) {
    EXPECT_EQ(without_manifest(signed_copy(extension)), slurp(plain(extension))) << extension;
    EXPECT_EQ(without_manifest(plain(extension)), slurp(plain(extension))) << extension;
  }
}

TEST_F(Signing, IsNotDoneTwiceNorWhereItHasNoPlace) {
  const fs::path path = signed_copy("gif");
  EXPECT_NE(message_of([&] { signer_->sign(path, kStatement); }).find("without a manifest"), std::string::npos);
  const std::string before = slurp(plain("webm"));
  EXPECT_FALSE(signer_->sign(plain("webm"), kStatement));
  EXPECT_EQ(slurp(plain("webm")), before);
  EXPECT_EQ(state_name(verify(plain("webm"), {})), "not_present");
  EXPECT_EQ(state_name(verify(plain("mp4"), {})), "not_present");
}

// Any byte outside the manifest: the hash finds it, or the file is no longer one that can be read.
TEST_F(Signing, AChangedByteIsFound) {
  const std::pair<const char*, const char*> expected[] = {{"mp4", "assertion.bmffHash.mismatch"},
                                                          {"gif", "assertion.dataHash.mismatch"},
                                                          {"webp", "assertion.dataHash.mismatch"},
                                                          {"png", "assertion.dataHash.mismatch"},
                                                          {"jpg", "assertion.dataHash.mismatch"}};
  for (const auto& [extension, code] : expected) {
    const std::string good = slurp(signed_copy(extension));
    const std::string bare = slurp(plain(extension));
    const std::size_t manifest = good.size() - bare.size();
    // WebP has it at its end, and its own length in front.
    const std::size_t place = std::string(extension) == "webp"
                                  ? bare.size()
                                  : std::mismatch(bare.begin(), bare.end(), good.begin()).first - bare.begin();
    int found = 0, tried = 0;
    for (std::size_t i = 40; i < bare.size(); i += 1 + bare.size() / 97, ++tried) {
      std::string bad = good;
      const std::size_t at = i < place ? i : i + manifest;
      bad[at] = static_cast<char>(bad[at] ^ 0x10);
      const fs::path path = folder_->file("bad", bad);
      const std::string refused = message_of([&] {
        const Verdict verdict = verify(path, anchors());
        EXPECT_FALSE(verdict.valid) << extension << " at " << at;
        found += codes(verdict).find(code) != std::string::npos;
      });
      found += !refused.empty();
    }
    EXPECT_EQ(found, tried) << extension;
  }
}

TEST_F(Signing, AChangedManifestIsFound) {
  const std::string good = slurp(signed_copy("png"));
  const std::size_t manifest = good.size() - fs::file_size(plain("png"));
  const auto change = [&](const std::string& from, const std::string& to) {
    std::string bad = good;
    const std::size_t at = bad.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    bad.replace(at, to.size(), to);
    // As one who wants to be believed would: the chunk's checksum is right again.
    const fs::path path = folder_->file("bad.png", bad.substr(0, 33) + bad.substr(33 + manifest));
    std::string content = bad.substr(33 + 4, manifest - 8);
    std::uint32_t crc = 0xFFFFFFFF;
    for (const char c : content) {
      crc ^= static_cast<std::uint8_t>(c);
      for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
    }
    for (int i = 0; i < 4; ++i) bad[33 + manifest - 4 + i] = static_cast<char>(~crc >> (24 - 8 * i) & 255);
    spill(path, bad);
    return codes(verify(path, anchors()));
  };
  EXPECT_NE(change("act-one-mini", "act-two-maxi").find("assertion.hashedURI.mismatch"), std::string::npos);
  EXPECT_NE(change("xmp:iid:", "xmp:did:").find("claimSignature.mismatch"), std::string::npos);
  EXPECT_NE(change("c2pa.assertions", "c2pa.assertians"), "");
  EXPECT_EQ(change("act-one-mini", "act-one-mini"), "");
}

TEST_F(Signing, AManifestOfAnotherFileIsFound) {
  const std::string one = slurp(signed_copy("png"));
  const std::size_t manifest = one.size() - fs::file_size(plain("png"));
  media::encode({media::cartoon(3, 32, 48), {8, 1}}, *folder_ / "strange_%d.png");
  const std::string strange = slurp(*folder_ / "strange_3.png");
  const fs::path path =
      folder_->file("mixed.png", strange.substr(0, 33) + one.substr(33, manifest) + strange.substr(33));
  EXPECT_NE(codes(verify(path, anchors())).find("assertion.dataHash.mismatch"), std::string::npos);
}

TEST_F(Signing, DamageNeverDoesHarm) {
  for (const std::string extension : kSignable) {
    const std::string good = slurp(signed_copy(extension));
    std::uint32_t state = 7;
    for (int i = 0; i < 200; ++i) {
      std::string bad = good.substr(0, i % 4 ? good.size() : (state >> 4) % good.size());
      for (int k = 0; k < 3 && !bad.empty(); ++k) {
        state = state * 1664525u + 1013904223u;
        // Mostly in the manifest: the first bytes, or of WebP the last.
        const std::size_t reach = std::min<std::size_t>(bad.size(), 3000), at = (state >> 8) % reach;
        bad[extension == "webp" ? bad.size() - 1 - at : at] = static_cast<char>(state >> 24);
      }
      const fs::path path = folder_->file("harm", bad);
      message_of([&] { verify(path, anchors()); });  // anything but InvalidArgument fails the test
      message_of([&] { without_manifest(path); });
    }
  }
}

TEST(SigningFolder, IsMadeOnceForItsOwnerAlone) {
  const TestFolder folder;
  Signer::open(folder / "a/signing");
  struct stat status {};
  ASSERT_EQ(::stat((folder / "a/signing/key.pem").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  const std::string key = slurp(folder / "a/signing/key.pem");
  Signer::open(folder / "a/signing");
  EXPECT_EQ(slurp(folder / "a/signing/key.pem"), key);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder / "a"), fs::directory_iterator()), 1);  // nothing left over
  const CertificatePtr own = parse_certificate(read_certificates(folder / "a/signing/chain.pem").front());
  EXPECT_EQ(profile_problem(*own), "");
  const CertificatePtr authority = parse_certificate(read_certificates(folder / "a/signing/chain.pem").back());
  EXPECT_NE(profile_problem(*authority), "");  // it signs certificates, no claims
}

TEST(SigningFolder, TakesItsOwnersKeyAndTrustsOthers) {
  const TestFolder folder;
  const Clip clip{media::cartoon(1, 16, 16), {8, 1}};
  media::encode(clip, folder / "a.png");
  Signer::open(folder / "one").sign(folder / "a.png", kStatement);
  Signer::open(folder / "two");
  EXPECT_TRUE(verify(folder / "a.png", read_anchors(folder / "one")).trusted);
  EXPECT_FALSE(verify(folder / "a.png", read_anchors(folder / "two")).trusted);
  fs::copy_file(folder / "one/chain.pem", folder / "two/trust.pem");
  EXPECT_TRUE(verify(folder / "a.png", read_anchors(folder / "two")).trusted);
  EXPECT_TRUE(read_anchors(folder / "none").empty());
  // The authority's key is gone: its certificate in front of another's key is refused.
  fs::copy_file(folder / "one/chain.pem", folder / "two/chain.pem", fs::copy_options::overwrite_existing);
  EXPECT_NE(message_of([&] { Signer::open(folder / "two"); }).find("another's"), std::string::npos);
}

TEST(SigningFolder, RefusesWhatIsNoKeyOrCertificate) {
  const TestFolder folder;
  const auto refusal = [&](const std::string& key, const std::string& chain) {
    fs::remove_all(folder / "s");
    fs::create_directory(folder / "s");
    if (!key.empty()) spill(folder / "s/key.pem", key);
    if (!chain.empty()) spill(folder / "s/chain.pem", chain);
    return message_of([&] { Signer::open(folder / "s"); });
  };
  Signer::open(folder / "good");
  const std::string key = slurp(folder / "good/key.pem"), chain = slurp(folder / "good/chain.pem");
  EXPECT_EQ(refusal(key, chain), "");
  EXPECT_NE(refusal("", chain).find("key.pem"), std::string::npos);
  EXPECT_NE(refusal(key, "").find("chain.pem"), std::string::npos);
  EXPECT_NE(refusal("nonsense", chain).find("private key"), std::string::npos);
  EXPECT_NE(refusal(key, "nonsense").find("certificates"), std::string::npos);
  const std::string authority_first = chain.substr(chain.find("-----BEGIN", 10)) + chain;
  EXPECT_NE(refusal(key, authority_first).find("another's"), std::string::npos);
  fs::create_directory(folder / "full");
  spill(folder / "full/else", "x");
  EXPECT_NE(message_of([&] { Signer::open(folder / "full"); }).find("empty folder"), std::string::npos);
}

}  // namespace
}  // namespace hotshot::provenance
