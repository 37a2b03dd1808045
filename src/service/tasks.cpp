#include "service/tasks.h"

#include <cstdio>
#include <exception>
#include <utility>

#include "base/error.h"

namespace hotshot::service {

Tasks::~Tasks() {
  std::list<Task> tasks;
  {
    const std::lock_guard lock(mutex_);
    for (Task& task : tasks_) task.thread.request_stop();
    tasks.swap(tasks_);  // joined without the lock, which their ends take
  }
}

void Tasks::forget_ended() {
  tasks_.remove_if([](const Task& task) { return task.over; });  // their threads are at their very ends
}

bool Tasks::busy() {
  const std::lock_guard lock(mutex_);
  forget_ended();
  return static_cast<int>(tasks_.size()) >= kMost;
}

bool Tasks::run(std::function<void(const std::stop_token&)> work, int most) {
  const std::lock_guard lock(mutex_);
  forget_ended();
  if (static_cast<int>(tasks_.size()) >= most) return false;
  Task& task = tasks_.emplace_back();
  task.thread = std::jthread([this, &task, work = std::move(work)](const std::stop_token& stop) {
    try {
      work(stop);
    } catch (const std::exception& error) {
      std::fputs(fmt::format("hotshot serve: {}\n", error.what()).c_str(), stderr);
    }
    const std::lock_guard done(mutex_);
    task.over = true;
  });
  return true;
}

}  // namespace hotshot::service
