#include "service/provider.h"

#include <gtest/gtest.h>

#include "service/remote_test_support.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

Provider read_one(const json& changes) {
  json table{{"name", "west"}, {"interface", "openai"}, {"url", "https://west.example/v1/"}, {"models", {"a"}}};
  table.update(changes);
  return read_providers(json::array({table}), "hotshot.toml").at(0);
}

TEST(Providers, ReadsWhatTheOwnerWrites) {
  ::setenv("HOTSHOT_TEST_KEY", "sk-from-environment", 1);
  const Provider provider =
      read_one({{"key_env", "HOTSHOT_TEST_KEY"},
                {"sizes", {"64x32"}},
                {"takes", {"seed"}},
                {"model", json::array({{{"name", "b"}, {"sizes", {"32x32"}}, {"seconds", {6, 3}}, {"fps", 30}}})}});
  EXPECT_EQ(provider.url, "https://west.example/v1");
  EXPECT_EQ(provider.key.reveal(), "sk-from-environment");
  ASSERT_EQ(provider.models.size(), 2u);
  const Abilities &a = provider.models[0].abilities, &b = provider.models[1].abilities;
  EXPECT_EQ(a.sizes, (std::vector<pipeline::PixelSize>{{64, 32}}));
  EXPECT_EQ(a.lengths, (std::vector<double>{4, 8, 12}));  // as its interface says
  EXPECT_TRUE(a.takes_setting("seed") && b.takes_setting("seed"));
  EXPECT_EQ(b.sizes, (std::vector<pipeline::PixelSize>{{32, 32}}));
  EXPECT_EQ(b.lengths, (std::vector<double>{3, 6}));
  EXPECT_EQ(b.seconds, 6);
  EXPECT_EQ(b.max_seconds, 6);
  EXPECT_EQ(b.fps, 30);
}

TEST(Providers, RefusesInOneLineThatShowsNoKey) {
  for (const auto& [changes, part] : std::vector<std::pair<json, const char*>>{
           {{{"name", "We st"}}, "expected a name"},
           {{{"interface", "sora"}}, "expected one of openai, openrouter, xai"},
           {{{"url", "ftp://x/"}}, "expected a url"},
           {{{"url", "https://user:word@x/"}}, "expected a url"},
           {{{"url", "https://x/?a=b"}}, "expected a url"},
           {{{"models", json::array()}}, "expected models"},
           {{{"models", {"a", "a"}}}, "each model once"},
           {{{"models", {"a b"}}}, "expected a model's name"},
           {{{"takes", {"sampler"}}}, "expected one of seed, negative, steps, guidance"},
           {{{"sizes", {"wide"}}}, "WIDTHxHEIGHT"},
           {{{"key", 12345678}}, "expected text for key"},
           {{{"key", "12345678"}, {"key_env", "X"}}, "expected key or key_env"},
           {{{"key", "12345678\n"}}, "printable"},
           {{{"key_env", "HOTSHOT_NOT_SET"}}, "HOTSHOT_NOT_SET but it is not set"},
           {{{"key", "12345678"}, {"colour", "red"}}, "colour"},
       }) {
    const std::string message = message_of([&, &changes = changes] { read_one(changes); });
    EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_EQ(message.find("12345678"), std::string::npos) << message;
    EXPECT_EQ(message.find("word"), std::string::npos) << message;
  }
}

TEST(RemoteOffer, IsListedByEveryInterface) {
  FakeProvider west("openrouter");
  TestRelay relay(west);
  const json models = relay.test.get("/api/v1/models").json()["models"];
  const auto found = std::find_if(models.begin(), models.end(), [](const json& m) { return m["id"] == "west/tiny"; });
  ASSERT_NE(found, models.end());
  EXPECT_EQ((*found)["provider"], "west");
  EXPECT_EQ((*found)["sizes"], json::array({"32x32"}));
  EXPECT_EQ((*found)["lengths"], json::array({1.0, 2.0}));
  EXPECT_EQ((*found)["takes"], json::array({"seed"}));
  EXPECT_EQ((*found)["world"], false);
  EXPECT_EQ((*found)["default"], false);
  for (const char* list : {"/v1/models", "/openrouter/api/v1/videos/models"}) {
    EXPECT_NE(relay.test.get(list).body.find("\"west/tiny\""), std::string::npos) << list;
  }
  EXPECT_EQ(relay.test.get("/v1/models/west%2Ftiny").json()["owned_by"], "west");
  const Answer tools = relay.test.send_json("POST", "/mcp",
                                            {{"jsonrpc", "2.0"},
                                             {"id", 1},
                                             {"method", "tools/call"},
                                             {"params", {{"name", "list_models"}, {"arguments", json::object()}}}});
  EXPECT_NE(tools.body.find("west/tiny"), std::string::npos);
}

TEST(RemoteOffer, PlansByWhatItsModelTakes) {
  FakeProvider west("openai");
  TestRelay relay(west);
  const auto ask = [&](const json& more) {
    json body{{"model", "west/tiny"}, {"prompt", "a red cat"}};
    body.update(more);
    return relay.test.send_json("POST", "/api/v1/jobs", body);
  };
  const json plain = ask(json::object()).json()["jobs"][0];
  EXPECT_EQ(plain["effective"]["size"], "32x32");
  EXPECT_EQ(plain["effective"]["seconds"], 1);
  EXPECT_TRUE(plain["effective"]["seed"].is_number());
  EXPECT_EQ(plain["warnings"], json::array());
  const json odd = ask({{"seconds", 9}, {"negative", "blur"}, {"steps", 4}, {"sampler", "unipc"}}).json()["jobs"][0];
  EXPECT_EQ(odd["effective"]["seconds"], 2);
  EXPECT_FALSE(odd["effective"].contains("negative"));
  EXPECT_EQ(odd["warnings"], json::array({"9 s were asked for, 2 s is what west/tiny makes",
                                          "west/tiny takes no negative, steps, sampler: left out"}));
  EXPECT_EQ(ask({{"size", "64x64"}}).json()["error"]["param"], "size");
  EXPECT_EQ(ask({{"prompt", " "}}).json()["error"]["param"], "prompt");
  EXPECT_EQ(ask({{"steps", 0}}).status, 400);
  const Answer image =
      relay.test.send_json("POST", "/v1/images/generations", {{"model", "west/tiny"}, {"prompt", "a"}});
  EXPECT_EQ(image.status, 400);
  EXPECT_EQ(image.json()["error"]["code"], "unsupported");
  // Through another interface, sizes are snapped.
  const json snapped =
      relay.test.send_json("POST", "/v1/videos", {{"model", "west/tiny"}, {"prompt", "a"}, {"size", "1280x720"}})
          .json();
  EXPECT_EQ(snapped["size"], "32x32");
  EXPECT_EQ(snapped["seconds"], "1");
}

TEST(RemoteOffer, SaysThatTheSeedIsNotItsOwn) {
  FakeProvider west("openai");
  TestRelay relay(west, {{"takes", json::array()}});
  const json job = relay.make({{"seed", 5}, {"count", 1}});
  EXPECT_FALSE(job["effective"].contains("seed"));
  EXPECT_EQ(job["warnings"], json::array({"west/tiny takes no seed: asked again, it makes another clip"}));
}

TEST(RemoteOffer, ANameOfAClosedServiceThatIsOfferedIsItself) {
  FakeProvider fake("openai");
  TestRelay relay(fake, {{"name", "openai"}, {"models", {"sora-2"}}});
  const json body{{"model", "openai/sora-2"}, {"prompt", "a"}};
  EXPECT_EQ(relay.test.send_json("POST", "/v1/videos", body).json()["model"], "openai/sora-2");
}

TEST(RemoteOffer, ARetryAsksForAnotherClipOfTheSameSettings) {
  FakeProvider west("openai");
  TestRelay relay(west);
  const json first = relay.make({{"seed", 3}});
  const json again =
      relay.test.send("POST", "/api/v1/jobs/" + first["id"].get<std::string>() + "/retry").json()["jobs"][0];
  EXPECT_EQ(again["effective"]["seed"], 3);
  EXPECT_EQ(again["effective"]["seconds"], 1);
  EXPECT_FALSE(again["effective"].contains("remote_id"));
}

}  // namespace
}  // namespace hotshot::service
