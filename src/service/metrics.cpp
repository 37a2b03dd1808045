#include "service/metrics.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"

namespace hotshot::service {
namespace {

bool is_name(std::string_view name, bool colons) {
  const auto letter = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colons && c == ':');
  };
  return !name.empty() && letter(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::string escaped(std::string_view text, bool quotes) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
  return out;
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

constexpr std::array<std::string_view, 3> kKinds{"counter", "gauge", "histogram"};

}  // namespace

Metric::Metric(Options options) : options_(std::move(options)) {
  ensure(is_name(options_.name, true), "metrics", "expected a metric's name but got '{}'", options_.name);
  for (const std::string& label : options_.labels) {
    ensure(is_name(label, false) && !label.starts_with("__") && label != "le", "metrics",
           "expected a label's name but got '{}' of {}", label, options_.name);
  }
  const bool rising = std::adjacent_find(options_.buckets.begin(), options_.buckets.end(),
                                         [](double a, double b) { return a >= b; }) == options_.buckets.end();
  ensure(rising && options_.buckets.empty() != (options_.kind == Kind::histogram), "metrics",
         "expected rising buckets of a histogram but got others of {}", options_.name);
}

Metric::Series& Metric::series(Kind kind, const Labels& labels) {
  ensure(kind == options_.kind && labels.size() == options_.labels.size(), "metrics",
         "expected a {} with {} labels but got a {} with {} for {}", kKinds[static_cast<std::size_t>(options_.kind)],
         options_.labels.size(), kKinds[static_cast<std::size_t>(kind)], labels.size(), options_.name);
  Series& found = series_[labels];
  if (kind == Kind::histogram) found.counts.resize(options_.buckets.size() + 1);
  return found;
}

void Metric::add(const Labels& labels, double amount) {
  const std::lock_guard lock(mutex_);
  series(Kind::counter, labels).sum += std::max(amount, 0.0);
}

void Metric::set(const Labels& labels, double value) {
  const std::lock_guard lock(mutex_);
  series(Kind::gauge, labels).sum = value;
}

void Metric::replace(std::map<Labels, double> values) {
  const std::lock_guard lock(mutex_);
  series_.clear();
  for (const auto& [labels, value] : values) series(Kind::gauge, labels).sum = value;
}

void Metric::observe(const Labels& labels, double value) {
  const std::lock_guard lock(mutex_);
  Series& found = series(Kind::histogram, labels);
  const auto bucket = std::lower_bound(options_.buckets.begin(), options_.buckets.end(), value);
  ++found.counts[static_cast<std::size_t>(bucket - options_.buckets.begin())];
  found.sum += value;
}

std::string Metric::label_text(const Labels& values, std::string_view bound) const {
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i)
    text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : ",", options_.labels[i], escaped(values[i], true));
  if (!bound.empty()) text += fmt::format("{}le=\"{}\"", text.empty() ? "" : ",", bound);
  return text.empty() ? text : "{" + text + "}";
}

void Metric::write(std::string& out) const {
  const std::lock_guard lock(mutex_);
  const std::string& name = options_.name;
  out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, escaped(options_.help, false), name,
                     kKinds[static_cast<std::size_t>(options_.kind)]);
  for (const auto& [labels, found] : series_) {
    if (options_.kind != Kind::histogram) {
      out += fmt::format("{}{} {}\n", name, label_text(labels), number(found.sum));
      continue;
    }
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < found.counts.size(); ++i) {
      below += found.counts[i];
      const std::string bound = i < options_.buckets.size() ? number(options_.buckets[i]) : "+Inf";
      out += fmt::format("{}_bucket{} {}\n", name, label_text(labels, bound), below);
    }
    out += fmt::format("{}_sum{} {}\n{}_count{} {}\n", name, label_text(labels), number(found.sum), name,
                       label_text(labels), below);
  }
}

Metric& MetricRegistry::add(Metric::Options options) {
  for (const Metric& metric : metrics_)
    ensure(metric.name() != options.name, "metrics", "{} is there twice", options.name);
  return metrics_.emplace_back(std::move(options));
}

std::string MetricRegistry::text() const {
  std::string out;
  for (const Metric& metric : metrics_) metric.write(out);
  return out;
}

}  // namespace hotshot::service
