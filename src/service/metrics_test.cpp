#include "service/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <regex>
#include <set>
#include <sstream>

#include "service/test_support.h"

namespace hotshot::service {
namespace {

// A strict reader of the text format 0.0.4: what it does not know is a failure. Series by "name{label=\"value\"}".
class Exposition {
 public:
  explicit Exposition(const std::string& text) {
    EXPECT_TRUE(text.empty() || text.ends_with('\n'));
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) read_line(line);
    for (const auto& [name, type] : types_) {
      if (type == "histogram") check_histogram(name);
    }
  }
  double operator[](const std::string& series) const {
    const auto found = values_.find(series);
    return found == values_.end() ? std::nan("") : found->second;
  }
  const std::map<std::string, std::string>& types() const { return types_; }
  const std::map<std::string, double>& values() const { return values_; }

 private:
  void read_line(const std::string& line) {
    static const std::regex kHelp(R"(# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (?:[^\\\n]|\\\\|\\n)*)");
    static const std::regex kType(R"(# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram))");
    static const std::regex kSample(
        R"(([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\\\|\\"|\\n)*")"
        R"((?:,[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\\\|\\"|\\n)*")*\})? ([-+]?(?:[0-9.]+(?:e[-+]?[0-9]+)?|Inf)|NaN))");
    std::smatch match;
    if (std::regex_match(line, match, kHelp)) {
      EXPECT_TRUE(helps_.insert(match[1]).second) << "HELP twice: " << line;
      EXPECT_FALSE(types_.contains(match[1])) << "HELP behind TYPE: " << line;
    } else if (std::regex_match(line, match, kType)) {
      EXPECT_TRUE(helps_.contains(match[1])) << "TYPE without HELP: " << line;
      EXPECT_TRUE(types_.emplace(match[1], match[2]).second) << "TYPE twice: " << line;
      current_ = match[1];
    } else if (std::regex_match(line, match, kSample)) {
      const std::string name = match[1];
      const std::string type = types_[current_];
      if (type == "histogram") {
        EXPECT_TRUE(name == current_ + "_bucket" || name == current_ + "_sum" || name == current_ + "_count") << line;
      } else {
        EXPECT_EQ(name, current_) << "outside its group: " << line;
      }
      if (type == "counter") EXPECT_TRUE(name.ends_with("_total")) << line;
      EXPECT_TRUE(values_.emplace(name + match[2].str(), std::stod(match[3])).second) << "twice: " << line;
    } else {
      ADD_FAILURE() << "no line of this format: " << line;
    }
  }

  // Buckets grow, the last is +Inf and what _count says; each has its _sum.
  void check_histogram(const std::string& name) const {
    static const std::regex kBound(R"re((?:,|\{)le="([^"]+)"\})re");
    std::map<std::string, std::map<double, double>> buckets;
    for (const auto& [series, value] : values_) {
      if (!series.starts_with(name + "_bucket{")) continue;
      std::smatch match;
      ASSERT_TRUE(std::regex_search(series, match, kBound)) << series;
      std::string labels = match.prefix().str().substr(name.size() + 7);
      if (!labels.empty()) labels += "}";
      buckets[labels][std::stod(match[1])] = value;
    }
    for (const auto& [labels, counts] : buckets) {
      double below = 0;
      for (const auto& [bound, count] : counts) {
        EXPECT_GE(count, below) << name << labels;
        below = count;
      }
      EXPECT_TRUE(std::isinf(counts.rbegin()->first)) << name << labels;
      EXPECT_EQ((*this)[name + "_count" + labels], below) << name << labels;
      EXPECT_FALSE(std::isnan((*this)[name + "_sum" + labels])) << name << labels;
    }
  }

  std::string current_;
  std::set<std::string> helps_;
  std::map<std::string, std::string> types_;
  std::map<std::string, double> values_;
};

TEST(Metrics, AreWrittenAsTheFormatWantsThem) {
  MetricRegistry registry;
  Metric& counter = registry.add({"a_total", "With \\ and\nline.", Metric::Kind::counter, {"x", "y"}});
  counter.add({"1", "quote\" slash\\ line\n"}, 2.5);
  counter.add({"1", "quote\" slash\\ line\n"});
  counter.add({"2", ""}, -7);  // counters never fall
  registry.add({"b", "A gauge.", Metric::Kind::gauge}).set({}, 1e300);
  registry.add({"c", "Empty.", Metric::Kind::gauge, {"x"}});
  EXPECT_EQ(registry.text(),
            "# HELP a_total With \\\\ and\\nline.\n# TYPE a_total counter\n"
            "a_total{x=\"1\",y=\"quote\\\" slash\\\\ line\\n\"} 3.5\na_total{x=\"2\",y=\"\"} 0\n"
            "# HELP b A gauge.\n# TYPE b gauge\nb 1e+300\n# HELP c Empty.\n# TYPE c gauge\n");
  Exposition{registry.text()};
}

TEST(Metrics, HistogramsCountUpToEachBound) {
  MetricRegistry registry;
  Metric& metric = registry.add({"t", "Times.", Metric::Kind::histogram, {"r"}, {0.1, 1, 10}});
  for (const double value : {0.05, 0.1, 0.5, 20.0}) metric.observe({"a"}, value);
  const Exposition read(registry.text());
  EXPECT_EQ(read["t_bucket{r=\"a\",le=\"0.1\"}"], 2);
  EXPECT_EQ(read["t_bucket{r=\"a\",le=\"1\"}"], 3);
  EXPECT_EQ(read["t_bucket{r=\"a\",le=\"10\"}"], 3);
  EXPECT_EQ(read["t_bucket{r=\"a\",le=\"+Inf\"}"], 4);
  EXPECT_DOUBLE_EQ(read["t_sum{r=\"a\"}"], 20.65);
}

TEST(Metrics, GaugesCanBeReplacedWhole) {
  MetricRegistry registry;
  Metric& metric = registry.add({"g", "x", Metric::Kind::gauge, {"r"}});
  metric.set({"gone"}, 1);
  metric.replace({{{"here"}, 2}});
  EXPECT_EQ(registry.text(), "# HELP g x\n# TYPE g gauge\ng{r=\"here\"} 2\n");
}

TEST(Metrics, MistakesAreOurs) {
  MetricRegistry registry;
  Metric& metric = registry.add({"a_total", "", Metric::Kind::counter, {"x"}});
  EXPECT_THROW(registry.add({"a_total", ""}), std::runtime_error);
  EXPECT_THROW(registry.add({"1a", ""}), std::runtime_error);
  EXPECT_THROW(registry.add({"a", "", Metric::Kind::counter, {"le"}}), std::runtime_error);
  EXPECT_THROW(registry.add({"a", "", Metric::Kind::histogram}), std::runtime_error);
  EXPECT_THROW(registry.add({"a", "", Metric::Kind::histogram, {}, {2, 1}}), std::runtime_error);
  EXPECT_THROW(metric.add({}), std::runtime_error);
  EXPECT_THROW(metric.set({"x"}, 1), std::runtime_error);
}

Exposition scrape(TestService& test) {
  const Answer answer = test.get("/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  return Exposition(answer.body);
}

std::string tiny(const std::string& name, const std::string& more = {}) {
  return fmt::format("{}{{model=\"{}\"{}}}", name, kTinyModel, more);
}

TEST(Measures, CountRequestsByPatternAndNotByWhatPeopleSend) {
  TestService test;
  for (int i = 0; i < 3; ++i) test.get(fmt::format("/api/v1/jobs/video_{}", i));
  test.get("/nothing/here?x=1");
  test.get("/other");
  test.send("BREW", "/api/v1/jobs");
  test.send("nonsense\x01", "/");
  const Exposition read = scrape(test);
  EXPECT_EQ(read["hotshot_requests_total{route=\"/api/v1/jobs/{id}\",method=\"GET\",status=\"4xx\"}"], 3);
  EXPECT_EQ(read["hotshot_requests_total{route=\"none\",method=\"GET\",status=\"4xx\"}"], 2);
  EXPECT_EQ(read["hotshot_requests_total{route=\"none\",method=\"other\",status=\"4xx\"}"], 1);
  EXPECT_EQ(read["hotshot_request_seconds_count{route=\"/api/v1/jobs/{id}\"}"], 3);
  EXPECT_EQ(read["hotshot_requests_refused_total"], 1);
  EXPECT_GE(read["hotshot_connections"], 1);
  EXPECT_GE(read["hotshot_connections_accepted_total"], 8);
  EXPECT_EQ(read["hotshot_build_info{version=\"0.1.0\"}"], 1);
  EXPECT_GT(read["process_resident_memory_bytes"], 1e6);
  for (const auto& [series, value] : read.values()) EXPECT_EQ(series.find("nothing/here"), std::string::npos) << series;
}

TEST(Measures, CountJobsOnceEach) {
  TestService test;
  test.submit();
  test.submit();
  test.submit("a red cat", {{"title", nullptr}, {"folder", "f"}});
  EXPECT_EQ(scrape(test)[tiny("hotshot_jobs", ",status=\"queued\"")], 3);
  ASSERT_TRUE(test.work());
  for (int i = 0; i < 3; ++i) {  // looking does not count
    const Exposition read = scrape(test);
    EXPECT_EQ(
        read[fmt::format("hotshot_jobs_ended_total{{kind=\"video\",model=\"{}\",status=\"succeeded\"}}", kTinyModel)],
        1);
    EXPECT_EQ(read[tiny("hotshot_job_queue_seconds_count")], 1);
    EXPECT_EQ(read[tiny("hotshot_step_milliseconds_count")], 1);
    EXPECT_EQ(read[fmt::format("hotshot_job_seconds_count{{kind=\"video\",model=\"{}\"}}", kTinyModel)], 1);
    EXPECT_EQ(read[tiny("hotshot_jobs", ",status=\"queued\"")], 2);
  }
  ASSERT_TRUE(test.work());
  test.renderer.on_step = [](int, RenderContext&) { throw InvalidArgument("no"); };
  ASSERT_TRUE(test.work());
  const Exposition read = scrape(test);
  EXPECT_EQ(
      read[fmt::format("hotshot_jobs_ended_total{{kind=\"video\",model=\"{}\",status=\"succeeded\"}}", kTinyModel)], 2);
  EXPECT_EQ(read[fmt::format("hotshot_jobs_ended_total{{kind=\"video\",model=\"{}\",status=\"failed\"}}", kTinyModel)],
            1);
  EXPECT_EQ(read[tiny("hotshot_step_milliseconds_count")], 2);
  EXPECT_TRUE(std::isnan(read["hotshot_workers"]));  // none are watched here
  test.app->measures().watch_workers([] { return 3; });
  EXPECT_EQ(scrape(test)["hotshot_workers"], 3);
}

TEST(Measures, NamesOfStrangeModelsAreOne) {
  TestService test;
  const std::string owner = test.service->accounts().local().id;
  for (const char* model : {"strange-1", "strange-2"})
    test.service->jobs().submit(
        {{.owner = owner, .model = model, .prompt = "a", .requested = nlohmann::json::object()}});
  EXPECT_EQ(scrape(test)["hotshot_jobs{model=\"other\",status=\"queued\"}"], 2);
}

TEST(Measures, AreForThoseWhoMayRead) {
  TestService test([](ServiceConfig& config) { config.sign_in = "always"; });
  EXPECT_EQ(test.get("/metrics").status, 401);
  const auto account = test.service->accounts().create("Ann", "correct horse", store::Role::member);
  const auto key = test.service->accounts().create_key(account.id, "k", store::Scope::read);
  EXPECT_EQ(test.get("/metrics", "authorization: Bearer " + key.secret + "\r\n").status, 200);
}

TEST(Measures, NotReadyBeforeTheEnd) {
  TestService test;
  EXPECT_EQ(test.get("/readyz").status, 200);
  test.app->measures().drain();
  const Answer answer = test.get("/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.json()["error"]["code"], "draining");
  EXPECT_EQ(test.get("/healthz").status, 200);
}

}  // namespace
}  // namespace hotshot::service
