#include "evaluation/world_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "data/world_attributes.h"

namespace hotshot::evaluation {
namespace {

WorldReport report() {
  const std::size_t n = data::world_attributes().size();
  WorldReport r;
  r.model = "a<b>";
  r.scored.assign(n, true);
  r.scored[1] = false;  // colour
  Column column{.name = "seen, English", .shares = std::vector<Share>(n)};
  for (Share& share : column.shares) share = wilson(8, 8, 8);
  column.shares[0] = wilson(7, 8, 8);
  column.shares[n - 1] = {};  // the second colour: never asked
  r.results.push_back(column);
  r.calibrations.push_back({.name = "renders, seen", .shares = std::vector<Share>(n)});
  JudgedClip clip{.prompt = "a cat & a dog", .wanted = std::vector<int>(n, -1), .read = std::vector<int>(n, 0)};
  clip.wanted[0] = 1;
  clip.seed = 3;
  r.clips.push_back(clip);
  r.frechet = 1.5;
  return r;
}

TEST(WorldReport, TableHasSharesIntervalsAndWhatIsNotScoredLast) {
  const std::string table = report_table(report());
  EXPECT_NE(table.find("87.5 [52.9, 97.8]"), std::string::npos) << table;
  EXPECT_NE(table.find("seen, English"), std::string::npos);
  EXPECT_GT(table.find("color (not scored)"), table.find("second_subject"));
  EXPECT_EQ(table.find("second_color"), std::string::npos) << table;
  EXPECT_NE(table.find("1.50"), std::string::npos);
}

TEST(WorldReport, JsonNamesAnswers) {
  const nlohmann::json json = report_json(report());
  EXPECT_EQ(json["clips"][0]["wanted"]["subject"], "dog");
  EXPECT_EQ(json["clips"][0]["read"]["subject"], "cat");
  EXPECT_FALSE(json["clips"][0]["wanted"].contains("place"));
  EXPECT_EQ(json["attributes"][0]["results"]["seen, English"]["hits"], 7);
  EXPECT_EQ(json["attributes"][1]["scored"], false);
}

TEST(WorldReport, PageEscapesAndShowsWhatWasReadInstead) {
  const std::string page = report_page(report(), {"clips/0001.webp"});
  EXPECT_NE(page.find("a&lt;b&gt;"), std::string::npos);
  EXPECT_NE(page.find("a cat &amp; a dog"), std::string::npos);
  EXPECT_NE(page.find("dog → cat"), std::string::npos);
  EXPECT_NE(page.find("<img src=\"clips/0001.webp\""), std::string::npos);
  EXPECT_EQ(page.find("a<b>"), std::string::npos);
}

}  // namespace
}  // namespace hotshot::evaluation
