// UniPC: unified predictor-corrector (Zhao et al. 2023), data prediction, B(h) version. The predictor
// UniP moves to the next sigma from the last `order` guesses of x0; once the model has spoken there, the corrector UniC
// moves the same step again with that guess included, which raises the order by one at no further evaluation.
#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <vector>

#include "base/error.h"
#include "diffusion/sampler_run.h"

namespace hotshot::diffusion {
namespace {

// The guesses of x0 so far, newest first, with their half log signal-to-noise ratios.
struct History {
  std::deque<at::Tensor> x0s;
  std::deque<double> lambdas;

  void push(at::Tensor x0, double lambda, std::size_t limit) {
    x0s.push_front(std::move(x0));
    lambdas.push_front(lambda);
    if (x0s.size() > limit) {
      x0s.pop_back();
      lambdas.pop_back();
    }
  }
};

// Solves the n x n system a x = b by elimination with row pivoting; n <= 3.
std::vector<double> solve(std::vector<std::vector<double>> a, std::vector<double> b) {
  const int n = static_cast<int>(b.size());
  for (int column = 0; column < n; ++column) {
    int pivot = column;
    for (int row = column + 1; row < n; ++row) {
      if (std::abs(a[row][column]) > std::abs(a[pivot][column])) pivot = row;
    }
    std::swap(a[column], a[pivot]);
    std::swap(b[column], b[pivot]);
    for (int row = column + 1; row < n; ++row) {
      const double factor = a[row][column] / a[column][column];
      for (int k = column; k < n; ++k) a[row][k] -= factor * a[column][k];
      b[row] -= factor * b[column];
    }
  }
  for (int row = n - 1; row >= 0; --row) {
    for (int k = row + 1; k < n; ++k) b[row] -= a[row][k] * b[k];
    b[row] /= a[row][row];
  }
  return b;
}

// B(h) of the paper, with h negated for data prediction.
double b_of_h(std::string_view solver_type, double minus_h) {
  return solver_type == "bh1" ? minus_h : std::expm1(minus_h);
}

// The weights of the differences D1, from R rho = b: row i holds r^i, b_i = (i + 1)! phi_{i+2}(-h) h / B(h).
std::vector<double> weights(const std::vector<double>& r, double minus_h, double b_h) {
  const int n = static_cast<int>(r.size());
  std::vector<std::vector<double>> powers(n, std::vector<double>(n));
  std::vector<double> b(n);
  double phi = std::expm1(minus_h) / minus_h - 1.0, factorial = 1.0;
  for (int i = 0; i < n; ++i) {
    for (int k = 0; k < n; ++k) powers[i][k] = std::pow(r[k], i);
    b[i] = phi * factorial / b_h;
    factorial *= i + 2;
    phi = phi / minus_h - 1.0 / factorial;
  }
  return solve(std::move(powers), std::move(b));
}

// One step from sigmas[from] to sigmas[from + 1]; history.front() is the guess at `from`. With `x0_next`, the guess at
// the end of the step, it is UniC, without it UniP.
at::Tensor move(const SamplerRun& run, const at::Tensor& latents, int from, const History& history, int order,
                const at::Tensor* x0_next) {
  const double sigma = run.sigma(from + 1), alpha = run.alpha(from + 1);
  const double lambda = history.lambdas[0], h = run.lambda(from + 1) - lambda;
  const double b_h = b_of_h(run.options.solver_type, -h);
  const at::Tensor& x0 = history.x0s[0];

  std::vector<double> r;
  for (int k = 1; k < order; ++k) r.push_back((history.lambdas[k] - lambda) / h);
  if (x0_next) r.push_back(1.0);
  // A single weight is 1/2, its limit for small h: enough for the order.
  const std::vector<double> rho = r.size() == 1 ? std::vector<double>{0.5} : weights(r, -h, b_h);

  at::Tensor next = at::add(latents.mul(sigma / run.sigma(from)), x0, -alpha * std::expm1(-h));
  for (std::size_t k = 0; k < r.size(); ++k) {
    const bool end_of_step = x0_next && k + 1 == r.size();
    const at::Tensor difference = at::sub(end_of_step ? *x0_next : history.x0s[k + 1], x0);
    next = at::add(next, difference, -alpha * b_h * rho[k] / r[k]);
  }
  return next;
}

void check(const SamplerOptions& options) {
  require(options.solver_order >= 1 && options.solver_order <= 3, "unipc",
          "expected a solver_order of 1, 2 or 3 but got {}", options.solver_order);
  if (options.solver_type != "bh1" && options.solver_type != "bh2") {
    throw_unknown("unipc", options.solver_type, {"bh1", "bh2"});
  }
}

}  // namespace

at::Tensor unipc(const SamplerRun& run, at::Tensor latents) {
  check(run.options);
  const std::vector<int>& uncorrected = run.options.disable_corrector;
  History history;
  at::Tensor last_latents;
  int order = 0;
  for (int i = 0; i < run.steps(); ++i) {
    const at::Tensor x0 = run.ask(latents, run.level(i), i).x0();
    const bool correct = i > 0 && std::find(uncorrected.begin(), uncorrected.end(), i - 1) == uncorrected.end();
    if (correct) latents = move(run, last_latents, i - 1, history, order, &x0);
    history.push(x0, run.lambda(i), run.options.solver_order);

    order = std::min(run.options.solver_order, i + 1);
    if (run.options.lower_order_final) order = std::min(order, run.steps() - i);
    if (run.sigma(i + 1) == 0.0) order = 1;  // h is infinite: the step ends at x0 whatever the order
    last_latents = latents;
    latents = move(run, latents, i, history, order, nullptr);
    run.finish_step(i, latents, x0);
  }
  return latents;
}

}  // namespace hotshot::diffusion
