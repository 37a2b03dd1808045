// For Gaussian data the velocity and the path are known in closed form, so each sampler must show its order.
#include "diffusion/sampler.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/error.h"

namespace hotshot::diffusion {
namespace {

// Data N(mean, deviation^2) in every element: x(sigma) = (1 - sigma) mean + spread(sigma) z along a trajectory.
struct Gaussian {
  double mean = 1.0;
  double deviation = 0.5;

  double spread(double sigma) const { return std::hypot((1.0 - sigma) * deviation, sigma); }
  at::Tensor position(const at::Tensor& z, double sigma) const { return z * spread(sigma) + (1.0 - sigma) * mean; }
  at::Tensor velocity(const at::Tensor& x, double sigma) const {
    const double slope = (sigma - (1.0 - sigma) * deviation * deviation) / std::pow(spread(sigma), 2);
    return (x - (1.0 - sigma) * mean) * slope - mean;
  }
};

at::Tensor some_latents() { return at::linspace(-2.0, 2.0, 24, at::kDouble).reshape({1, 2, 3, 2, 2}); }

Denoiser ideal(const Gaussian& data) {
  return [data](const at::Tensor& x, const DenoiserCall& call) { return data.velocity(x, call.sigma); };
}

std::vector<double> even_sigmas(double from, double to, int steps) {
  std::vector<double> sigmas;
  for (int i = 0; i <= steps; ++i) sigmas.push_back(from + (to - from) * i / steps);
  return sigmas;
}

// Largest error at the end of a run between two sigmas inside (0, 1), where the path is smooth. From 0.9 to 0.2 the
// error of the first step of dpmpp-2m happens to cancel that of the others; to 0.1 it does not.
double error_of(std::string_view sampler, int steps, const SamplerOptions& options) {
  const Gaussian data;
  const Schedule schedule = custom_schedule(even_sigmas(0.9, 0.1, steps));
  const at::Tensor start = data.position(some_latents(), 0.9);
  const at::Tensor end = sample(sampler, ideal(data), start, schedule, options);
  return (end - data.position(some_latents(), 0.1)).abs().max().item<double>();
}

// log2 of the factor by which twice the steps shrink the error.
double measured_order(std::string_view sampler, const SamplerOptions& options = {}) {
  const double order = std::log2(error_of(sampler, 64, options) / error_of(sampler, 128, options));
  testing::Test::RecordProperty(std::string(sampler), std::to_string(order));
  return order;
}

TEST(Sampler, EverySamplerShowsTheOrderItClaims) {
  for (const SamplerInfo& info : samplers()) {
    EXPECT_NEAR(measured_order(info.name), info.order, 0.15) << info.name;
  }
}

TEST(Sampler, CorrectorRaisesTheOrderByOne) {
  SamplerOptions options{.lower_order_final = false};
  EXPECT_NEAR(measured_order("unipc", options), 3.0, 0.2);
  options.solver_order = 1;
  EXPECT_LT(error_of("unipc", 64, options), 0.5 * error_of("euler", 64, {}));
  for (int i = 0; i < 128; ++i) options.disable_corrector.push_back(i);
  EXPECT_NEAR(measured_order("unipc", options), 1.0, 0.1);
  options.solver_order = 2;
  EXPECT_NEAR(measured_order("unipc", options), 2.0, 0.15);
}

TEST(Sampler, MoreOrderMeansLessErrorAtEqualSteps) {
  const double euler = error_of("euler", 32, {}), heun = error_of("heun", 32, {});
  const double dpmpp = error_of("dpmpp-2m", 32, {}), unipc = error_of("unipc", 32, {});
  const double third = error_of("unipc", 32, {.solver_order = 3, .lower_order_final = false});
  EXPECT_LT(heun, euler / 10);
  EXPECT_LT(dpmpp, euler / 5);
  EXPECT_LT(unipc, euler / 10);
  EXPECT_LT(third, euler / 100);
}

TEST(Sampler, WholeRunReachesTheDataDistribution) {
  const Gaussian data;
  const at::Tensor wanted = data.position(some_latents(), 0.0);
  for (const SamplerInfo& info : samplers()) {
    const at::Tensor end = sample(info.name, ideal(data), some_latents(), flow_schedule(40));
    EXPECT_LT((end - wanted).abs().max().item<double>(), info.order == 1 ? 0.2 : 0.02) << info.name;
  }
}

TEST(Sampler, OneSampleOfDataIsFoundInAnyNumberOfSteps) {
  const at::Tensor x0 = some_latents().sin();
  const Denoiser denoiser = [&](const at::Tensor& x, const DenoiserCall& call) { return (x - x0) / call.sigma; };
  for (const SamplerInfo& info : samplers()) {
    for (const int steps : {1, 2, 3, 7}) {
      const at::Tensor end = sample(info.name, denoiser, some_latents(), flow_schedule(steps));
      EXPECT_LT((end - x0).abs().max().item<double>(), 1e-5) << info.name << " " << steps;
    }
  }
}

TEST(Sampler, RunsFromPureNoiseAndWithoutTheUsualClip) {
  const Gaussian data;
  for (const SamplerInfo& info : samplers()) {
    const Schedule schedule = custom_schedule(even_sigmas(1.0, 0.0, 20));
    const at::Tensor end = sample(info.name, ideal(data), some_latents(), schedule, {.solver_order = 3});
    EXPECT_LT((end - data.position(some_latents(), 0.0)).abs().max().item<double>(), 0.2) << info.name;
  }
}

TEST(Sampler, AsksOnTheScheduleAsOftenAsItSays) {
  const Schedule schedule = flow_schedule(6, {.shift = 5.0});
  for (const SamplerInfo& info : samplers()) {
    int calls = 0;
    const Denoiser denoiser = [&](const at::Tensor& x, const DenoiserCall& call) {
      ++calls;
      EXPECT_EQ(x.scalar_type(), at::kFloat);
      const int index = call.step + call.call;
      EXPECT_EQ(call.sigma, schedule.sigmas.at(index));
      EXPECT_EQ(call.timestep, schedule.timesteps.at(index));
      return x.to(at::kBFloat16);
    };
    const at::Tensor end = sample(info.name, denoiser, some_latents().to(at::kBFloat16), schedule);
    EXPECT_EQ(end.scalar_type(), at::kFloat);
    EXPECT_EQ(calls, 6 * info.calls_per_step - (info.calls_per_step - 1)) << info.name;  // sigma 0 is never asked
  }
}

TEST(Sampler, ReportsStepsWithAGuessOfTheDataAndStopsOnRequest) {
  const Gaussian data{.mean = 0.3, .deviation = 0.0};
  for (const SamplerInfo& info : samplers()) {
    int seen = 0;
    const StepCallback on_step = [&](const StepResult& step) {
      EXPECT_EQ(step.done, ++seen);
      EXPECT_EQ(step.steps, 5);
      EXPECT_LT((step.x0 - 0.3).abs().max().item<double>(), 1e-4) << info.name;
      if (step.done == 3) throw Cancelled();
    };
    EXPECT_THROW(sample(info.name, ideal(data), some_latents(), flow_schedule(5), {}, on_step), Cancelled);
    EXPECT_EQ(seen, 3);
  }
}

TEST(Sampler, LeavesItsInputAloneAndRecordsNoGradient) {
  for (const SamplerInfo& info : samplers()) {
    const at::Tensor start = some_latents().to(at::kFloat), copy = start.clone();
    const at::Tensor weight = at::ones({1}).requires_grad_();
    const Denoiser denoiser = [&](const at::Tensor& x, const DenoiserCall&) { return x * weight; };
    EXPECT_FALSE(sample(info.name, denoiser, start, flow_schedule(3)).requires_grad());
    EXPECT_TRUE(start.equal(copy)) << info.name;
  }
}

TEST(Sampler, NamesAreUniqueAndErrorsListThem) {
  std::set<std::string_view> names;
  for (const SamplerInfo& info : samplers()) names.insert(info.name);
  EXPECT_EQ(names.size(), samplers().size());
  try {
    sample("ddim", ideal({}), some_latents(), flow_schedule(2));
    FAIL();
  } catch (const InvalidArgument& error) {
    for (const std::string_view name : names) EXPECT_NE(std::string(error.what()).find(name), std::string::npos);
  }
}

TEST(Sampler, RefusesWhatCannotWork) {
  const at::Tensor x = some_latents();
  EXPECT_THROW(sample("unipc", ideal({}), x, flow_schedule(2), {.solver_order = 4}), InvalidArgument);
  EXPECT_THROW(sample("unipc", ideal({}), x, flow_schedule(2), {.solver_type = "bh3"}), InvalidArgument);
  EXPECT_THROW(sample("euler", ideal({}), x, Schedule{}), InvalidArgument);
  EXPECT_THROW(sample("euler", ideal({}), x, Schedule{.sigmas = {0.5, 0.5}}), InvalidArgument);
  EXPECT_THROW(sample("euler", ideal({}), x, Schedule{.sigmas = {1.5, 0.5}}), InvalidArgument);
  const Denoiser wrong_shape = [](const at::Tensor& latents, const DenoiserCall&) { return latents.flatten(); };
  EXPECT_THROW(sample("euler", wrong_shape, x, flow_schedule(2)), std::runtime_error);
}

}  // namespace
}  // namespace hotshot::diffusion
