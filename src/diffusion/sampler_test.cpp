// For Gaussian data the best network and the path are known in closed form, so each sampler must show its order.
#include "diffusion/sampler.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/error.h"
#include "diffusion/discrete_schedule.h"
#include "diffusion/sampler_test_support.h"

namespace hotshot::diffusion {
namespace {

const Family kFlow = families().front();

// Largest error at the end of a run. Where noise is fresh there is no single end: sampler_noise_test.cpp.
double error_of(std::string_view sampler, int steps, SamplerOptions options, const Family& family = kFlow) {
  const Gaussian data{.fade = family.fade};
  options.eta = 0.0;
  const at::Tensor start = data.position(some_latents(), family.from);
  const at::Tensor end = sample(sampler, ideal(data, family.prediction), start, family.schedule(steps), options);
  return (end - data.position(some_latents(), family.to)).abs().max().item<double>();
}

std::vector<double> even_sigmas(double from, double to, int steps) {
  std::vector<double> sigmas;
  for (int i = 0; i <= steps; ++i) sigmas.push_back(from + (to - from) * i / steps);
  return sigmas;
}

// Samplers that follow the ODE when they draw no noise; lcm is none.
std::vector<SamplerInfo> solvers() {
  std::vector<SamplerInfo> solvers;
  for (const SamplerInfo& info : samplers()) {
    if (info.order > 0) solvers.push_back(info);
  }
  return solvers;
}

// log2 of the factor by which twice the steps shrink the error.
double measured_order(std::string_view sampler, const SamplerOptions& options = {}, const Family& family = kFlow) {
  const double order = std::log2(error_of(sampler, 64, options, family) / error_of(sampler, 128, options, family));
  testing::Test::RecordProperty(std::string(sampler) + "/" + family.prediction, std::to_string(order));
  return order;
}

TEST(Sampler, EverySamplerShowsTheOrderItClaims) {
  for (const Family& family : families()) {
    for (const SamplerInfo& info : solvers()) {
      EXPECT_NEAR(measured_order(info.name, {}, family), info.order, 0.15) << info.name << " " << family.prediction;
    }
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
  for (const SamplerInfo& info : solvers()) {
    const at::Tensor end = sample(info.name, ideal(data), some_latents(), flow_schedule(40), {.eta = 0.0});
    EXPECT_LT((end - wanted).abs().max().item<double>(), info.order == 1 ? 0.2 : 0.02) << info.name;
  }
}

TEST(Sampler, OneSampleOfDataIsFoundInAnyNumberOfSteps) {
  const at::Tensor x0 = some_latents().sin();
  const Denoiser denoiser = [&](const at::Tensor& x, const DenoiserCall& call) { return (x - x0) / call.sigma; };
  for (const SamplerInfo& info : samplers()) {
    for (const int steps : {1, 2, 3, 7}) {
      const at::Tensor end = sample(info.name, denoiser, some_latents(), flow_schedule(steps), {}, {}, seeded_noise(0));
      EXPECT_LT((end - x0).abs().max().item<double>(), 1e-5) << info.name << " " << steps;
    }
  }
}

TEST(Sampler, RunsFromPureNoiseAndWithoutTheUsualClip) {
  const Gaussian data;
  for (const SamplerInfo& info : solvers()) {
    const Schedule schedule = custom_schedule(even_sigmas(1.0, 0.0, 20));
    const at::Tensor end = sample(info.name, ideal(data), some_latents(), schedule, {.solver_order = 3, .eta = 0.0});
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
      EXPECT_LE(call.sigma, schedule.sigmas.at(call.step));
      EXPECT_GE(call.sigma, schedule.sigmas.at(call.step + call.call));
      if (call.call == 0) {
        EXPECT_EQ(call.timestep, schedule.timesteps.at(call.step));
      }
      return x.to(at::kBFloat16);
    };
    const at::Tensor end =
        sample(info.name, denoiser, some_latents().to(at::kBFloat16), schedule, {}, {}, seeded_noise(0));
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
    EXPECT_THROW(sample(info.name, ideal(data), some_latents(), flow_schedule(5), {}, on_step, seeded_noise(0)),
                 Cancelled);
    EXPECT_EQ(seen, 3);
  }
}

TEST(Sampler, LeavesItsInputAloneAndRecordsNoGradient) {
  for (const SamplerInfo& info : samplers()) {
    const at::Tensor start = some_latents().to(at::kFloat), copy = start.clone();
    const at::Tensor weight = at::ones({1}).requires_grad_();
    const Denoiser denoiser = [&](const at::Tensor& x, const DenoiserCall&) { return x * weight; };
    EXPECT_FALSE(sample(info.name, denoiser, start, flow_schedule(3), {}, {}, seeded_noise(0)).requires_grad());
    EXPECT_TRUE(start.equal(copy)) << info.name;
  }
}

// A recipe of Wan made long ago must give the same bytes: the steps are these operations and no others.
TEST(Sampler, FlowMatchingIsTheseOperationsToTheBit) {
  const Schedule schedule = flow_schedule(12, {.shift = 5.0});
  const at::Tensor start = at::linspace(-3.0, 3.0, 999).sin() * 2.0;
  const Denoiser network = [](const at::Tensor& x, const DenoiserCall& call) {
    return at::sin(x * 3.0) * 0.7 + x * 0.3 - call.timestep / 1000.0;
  };
  at::Tensor by_euler = start, by_heun = start;
  for (int i = 0; i < schedule.steps(); ++i) {
    const auto ask = [&](const at::Tensor& x, int index) {
      return network(x, {.sigma = schedule.sigmas[index], .timestep = schedule.timestep(index)});
    };
    const double step = schedule.sigmas[i + 1] - schedule.sigmas[i];
    by_euler = at::add(by_euler, ask(by_euler, i), step);
    const at::Tensor v = ask(by_heun, i), next = at::add(by_heun, v, step);
    by_heun = i + 1 == schedule.steps() ? next : at::add(by_heun, at::add(v, ask(next, i + 1)), step / 2.0);
  }
  EXPECT_TRUE(sample("euler", network, start, schedule).equal(by_euler));
  EXPECT_TRUE(sample("heun", network, start, schedule).equal(by_heun));
  const StepCallback data_is_exact = [&, x = start](const StepResult& step) mutable {
    const int i = step.done - 1;
    const at::Tensor v = network(x, {.sigma = schedule.sigmas[i], .timestep = schedule.timesteps[i]});
    EXPECT_TRUE(step.x0.equal(at::sub(x, v, schedule.sigmas[i])));
    x = step.latents;
  };
  sample("dpmpp-2m", network, start, schedule, {}, data_is_exact);
}

TEST(Sampler, TheCoordinatesOfThePathDoNotMatter) {
  const std::vector<double> sigmas = even_sigmas(0.9, 0.1, 6);
  Schedule flow = custom_schedule(sigmas), exploding = flow;
  exploding.fade = 0.0;
  for (double& sigma : exploding.sigmas) sigma /= 1.0 - sigma;
  exploding.timestep_of = [](double ratio) { return 1000.0 * ratio / (1.0 + ratio); };
  const Gaussian data, stretched{.fade = 0.0};
  for (const SamplerInfo& info : samplers()) {
    if (info.name == "heun") continue;  // the mean of two slopes depends on what they are slopes in
    const at::Tensor start = data.position(some_latents(), 0.9);
    const at::Tensor one = sample(info.name, ideal(data), start, flow, {}, {}, seeded_noise(3));
    const at::Tensor two = sample(info.name, ideal(stretched), start / (1.0 - 0.9), exploding, {}, {}, seeded_noise(3));
    EXPECT_TRUE(one.allclose(two * (1.0 - 0.1), 1e-9, 1e-9)) << info.name;
  }
}

TEST(Sampler, EulerDdimAndAncestralAreOneFamily) {
  const auto run = [](const char* sampler, std::optional<double> eta) {
    const Gaussian data{.fade = 0.0};
    return sample(sampler, ideal(data, "epsilon"), 14.0 * some_latents(), discrete_schedule(8), {.eta = eta}, {},
                  seeded_noise(7));
  };
  EXPECT_TRUE(run("euler", {}).equal(run("ddim", {})));
  EXPECT_TRUE(run("euler", {}).equal(run("euler-ancestral", 0.0)));
  EXPECT_TRUE(run("ddim", 1.0).equal(run("euler-ancestral", {})));
  EXPECT_FALSE(run("ddim", 0.5).equal(run("ddim", 1.0)));
  EXPECT_TRUE(run("dpmpp-2m", 1.0).equal(run("dpmpp-2m-sde", {})));
}

TEST(Sampler, GoesOnFromWhatACallbackWroteIntoTheLatents) {
  const at::Tensor kept = at::linspace(-1.0, 1.0, 12).reshape({1, 2, 3, 2}), eps = kept.mul(7.0).cos();
  const Gaussian data{.fade = 0.0};
  for (const SamplerInfo& info : samplers()) {
    const Schedule schedule = discrete_schedule(6, {.grid = std::string(info.grid)});
    const StepCallback hold = [&](const StepResult& step) {
      at::Tensor half = step.latents.narrow(1, 0, 1);
      half.copy_(noised(schedule, step.done, kept, eps).narrow(1, 0, 1));
    };
    const at::Tensor end =
        sample(info.name, ideal(data, "epsilon"), schedule.noise_scale * eps, schedule, {}, hold, seeded_noise(1));
    EXPECT_TRUE(end.narrow(1, 0, 1).equal(kept.narrow(1, 0, 1))) << info.name;
    EXPECT_FALSE(end.narrow(1, 1, 1).allclose(kept.narrow(1, 1, 1))) << info.name;
  }
}

TEST(Sampler, NamesAreUniqueAndErrorsListThem) {
  std::set<std::string_view> names;
  for (const SamplerInfo& info : samplers()) names.insert(info.name);
  EXPECT_EQ(names.size(), samplers().size());
  try {
    sample("magic", ideal({}), some_latents(), flow_schedule(2));
    FAIL();
  } catch (const InvalidArgument& error) {
    for (const std::string_view name : names) EXPECT_NE(std::string(error.what()).find(name), std::string::npos);
  }
}

TEST(Sampler, RefusesWhatCannotWork) {
  const at::Tensor x = some_latents();
  EXPECT_THROW(sample("unipc", ideal({}), x, flow_schedule(2), {.solver_order = 4}), InvalidArgument);
  EXPECT_THROW(sample("unipc", ideal({}), x, flow_schedule(2), {.solver_type = "bh3"}), InvalidArgument);
  EXPECT_THROW(sample("ddim", ideal({}), x, flow_schedule(2), {.eta = 1.5}), InvalidArgument);
  EXPECT_THROW(sample("euler", ideal({}), x, Schedule{.sigmas = {1.0, 0.5}, .prediction = "wish"}), InvalidArgument);
  EXPECT_THROW(sample("euler", ideal({}), x, Schedule{}), InvalidArgument);
  EXPECT_THROW(sample("euler", ideal({}), x, Schedule{.sigmas = {0.5, 0.5}}), InvalidArgument);
  EXPECT_THROW(sample("euler", ideal({}), x, Schedule{.sigmas = {1.5, 0.5}}), InvalidArgument);
  const Denoiser wrong_shape = [](const at::Tensor& latents, const DenoiserCall&) { return latents.flatten(); };
  EXPECT_THROW(sample("euler", wrong_shape, x, flow_schedule(2)), std::runtime_error);
}

}  // namespace
}  // namespace hotshot::diffusion
