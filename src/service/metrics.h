// Numbers for Prometheus, as its text format 0.0.4 has them. Knows nothing of what is counted.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace hotshot::service {

/// Values of a metric's labels, in the order of their names. They must come from a bounded set: every new combination
/// is kept until the process ends.
using Labels = std::vector<std::string>;

/// One metric: a series of numbers for each combination of label values. Thread-safe.
class Metric {
 public:
  enum class Kind { counter, gauge, histogram };
  struct Options {
    std::string name;  // "hotshot_requests_total"
    std::string help;
    Kind kind = Kind::counter;
    std::vector<std::string> labels = {};  // names
    std::vector<double> buckets = {};      // upper bounds of a histogram, rising, without +Inf
  };
  /// std::runtime_error for names that Prometheus does not take, and buckets that do not rise.
  explicit Metric(Options options);

  /// Of a counter: `amount` is 0 or more.
  void add(const Labels& labels = {}, double amount = 1);
  /// Of a gauge.
  void set(const Labels& labels, double value);
  /// Of a gauge: in place of all its series.
  void replace(std::map<Labels, double> series);
  /// Of a histogram.
  void observe(const Labels& labels, double value);

  const std::string& name() const { return options_.name; }
  void write(std::string& out) const;

 private:
  struct Series {
    double sum = 0;                     // the value of a counter or gauge
    std::vector<std::uint64_t> counts;  // of a histogram, by bucket, the last for +Inf
  };
  Series& series(Kind kind, const Labels& labels);
  std::string label_text(const Labels& values, std::string_view bound = {}) const;

  const Options options_;
  mutable std::mutex mutex_;
  std::map<Labels, Series> series_;
};

/// Metrics in the order they were added. References stay valid. add() is for the start, before text() is called.
class MetricRegistry {
 public:
  Metric& add(Metric::Options options);
  std::string text() const;

 private:
  std::deque<Metric> metrics_;
};

}  // namespace hotshot::service
