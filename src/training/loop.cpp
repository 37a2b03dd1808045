#include "training/loop.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <chrono>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/options.h"
#include "training/batches.h"
#include "weights/checkpoint.h"
#include "weights/names.h"

namespace hotshot::training {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void restore(const weights::TensorMap& saved, const Optimizer::TensorMap& into, const std::string& where) {
  std::vector<weights::Slot> slots;
  for (const auto& [name, tensor] : into) slots.push_back({name, tensor});
  weights::assign(saved, slots, where);
}

json row_json(const LogRow& row) {
  json object{{"step", row.step},
              {"loss", row.loss},
              {"learning_rate", row.learning_rate},
              {"gradient_norm", row.gradient_norm},
              {"samples_per_second", row.samples_per_second},
              {"seconds", row.seconds}};
  for (const auto& [name, value] : row.extra) object[name] = value;
  return object;
}

// Means of the steps since the last row.
class Meter {
 public:
  void add(const Loss& loss, const UpdateReport& report) {
    ++steps_;
    loss_ += loss.value.item<double>();
    norm_ += report.gradient_norm;
    samples_ += loss.samples;
    for (const auto& [name, value] : loss.extra) extra_[name] += value, ++counts_[name];
  }
  LogRow row(std::int64_t step, double rate, double total_seconds) {
    LogRow row{step,
               loss_ / steps_,
               rate,
               norm_ / steps_,
               static_cast<double>(samples_) / seconds_since(start_),
               total_seconds,
               {}};
    for (const auto& [name, value] : extra_) row.extra[name] = value / counts_[name];
    *this = Meter();
    return row;
  }

 private:
  Clock::time_point start_ = Clock::now();
  int steps_ = 0;
  double loss_ = 0, norm_ = 0;
  std::int64_t samples_ = 0;
  std::map<std::string, double> extra_;
  std::map<std::string, int> counts_;
};

class Run {
 public:
  Run(Task& task, const OptimizerOptions& options, std::filesystem::path folder, std::string digest, int keep)
      : folder_(std::move(folder)), digest_(std::move(digest)), keep_(keep), optimizer_(options, task.parameters()) {
    make_folders(folder_, "train");
    if (const auto newest = weights::latest_checkpoint(folder_ / "checkpoints")) load(*newest);
    truncate_log();
    start_ = Clock::now();
  }

  void save() {
    const json state{{"digest", digest_}, {"seconds", seconds()}};
    weights::write_checkpoint(folder_ / "checkpoints",
                              {step,
                               {{"weights", optimizer_.weights()},
                                {"average", optimizer_.averages()},
                                {"first_moment", optimizer_.first_moments()},
                                {"second_moment", optimizer_.second_moments()}},
                               state},
                              keep_);
    saved_step_ = step;
  }

  void log(const LogRow& row) {
    std::ofstream out(folder_ / "log.jsonl", std::ios::app);
    out << row_json(row).dump() << '\n';
    ensure(out.good(), "train", "cannot write {}", (folder_ / "log.jsonl").string());
  }

  double seconds() const { return earlier_seconds_ + seconds_since(start_); }
  bool saved() const { return saved_step_ == step; }
  Optimizer& optimizer() { return optimizer_; }

  std::int64_t step = 0;

 private:
  void load(const std::filesystem::path& path) {
    const weights::Checkpoint checkpoint = weights::read_checkpoint(path);
    require(checkpoint.state.value("digest", "") == digest_, "train",
            "{} was trained with another recipe or other data; remove it or choose another --out", path.string());
    at::NoGradGuard no_grad;
    restore(checkpoint.groups.at("weights"), optimizer_.weights(), path.string());
    restore(checkpoint.groups.at("average"), optimizer_.averages(), path.string());
    restore(checkpoint.groups.at("first_moment"), optimizer_.first_moments(), path.string());
    restore(checkpoint.groups.at("second_moment"), optimizer_.second_moments(), path.string());
    earlier_seconds_ = checkpoint.state.value("seconds", 0.0);
    step = saved_step_ = checkpoint.step;
  }

  // Rows after the checkpoint will be written again.
  void truncate_log() {
    std::ifstream in(folder_ / "log.jsonl");
    std::string kept, line;
    while (std::getline(in, line)) {
      const json row = parse_json(line);
      if (row.is_object() && row.value("step", std::int64_t{0}) <= step) kept += line + "\n";
    }
    write_file(folder_ / "log.jsonl", kept);
  }

  std::filesystem::path folder_;
  std::string digest_;
  int keep_;
  Optimizer optimizer_;
  Clock::time_point start_;
  double earlier_seconds_ = 0;
  std::int64_t saved_step_ = -1;
};

// JSON has no word for what is not finite: it is written as null.
double number(const json& value) {
  return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

bool due(std::int64_t step, int every) { return every > 0 && step % every == 0; }

}  // namespace

FieldList LoopOptions::fields() {
  return {{"steps", "updates in all", &steps, {0, 1e9}},
          {"log_every", "steps between rows of the log", &log_every, {1, 1e6}},
          {"checkpoint_every", "steps between checkpoints", &checkpoint_every, {1, 1e9}},
          {"keep", "checkpoints kept", &keep, {1, 1000}},
          {"preview_every", "steps between previews, 0 for none", &preview_every, {0, 1e9}},
          {"micro_batches", "of a step, one after the other", &micro_batches, {1, 4096}},
          {"seed", "of weights, order, noise and captions", &seed, {0, 9e15}}};
}

MicroBatches cut_batch(std::int64_t batch, int count,
                       const std::function<std::function<Loss()>(std::int64_t, std::int64_t)>& loss_of) {
  const std::int64_t parts = std::clamp<std::int64_t>(count, 1, batch);
  MicroBatches losses;
  for (std::int64_t part = 0; part < parts; ++part) {
    losses.push_back(loss_of(batch * part / parts, batch * (part + 1) / parts));
  }
  return losses;
}

Loss differentiate(Task& task, const MicroBatches& parts) {
  if (parts.size() == 1) {
    Loss loss = parts.front()();
    loss.value.backward();
    return loss;
  }
  std::vector<at::Tensor> weights;
  const std::vector<nn::NamedParameter> parameters = task.parameters();
  for (const auto& [name, parameter] : parameters) weights.push_back(parameter->tensor);
  std::vector<Loss> losses(parts.size());
  std::vector<std::vector<at::Tensor>> gradients(parts.size());
  for (std::size_t part = 0; part < parts.size(); ++part) {
    losses[part] = parts[part]();
    gradients[part] = torch::autograd::grad({losses[part].value}, weights, {}, c10::nullopt, /*create_graph=*/false,
                                            /*allow_unused=*/true);
    losses[part].value = losses[part].value.detach();
  }

  at::NoGradGuard no_grad;
  Loss sum;
  for (const Loss& loss : losses) sum.samples += loss.samples;
  for (std::size_t part = 0; part < losses.size(); ++part) {
    const double share = static_cast<double>(losses[part].samples) / static_cast<double>(sum.samples);
    const at::Tensor value = losses[part].value * share;
    sum.value = sum.value.defined() ? sum.value + value : value;
    for (const auto& [name, number] : losses[part].extra) sum.extra[name] += share * number;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const at::Tensor& gradient = gradients[part][i];
      at::Tensor& total = weights[i].mutable_grad();
      if (!gradient.defined()) continue;
      if (total.defined()) {
        total.add_(gradient, share);
      } else {
        total = gradient * share;
      }
    }
  }
  return sum;
}

void train(Task& task, const LoopOptions& options, const OptimizerOptions& optimizer_options,
           const std::filesystem::path& run_folder, const std::filesystem::path& model_folder,
           const std::string& digest, const LoopHooks& hooks, Progress* progress) {
  const std::string data = task.data_digest();
  Run run(task, optimizer_options, run_folder, data.empty() ? digest : digest + " " + data, options.keep);
  Meter meter;
  Batches batches(task, options.micro_batches, run.step, options.steps, options.batches_ahead);
  begin_phase(progress, "training", options.steps);
  try {
    while (run.step < options.steps) {
      const Loss loss = differentiate(task, batches.next());
      const UpdateReport report = run.optimizer().update(run.step, options.steps);
      meter.add(loss, report);
      const double rate = learning_rate(optimizer_options, run.step, options.steps);
      ++run.step;
      if (due(run.step, options.log_every) || run.step == options.steps) {
        const LogRow row = meter.row(run.step, rate, run.seconds());
        run.log(row);
        if (hooks.on_log) hooks.on_log(row);
      }
      if (due(run.step, options.checkpoint_every) || run.step == options.steps) run.save();
      if (hooks.on_preview && due(run.step, options.preview_every)) {
        const AveragedWeights averaged(run.optimizer(), task.parameters());
        hooks.on_preview(run.step, task.preview());
      }
      advance_or_stop(progress, run.step);
    }
  } catch (const Cancelled&) {
    if (!run.saved()) run.save();
    throw;
  }
  const AveragedWeights averaged(run.optimizer(), task.parameters());
  task.export_parts(model_folder);
}

std::vector<LogRow> read_log(const std::filesystem::path& run_folder) {
  std::vector<LogRow> rows;
  std::istringstream in(read_file(run_folder / "log.jsonl", 1u << 30));
  for (std::string line; std::getline(in, line);) {
    const json object = parse_json(line);
    if (!object.is_object()) continue;
    LogRow row;
    for (const auto& [key, value] : object.items()) {
      if (key == "step")
        row.step = value;
      else if (key == "loss")
        row.loss = number(value);
      else if (key == "learning_rate")
        row.learning_rate = number(value);
      else if (key == "gradient_norm")
        row.gradient_norm = number(value);
      else if (key == "samples_per_second")
        row.samples_per_second = number(value);
      else if (key == "seconds")
        row.seconds = number(value);
      else
        row.extra[key] = number(value);
    }
    rows.push_back(row);
  }
  return rows;
}

}  // namespace hotshot::training
