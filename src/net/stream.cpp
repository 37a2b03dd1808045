#include "net/stream.h"

#include <algorithm>
#include <utility>

namespace hotshot::net {

class StreamEnd : public Stream {
 public:
  explicit StreamEnd(std::shared_ptr<StreamQueue> queue) : queue_(std::move(queue)) {}
  ~StreamEnd() override { queue_->end(StreamQueue::State::kBroken); }
  bool send(std::string bytes) override { return queue_->send(std::move(bytes)); }
  void close() override { queue_->end(StreamQueue::State::kEnded); }
  std::size_t waiting() const override {
    std::lock_guard lock(queue_->mutex_);
    return queue_->waiting_;
  }
  bool is_open() const override {
    std::lock_guard lock(queue_->mutex_);
    return queue_->state_ == StreamQueue::State::kOpen;
  }

 private:
  std::shared_ptr<StreamQueue> queue_;
};

std::shared_ptr<Stream> stream_of(std::shared_ptr<StreamQueue> queue) {
  return std::make_shared<StreamEnd>(std::move(queue));
}

bool StreamQueue::send(std::string bytes) {
  std::lock_guard lock(mutex_);
  if (state_ != State::kOpen) return false;
  if (bytes.empty()) return true;
  if (bytes.size() > max_bytes_ - std::min(max_bytes_, waiting_)) {
    state_ = State::kBroken;
    queue_.clear();
  } else {
    waiting_ += bytes.size();
    queue_.push_back(std::move(bytes));
  }
  wake();
  return state_ == State::kOpen;
}

void StreamQueue::end(State state) {
  std::lock_guard lock(mutex_);
  if (state_ != State::kOpen) return;
  state_ = state;
  wake();
}

void StreamQueue::wake() {
  if (!woken_ && wake_) wake_();
  woken_ = true;
}

StreamQueue::Next StreamQueue::next(std::size_t most) {
  std::lock_guard lock(mutex_);
  woken_ = false;
  Next taken;
  taken.state = state_;
  while (state_ != State::kBroken && !queue_.empty() && taken.bytes.size() < most) {
    const auto left = queue_.front().size() - front_taken_;
    const auto count = std::min(left, most - taken.bytes.size());
    taken.bytes.append(queue_.front(), front_taken_, count);
    front_taken_ += count;
    if (count < left) break;
    queue_.pop_front();
    front_taken_ = 0;
  }
  return taken;
}

void StreamQueue::written(std::size_t bytes) {
  std::lock_guard lock(mutex_);
  waiting_ -= std::min(bytes, waiting_);
}

void StreamQueue::stop() {
  std::lock_guard lock(mutex_);
  if (state_ == State::kOpen) state_ = State::kStopped;
}

void StreamQueue::detach() {
  std::lock_guard lock(mutex_);
  if (state_ == State::kOpen) state_ = State::kStopped;
  wake_ = nullptr;
  queue_.clear();
  waiting_ = 0;
}

}  // namespace hotshot::net
