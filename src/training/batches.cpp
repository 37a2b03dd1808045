#include "training/batches.h"

#include <ATen/Parallel.h>
#include <omp.h>

#include <utility>

namespace hotshot::training {

Batches::Batches(Task& task, int micro_batches, std::int64_t first, std::int64_t last, int threads)
    : task_(task),
      micro_batches_(micro_batches),
      next_(first),
      first_(first),
      last_(last),
      shelves_(static_cast<std::size_t>(threads)) {
  for (std::size_t i = 0; i < shelves_.size(); ++i) threads_.emplace_back([this, i] { load(i); });
}

Batches::~Batches() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Batches::load(std::size_t thread) {
  at::get_num_threads();   // libtorch sets a thread's team when it is first asked,
  omp_set_num_threads(1);  // and these share the processors as they are
  Shelf& shelf = shelves_[thread];
  const auto stride = static_cast<std::int64_t>(shelves_.size());
  for (std::int64_t step = first_ + static_cast<std::int64_t>(thread); step < last_; step += stride) {
    Shelf loaded;
    try {
      loaded.batch = task_.micro_batches(step, micro_batches_);
    } catch (...) {
      loaded.error = std::current_exception();
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopping_ || (!shelf.batch && !shelf.error); });
    if (stopping_) return;
    shelf = std::move(loaded);
    changed_.notify_all();
    if (shelf.error) return;
  }
}

MicroBatches Batches::next() {
  const std::int64_t step = next_++;
  if (shelves_.empty()) return task_.micro_batches(step, micro_batches_);
  Shelf& shelf = shelves_[static_cast<std::size_t>(step - first_) % shelves_.size()];
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return shelf.batch || shelf.error; });
  if (shelf.error) std::rethrow_exception(shelf.error);
  MicroBatches batch = *std::exchange(shelf.batch, std::nullopt);
  lock.unlock();
  changed_.notify_all();
  return batch;
}

}  // namespace hotshot::training
