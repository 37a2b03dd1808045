// Connections that are kept for whoever needs one next.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

namespace hotshot::store {

/// The database could not do it now, because of what others do; all of it may work if it is tried again.
class DatabaseBusy : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Thread-safe; must outlive its loans. Makes a connection where none is idle. `C` says by idle() that nothing of the
/// last work is left on it.
template <class C>
class Pool {
 public:
  Pool(std::function<std::unique_ptr<C>()> connect, std::size_t most_idle)
      : connect_(std::move(connect)), most_idle_(most_idle) {}

  /// A connection for one thread, given back at the end; closed instead where it is not idle by then.
  class Loan {
   public:
    explicit Loan(Pool& pool) : pool_(pool), connection_(pool.take()) {}
    ~Loan() { pool_.give_back(std::move(connection_)); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    C* operator->() const { return connection_.get(); }
    C& operator*() const { return *connection_; }

   private:
    Pool& pool_;
    std::unique_ptr<C> connection_;
  };

  /// Closes those that are idle.
  void clear() {
    std::vector<std::unique_ptr<C>> closed;
    const std::lock_guard guard(mutex_);
    closed.swap(idle_);
  }

 private:
  std::unique_ptr<C> take() {
    {
      const std::lock_guard guard(mutex_);
      if (!idle_.empty()) {
        auto connection = std::move(idle_.back());
        idle_.pop_back();
        return connection;
      }
    }
    return connect_();
  }

  void give_back(std::unique_ptr<C> connection) {
    if (!connection->idle()) return;
    const std::lock_guard guard(mutex_);
    if (idle_.size() < most_idle_) idle_.push_back(std::move(connection));
  }

  std::function<std::unique_ptr<C>()> connect_;
  std::size_t most_idle_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<C>> idle_;
};

}  // namespace hotshot::store
