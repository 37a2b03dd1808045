#include "measure/profile.h"

#include <ATen/ATen.h>
#include <ATen/record_function.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string_view>

#include "base/error.h"

namespace hotshot::measure {
namespace {

using Clock = std::chrono::steady_clock;
using Values = c10::ArrayRef<const c10::IValue>;

constexpr double kShown = 1e-3;  // share of the time from which on a row stands alone

double count(const at::Tensor& x) { return static_cast<double>(x.numel()); }

// The tensors among values, in order; undefined ones are left out.
std::vector<at::Tensor> tensors_of(Values values) {
  std::vector<at::Tensor> found;
  for (const c10::IValue& value : values) {
    if (value.isTensor() && value.toTensor().defined()) found.push_back(value.toTensor());
    if (!value.isTensorList()) continue;
    for (const at::Tensor& x : value.toTensorVector()) found.push_back(x);
  }
  return found;
}

double bytes_of(const std::vector<at::Tensor>& tensors) {
  double bytes = 0;
  for (const at::Tensor& x : tensors) bytes += count(x) * static_cast<double>(x.element_size());
  return bytes;
}

double product(const std::vector<at::Tensor>& in, std::size_t left) {
  if (in.size() < left + 2) return 0;
  return 2 * count(in[left]) * static_cast<double>(in[left + 1].size(-1));
}

// weight [out, in / groups, …]: every value of the output is a sum over in · kernel.
double convolution(const at::Tensor& output, const at::Tensor& weight) {
  return 2 * count(output) * count(weight) / static_cast<double>(weight.size(0));
}

// q, k, v [b, length, heads, size]: two products of scores.
double attention(const std::vector<at::Tensor>& in) { return 4 * count(in[0]) * static_cast<double>(in[1].size(1)); }

double operations_of(std::string_view name, const std::vector<at::Tensor>& in, Values outputs) {
  if (name == "aten::mm" || name == "aten::bmm") return product(in, 0);
  if (name == "aten::addmm" || name == "aten::baddbmm") return product(in, 1);
  if (name == "hotshot::linear_grad_x") return product(in, 0);
  if (name == "hotshot::linear_grad_weight") return 2 * count(in[0]) * static_cast<double>(in[1].size(-1));
  if (name == "hotshot::linear" || name == "hotshot::library_linear")
    return 2 * count(in[0]) * static_cast<double>(in[1].size(0));
  if (name == "hotshot::linear_packed") return 2 * count(in[0]) * static_cast<double>(in[2].size(-1));
  if (name == "hotshot::convolution") return convolution(in[2], in[1]);
  if (name == "hotshot::convolution_grad_x") return convolution(in[0], in[1]);
  if (name == "hotshot::convolution_grad_weight") return convolution(in[0], in[1]);
  // As often as the library would multiply; ours leaves out half of what is symmetric.
  if (name == "hotshot::orthogonalized") {
    const double m = static_cast<double>(in[0].size(0)), n = static_cast<double>(in[0].size(1));
    return 5 * (4 * m * m * n + 2 * m * m * m);
  }
  if (name == "hotshot::attention") return attention(in);
  if (name == "hotshot::attention_backward") return 2.5 * attention(in);
  if (name == "aten::mkldnn_convolution" && !outputs.empty() && outputs[0].isTensor()) {
    return convolution(outputs[0].toTensor(), in[1]);
  }
  // Gradients of the output, the input and the weight; the outputs are those of input, weight and bias that were asked.
  if (name == "aten::convolution_backward" && in.size() >= 3) {
    double asked = 0;
    for (std::size_t i = 0; i < std::min<std::size_t>(outputs.size(), 2); ++i) {
      asked += outputs[i].isTensor() && outputs[i].toTensor().defined();
    }
    return asked * convolution(in[0], in[2]);
  }
  return 0;
}

}  // namespace

struct Profile::State {
  struct Frame {
    std::string name;
    std::vector<at::Tensor> in;
    Clock::time_point start;
    double inner = 0;     // seconds of operations called by this one
    bool hidden = false;  // inside a kernel of ours
  };

  void enter(const at::RecordFunction& function) {
    Frame frame{.name = function.name(), .in = tensors_of(function.inputs()), .start = {}, .inner = 0, .hidden = false};
    frame.hidden = !frames.empty() && (frames.back().hidden || frames.back().name.starts_with("hotshot::"));
    frame.start = Clock::now();
    frames.push_back(std::move(frame));
  }

  void leave(const at::RecordFunction& function) {
    const auto end = Clock::now();
    const Frame frame = std::move(frames.back());
    frames.pop_back();
    if (frame.hidden) return;
    const double total = std::chrono::duration<double>(end - frame.start).count();
    if (!frames.empty()) frames.back().inner += total;
    ProfileRow& row = rows[frame.name];
    row.name = frame.name;
    ++row.calls;
    row.seconds += total - frame.inner;
    const Values outputs(function.outputs().data(), function.outputs().size());
    row.operations += operations_of(frame.name, frame.in, outputs);
    row.bytes += bytes_of(frame.in) + bytes_of(tensors_of(outputs));
  }

  std::map<std::string, ProfileRow> rows;
  std::vector<Frame> frames;
  Clock::time_point start = Clock::now();
  double seconds = -1;  // when stopped
  at::CallbackHandle handle = 0;
};

namespace {

thread_local Profile::State* active = nullptr;

std::unique_ptr<at::ObserverContext> enter(const at::RecordFunction& function) {
  if (active) active->enter(function);
  return nullptr;
}

void leave(const at::RecordFunction& function, at::ObserverContext*) {
  // What began before the profile did has no frame.
  if (active && !active->frames.empty()) active->leave(function);
}

}  // namespace

Profile::Profile() : state_(std::make_unique<State>()) {
  ensure(active == nullptr, "profile", "expected one at a time but {} is observing", "another");
  active = state_.get();
  state_->handle = at::addThreadLocalCallback(at::RecordFunctionCallback(enter, leave)
                                                  .needsInputs(true)
                                                  .needsOutputs(true)
                                                  .scopes({at::RecordScope::FUNCTION}));
}

Profile::~Profile() { stop(); }

void Profile::stop() {
  if (state_->seconds >= 0) return;
  state_->seconds = seconds();
  at::removeCallback(state_->handle);
  active = nullptr;
}

double Profile::seconds() const {
  if (state_->seconds >= 0) return state_->seconds;
  return std::chrono::duration<double>(Clock::now() - state_->start).count();
}

std::vector<ProfileRow> Profile::rows() const {
  std::vector<ProfileRow> all;
  for (const auto& [name, row] : state_->rows) all.push_back(row);
  std::ranges::sort(all, [](const ProfileRow& a, const ProfileRow& b) { return a.seconds > b.seconds; });
  return all;
}

std::string profile_table(const Profile& profile, double operations_ceiling, double bytes_ceiling) {
  const double total = profile.seconds();
  std::string text =
      fmt::format("{:<44}{:>7}{:>10}{:>8}{:>10}{:>8}{:>9}\n", "", "share", "ms", "calls", "GFLOP/s", "GB/s", "ceiling");
  ProfileRow others{.name = "others"};
  double counted = 0;
  const auto add = [&](const ProfileRow& row) {
    const bool computes = row.operations > 0;
    const double rate = row.seconds > 0 ? (computes ? row.operations : row.bytes) / row.seconds : 0;
    const double ceiling = computes ? operations_ceiling : bytes_ceiling;
    text += fmt::format("{:<44}{:>6.1f}%{:>10.1f}{:>8}{:>10}{:>8.1f}{:>8.0f}%\n", row.name.substr(0, 43),
                        100 * row.seconds / total, 1e3 * row.seconds, row.calls,
                        computes ? fmt::format("{:.0f}", rate * 1e-9) : "",
                        row.bytes / std::max(row.seconds, 1e-12) * 1e-9, 100 * rate / ceiling);
  };
  for (const ProfileRow& row : profile.rows()) {
    counted += row.seconds;
    if (row.seconds < kShown * total) {
      others.calls += row.calls, others.seconds += row.seconds, others.bytes += row.bytes;
      continue;
    }
    add(row);
  }
  if (others.calls > 0) add(others);
  text += fmt::format("{:<44}{:>6.1f}%{:>10.1f}\n", "outside of operations", 100 * (total - counted) / total,
                      1e3 * (total - counted));
  text += fmt::format("{:<44}{:>7}{:>10.1f}\n", "all", "", 1e3 * total);
  return text;
}

}  // namespace hotshot::measure
