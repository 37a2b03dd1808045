// The training loop: one for every part of every model. What is learned is a Task; where files go is a run folder.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/clip.h"
#include "base/options.h"
#include "base/progress.h"
#include "nn/module.h"
#include "training/optimizer.h"

namespace hotshot::training {

/// The mean loss of some samples, and what else is worth a line in the log.
struct Loss {
  at::Tensor value;  // scalar, fp32, differentiable
  std::int64_t samples = 0;
  std::map<std::string, double> extra;
};

/// A step's batch, cut into micro-batches of nearly equal size: each function computes the loss of one, once.
using MicroBatches = std::vector<std::function<Loss()>>;

/// Cuts a batch into `count` micro-batches, fewer where it is smaller; `loss_of(first, last)` gives the function of
/// samples [first, last) of it.
MicroBatches cut_batch(std::int64_t batch, int count,
                       const std::function<std::function<Loss()>(std::int64_t first, std::int64_t last)>& loss_of);

/// What is being learned. Everything a step does depends on the step's number alone, never on earlier calls: that is
/// what makes a resumed run equal to an undisturbed one.
class Task {
 public:
  virtual ~Task() = default;
  virtual std::vector<nn::NamedParameter> parameters() = 0;
  /// Loads a step's batch, in at most `count` micro-batches. What a sample adds to the gradient does not depend on
  /// `count`, up to rounding. On a GPU several threads load batches at once.
  virtual MicroBatches micro_batches(std::int64_t step, int count) = 0;
  /// Clips that show what has been learned, made with the parameters as they are now; may be empty.
  virtual std::vector<Clip> preview() = 0;
  /// Of the files that batches are made from (another part, a vocabulary); empty where the recipe says everything.
  virtual std::string data_digest() const { return {}; }
  /// Writes the parts, with the parameters as they are now, into a model folder.
  virtual void export_parts(const std::filesystem::path& model_folder) = 0;
};

struct LoopOptions {
  int steps = 1000;
  int log_every = 10;
  int checkpoint_every = 200;
  int keep = 2;           // checkpoints
  int preview_every = 0;  // 0 = never
  int micro_batches = 1;  // of a step, one after the other: less memory for the same gradient
  std::int64_t seed = 0;
  int batches_ahead = 0;  // loaded by as many threads while a step is computed: of the machine, so no field of a recipe
  FieldList fields();
};

/// The mean loss of a step's batch, whose gradient is left in the task's parameters; micro-batches are added in order.
Loss differentiate(Task& task, const MicroBatches& batch);
inline Loss differentiate(Task& task, std::int64_t step, int micro_batches) {
  return differentiate(task, task.micro_batches(step, micro_batches));
}

/// One line of log.jsonl.
struct LogRow {
  std::int64_t step = 0;  // steps done
  double loss = 0;        // mean since the last row
  double learning_rate = 0;
  double gradient_norm = 0;
  double samples_per_second = 0;
  double seconds = 0;  // of training, over all resumed parts
  std::map<std::string, double> extra;
};

/// What the caller does at certain steps; empty functions are left out.
struct LoopHooks {
  std::function<void(const LogRow&)> on_log;
  std::function<void(std::int64_t step, const std::vector<Clip>&)> on_preview;
};

/// Trains `task` in `run_folder` (checkpoints/, log.jsonl) up to options.steps, from the newest checkpoint there if
/// any: "to resume, run the same command again". `digest` identifies the recipe; a checkpoint of another digest, or of
/// other data, is refused. At the end exports the averaged weights to `model_folder`. `progress` may be null; on
/// Cancelled a checkpoint is written first.
void train(Task& task, const LoopOptions& options, const OptimizerOptions& optimizer_options,
           const std::filesystem::path& run_folder, const std::filesystem::path& model_folder,
           const std::string& digest, const LoopHooks& hooks, Progress* progress);

/// The rows of a run's log.jsonl.
std::vector<LogRow> read_log(const std::filesystem::path& run_folder);

}  // namespace hotshot::training
