#include "service/verifying.h"

#include <gtest/gtest.h>

#include "media/encode.h"
#include "provenance/signer.h"
#include "service/origin.h"
#include "service/test_support.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

/// The bytes of a small picture; marked and, where there is a signer, signed.
std::string picture(const TestFolder& folder, const provenance::Signer* signer) {
  const auto path = folder / "a.gif";
  media::encode({Frames(2, 16, 16), {8, 1}}, path, {.digital_source = std::string(media::kTrainedAlgorithmicMedia)});
  if (signer) signer->sign(path, {.version = "1.0", .model = "some-model"});
  return read_file(path);
}

Answer upload(TestService& test, const std::string& path, const std::string& bytes, const std::string& name = "file") {
  const std::string body = fmt::format(
      "--b\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"x.txt\"\r\n\r\n{}\r\n--b--\r\n", name, bytes);
  return test.send("POST", path, body, "content-type: multipart/form-data; boundary=b\r\n");
}

TEST(Verifying, SaysWhatAFileSays) {
  TestService test;
  const TestFolder folder;
  const auto ours = provenance::Signer::open(test.service->folder(kSigningFolder));
  const auto another = provenance::Signer::open(folder / "another");
  const auto state = [&](const std::string& bytes) {
    const Answer answer = upload(test, "/api/v1/verify", bytes);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.json();
  };
  const std::string good = picture(folder, &ours);
  const json said = state(good);
  EXPECT_EQ(said["state"], "trusted") << said.dump(1);
  EXPECT_EQ(said["c2pa"]["software_agent"], "some-model");
  EXPECT_EQ(said["iptc"]["digital_source_type"], media::kTrainedAlgorithmicMedia);
  EXPECT_TRUE(said["recipe"].is_null());
  EXPECT_EQ(state(picture(folder, &another))["state"], "valid");
  const json plain = state(picture(folder, nullptr));
  EXPECT_EQ(plain["state"], "not_present");
  EXPECT_TRUE(plain["c2pa"].is_null());
  std::string bad = good;
  bad[bad.size() - 5] ^= 1;
  EXPECT_EQ(state(bad)["state"], "invalid");
}

TEST(Verifying, AnswersOpenAisQuestion) {
  TestService test;
  const TestFolder folder;
  const auto ours = provenance::Signer::open(test.service->folder(kSigningFolder));
  const json check = upload(test, "/v1/content_provenance_checks", picture(folder, &ours)).json();
  EXPECT_EQ(check["object"], "content_provenance_check");
  EXPECT_GT(check["created_at"], 1'700'000'000);
  EXPECT_EQ(check["results"], json::array({{{"type", "c2pa"},
                                            {"outcome", "detected"},
                                            {"validation_state", "trusted"},
                                            {"issuer", "Hotshot"},
                                            {"model", "some-model"},
                                            {"generated_at", nullptr}}}));
  const json none = upload(test, "/v1/content_provenance_checks", picture(folder, nullptr)).json();
  EXPECT_EQ(none["results"][0]["outcome"], "not_detected");
  EXPECT_EQ(none["results"][0]["validation_state"], "not_present");
}

TEST(Verifying, RefusesWhatIsNoClip) {
  TestService test;
  for (const char* path : {"/api/v1/verify", "/v1/content_provenance_checks"}) {
    for (const Answer& answer :
         {upload(test, path, "GIF, they say"), upload(test, path, ""), upload(test, path, "GIF89a"),
          upload(test, path, "x", "other"), test.send("POST", path)}) {
      EXPECT_TRUE(answer.status == 400 || answer.status == 415) << answer.status << answer.body;
      EXPECT_EQ(answer.body.find("spool"), std::string::npos) << answer.body;
    }
  }
}

TEST(Printable, LeavesNothingThatATerminalObeys) {
  EXPECT_EQ(printable("a\x1B[31m\nb\x7F"), "a [31m b ");
  EXPECT_EQ(printable("一只猫"), "一只猫");
  EXPECT_EQ(printable("a\xFFz"), "a?z");
}

}  // namespace
}  // namespace hotshot::service
