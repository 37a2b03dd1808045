// The batches of a run, one step after the other, loaded by threads while earlier steps are computed.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "training/loop.h"

namespace hotshot::training {

/// Step `first + i` is loaded by thread i modulo `threads`: each has at most one batch ready and one more in hand. With
/// no threads a batch is loaded when it is asked for. The task must let several threads load batches at once.
class Batches {
 public:
  Batches(Task& task, int micro_batches, std::int64_t first, std::int64_t last, int threads);
  ~Batches();
  Batches(const Batches&) = delete;
  Batches& operator=(const Batches&) = delete;

  /// Of the next step, `first` at first. Throws what loading it threw.
  MicroBatches next();

 private:
  // Where a thread leaves what it has loaded.
  struct Shelf {
    std::optional<MicroBatches> batch;
    std::exception_ptr error;
  };
  void load(std::size_t thread);

  Task& task_;
  int micro_batches_;
  std::int64_t next_, first_, last_;
  bool stopping_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Shelf> shelves_;
  std::vector<std::thread> threads_;
};

}  // namespace hotshot::training
