// Where the time of a piece of work goes: per operation of libtorch and per kernel of ours, with what it computed and
// moved.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace hotshot::measure {

/// Calls of one name, added up. Time inside an operation that another one called counts for the inner one alone; our
/// kernels (kernel/recorded.h) count as a whole.
struct ProfileRow {
  std::string name;  // "aten::mm", "hotshot::attention"
  std::int64_t calls = 0;
  double seconds = 0;
  double operations = 0;  // floating-point, 2 per multiply-add, of products, convolutions and attention; 0 for others
  double bytes = 0;       // of the tensors it got and gave, each once, or as often as our kernels say
};

/// Observes what the thread that made it runs, from construction on until stop(). One at a time per thread.
class Profile {
 public:
  Profile();
  ~Profile();
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;

  void stop();
  /// Since construction, until now or stop().
  double seconds() const;
  /// The most time first. What is left to seconds() was spent outside of all operations.
  std::vector<ProfileRow> rows() const;

  struct State;

 private:
  std::unique_ptr<State> state_;
};

/// A table for people: share, time, calls, rates and their share of `operations_ceiling` (a second) or, for rows
/// without operations, of `bytes_ceiling`. Rows below a thousandth are put together.
std::string profile_table(const Profile& profile, double operations_ceiling, double bytes_ceiling);

}  // namespace hotshot::measure
