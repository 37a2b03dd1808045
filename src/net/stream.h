// The queue between the threads that send on a Stream and the connection that writes it. No sockets.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "net/http.h"

namespace hotshot::net {

/// Thread-safe. The sending side is the Stream of stream_of(), the other members are the connection's.
class StreamQueue {
 public:
  /// `wake` is called, with the queue locked, when there is something new for next(); it must only post.
  StreamQueue(std::size_t max_bytes, std::function<void()> wake) : max_bytes_(max_bytes), wake_(std::move(wake)) {}

  enum class State {
    kOpen,    // more may come
    kEnded,   // close(): after `bytes` the answer ends well
    kBroken,  // let go of without close(), or too much waits: to be broken off now
    kStopped  // stop(): to be broken off after `bytes`
  };
  struct Next {
    std::string bytes;
    State state = State::kOpen;
  };
  /// Up to `most` bytes, none once broken; wakes again for what comes from now on. They wait until written().
  Next next(std::size_t most);
  void written(std::size_t bytes);
  /// Takes no more.
  void stop();
  /// The connection is gone: takes no more, forgets what waits, never wakes again.
  void detach();

 private:
  friend class StreamEnd;
  bool send(std::string bytes);
  void end(State state);
  void wake();

  mutable std::mutex mutex_;
  const std::size_t max_bytes_;
  std::function<void()> wake_;
  bool woken_ = false;
  State state_ = State::kOpen;
  std::deque<std::string> queue_;
  std::size_t front_taken_ = 0;  // bytes of queue_.front()
  std::size_t waiting_ = 0;
};

/// The handler's end.
std::shared_ptr<Stream> stream_of(std::shared_ptr<StreamQueue> queue);

}  // namespace hotshot::net
