"""Writes discrete_samplers.json beside this file: what diffusers' schedulers for SD 1.5 and SDXL do with an analytic "network".

Made with diffusers 0.42.1, torch 2.15.0 (CPU), numpy 2.4.6, scipy 1.17.1:  python make_discrete_samplers.py

A run holds the scheduler's own config, the sigmas and timesteps of its noise levels, and the latents after each step as
the network would see them (divided by sqrt(1 + sigma^2)). Noise is a formula too, the same for the start and for every
draw, so that both sides are fed the same numbers.
"""

import json
import math
import pathlib
import sys
import types

import torch

import diffusers
from diffusers import DDPMScheduler
from diffusers.schedulers import scheduling_ddpm, scheduling_euler_ancestral_discrete, scheduling_lcm

sys.modules.setdefault("torchsde", types.ModuleType("torchsde"))  # only its noise, which is replaced below
from diffusers.schedulers.scheduling_dpmsolver_sde import DPMSolverSDEScheduler

# SDXL's table.
BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
START = torch.tensor([1.3, -0.7, 0.2, -2.1, 0.05, 0.9]).reshape(1, 2, 3)
PICTURE = torch.tensor([0.4, -1.1, 0.8, 0.3, -0.6, 1.5]).reshape(1, 2, 3)


def network(latents, timestep):
    """Stands in for the network; discrete_golden_test.cpp holds the same formula."""
    t = float(timestep) / 1000.0
    return 0.8 * latents + 0.15 * torch.sin(3.0 * latents + 2.0 * t) - 0.1 * t


def noise(step, call=0):
    values = [1.5 * math.sin(1.0 + 2.3 * i + 3.7 * step + 5.1 * call) for i in range(START.numel())]
    return torch.tensor(values, dtype=torch.float32).reshape(START.shape)


class Draws:
    """The noise of the step that runs now, in place of random numbers."""

    step = 0

    def __call__(self, *args, **kwargs):
        return noise(self.step)


draws = Draws()
for module in (scheduling_euler_ancestral_discrete, scheduling_lcm, scheduling_ddpm):
    module.randn_tensor = draws


def brownian(scheduler):
    """Noise of DPM++ SDE: a Brownian motion in sigma, `first` up to the half step, and on from there."""

    def draw(sigma, sigma_next):
        first = noise(draws.step, 0)
        if scheduler.state_in_first_order:
            return first
        share = float((sigma - (sigma * sigma_next) ** 0.5) / (sigma - sigma_next))
        return math.sqrt(share) * first + math.sqrt(1.0 - share) * noise(draws.step, 1)

    return draw


def scheduler_class(name):
    return DPMSolverSDEScheduler if name == "DPMSolverSDEScheduler" else getattr(diffusers, name)


def table_sigma(scheduler, timestep):
    alpha_bar = scheduler.alphas_cumprod[int(timestep)]
    return float(((1 - alpha_bar) / alpha_bar) ** 0.5)


def levels(scheduler, name):
    """Sigmas (one more than steps) and timesteps of the run, one per step."""
    timesteps = scheduler.timesteps.double().tolist()
    if hasattr(scheduler, "sigmas"):
        sigmas = scheduler.sigmas.double().tolist()
        if scheduler.order == 2:  # every level but the first and the last stands twice
            return sigmas[:1] + sigmas[1:-1:2] + sigmas[-1:], timesteps[:1] + timesteps[(2 if "SDE" in name else 1)::2]
        return sigmas, timesteps
    last = 0.0
    if name != "DDPMScheduler" and name != "LCMScheduler" and not scheduler.config.set_alpha_to_one:
        last = table_sigma(scheduler, 0)
    return [table_sigma(scheduler, t) for t in timesteps] + [last], timesteps


def step(scheduler, name, answer, timestep, latents, eta):
    options = {}
    if name == "DDIMScheduler":
        options = {"eta": eta, "variance_noise": noise(draws.step) if eta > 0 else None}
    elif name == "DPMSolverMultistepScheduler":
        options = {"variance_noise": noise(draws.step)}
    return scheduler.step(answer, timestep, latents, return_dict=False, **options)[0]


def run(name, steps, eta=0.0, strength=None, **config):
    scheduler = scheduler_class(name)(**{**BETAS, **config})
    scheduler.set_timesteps(steps)
    sigmas, timesteps = levels(scheduler, name)
    exploding = scheduler.init_noise_sigma != 1.0  # its latents are x0 + sigma eps, not scaled to unit variance
    per_step = scheduler.order
    begin = 0
    latents = START * scheduler.init_noise_sigma
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(0)
    if strength is not None:
        begin = steps - min(int(steps * strength), steps)
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(begin * per_step)
        latents = scheduler.add_noise(PICTURE, START, scheduler.timesteps[begin * per_step : begin * per_step + 1])
    if "SDE" in name:
        scheduler.noise_sampler = brownian(scheduler)
    states, todo = [], scheduler.timesteps[begin * per_step :]
    for index, timestep in enumerate(todo):
        draws.step = index // per_step
        answer = network(scheduler.scale_model_input(latents, timestep), timestep)
        latents = step(scheduler, name, answer, timestep, latents, eta)
        if (index + 1) % per_step == 0 or index + 1 == len(todo):  # the last step has one call, whatever the order
            sigma = sigmas[begin + len(states) + 1]
            scale = (1.0 + sigma**2) ** 0.5 if exploding else 1.0
            states.append((latents / scale).flatten().double().tolist())
    assert all(math.isfinite(value) for state in states for value in state), (name, config)
    row = {"config": json.loads(scheduler.to_json_string().replace("-Infinity", "null")), "steps": steps}
    row["config"].pop("_diffusers_version")
    row |= {"eta": eta} if eta else {}
    row |= {"strength": strength} if strength else {}
    return row | {"sigmas": sigmas, "timesteps": timesteps, "latents": states}


def runs():
    spacings = ("leading", "linspace", "trailing")
    sigmas = ({}, {"use_karras_sigmas": True}, {"use_exponential_sigmas": True}, {"use_beta_sigmas": True})
    first_order = {"EulerDiscreteScheduler": sigmas, "EulerAncestralDiscreteScheduler": ({},)}
    multistep = {"DPMSolverMultistepScheduler": sigmas, "UniPCMultistepScheduler": sigmas}
    two_calls = {"HeunDiscreteScheduler": sigmas, "DPMSolverSDEScheduler": sigmas}
    for name, kinds in (first_order | multistep | two_calls).items():
        for kind in kinds:
            for spacing in spacings:
                yield run(name, 8, timestep_spacing=spacing, steps_offset=1, **kind)
        for steps in (1, 2, 30):
            yield run(name, steps, timestep_spacing="leading" if steps > 1 else "trailing", steps_offset=1)
        for prediction in ("v_prediction", "sample"):
            if prediction == "sample" and name in ("EulerAncestralDiscreteScheduler", "DPMSolverSDEScheduler"):
                continue  # not implemented there
            for spacing in spacings:
                yield run(name, 6, timestep_spacing=spacing, steps_offset=1, prediction_type=prediction)
        for betas in ("linear", "squaredcos_cap_v2"):
            yield run(name, 8, timestep_spacing="leading", steps_offset=1, beta_schedule=betas, prediction_type="v_prediction")
        if name not in two_calls:
            yield run(name, 8, timestep_spacing="trailing", rescale_betas_zero_snr=True, prediction_type="v_prediction")
        yield run(name, 10, strength=0.6, timestep_spacing="leading", steps_offset=1)
    for name in ("EulerDiscreteScheduler", "DPMSolverMultistepScheduler", "UniPCMultistepScheduler"):
        yield run(name, 8, timestep_spacing="leading", steps_offset=1, final_sigmas_type="sigma_min")
    for name in multistep:
        for kind in sigmas[1:]:
            yield run(name, 8, beta_schedule="squaredcos_cap_v2", prediction_type="v_prediction", **kind)
    for spacing in spacings:
        for kind in sigmas:
            yield run("DPMSolverMultistepScheduler", 8, timestep_spacing=spacing, algorithm_type="sde-dpmsolver++", **kind)
    yield run("DPMSolverMultistepScheduler", 20, algorithm_type="sde-dpmsolver++", lower_order_final=False)
    yield run("DPMSolverMultistepScheduler", 8, lower_order_final=False)
    # bh1 multiplies infinity by 0 where a run ends at sigma 0.
    bh1 = {"solver_type": "bh1", "final_sigmas_type": "sigma_min"}
    yield run("UniPCMultistepScheduler", 8, solver_order=3, disable_corrector=[0], **bh1)
    off = {"clip_sample": False}
    # DDIM steps to the timestep 1000 // steps lower, which is the next one of these spacings alone.
    for spacing in ("leading", "trailing"):
        for eta in (0.0, 0.5, 1.0):
            yield run("DDIMScheduler", 10, eta=eta, timestep_spacing=spacing, steps_offset=1, **off)
        for prediction in ("v_prediction", "sample"):
            yield run("DDIMScheduler", 10, timestep_spacing=spacing, steps_offset=1, prediction_type=prediction, **off)
        yield run("DDIMScheduler", 10, timestep_spacing=spacing, steps_offset=1, set_alpha_to_one=False, **off)
    yield run("DDIMScheduler", 10, strength=0.5, steps_offset=1, **off)
    yield run("DDIMScheduler", 10, timestep_spacing="trailing", rescale_betas_zero_snr=True, prediction_type="v_prediction", **off)
    for spacing in spacings:
        yield run("DDPMScheduler", 10, timestep_spacing=spacing, **off)
    yield run("DDPMScheduler", 16, timestep_spacing="trailing", prediction_type="v_prediction", **off)
    for steps in (1, 2, 4, 7, 8):
        yield run("LCMScheduler", steps)
    yield run("LCMScheduler", 4, prediction_type="sample")
    yield run("DDPMScheduler", 8, prediction_type="sample", **off)
    yield run("LCMScheduler", 4, prediction_type="v_prediction", original_inference_steps=100, timestep_scaling=0.01)


def trainings():
    """Noisy data and targets of DDPM training, and schedules of many lengths without runs."""
    timesteps = torch.tensor([0, 1, 250, 999])
    x0, eps = PICTURE.repeat(4, 1, 1), START.repeat(4, 1, 1)
    for betas in ("scaled_linear", "linear", "squaredcos_cap_v2"):
        scheduler = DDPMScheduler(**{**BETAS, "beta_schedule": betas})
        yield {
            "beta_schedule": betas, "timesteps": timesteps.tolist(),
            "alpha_bars": scheduler.alphas_cumprod[timesteps].double().tolist(),
            "noisy": scheduler.add_noise(x0, eps, timesteps).flatten().double().tolist(),
            "velocity": scheduler.get_velocity(x0, eps, timesteps).flatten().double().tolist(),
        }


def schedules():
    for name in ("EulerDiscreteScheduler", "DDIMScheduler", "DPMSolverMultistepScheduler"):
        for spacing in ("leading", "linspace", "trailing"):
            for steps in (3, 7, 16, 25, 48, 50):
                config = {"clip_sample": False} if name == "DDIMScheduler" else {}
                scheduler = getattr(diffusers, name)(timestep_spacing=spacing, steps_offset=1, **BETAS, **config)
                scheduler.set_timesteps(steps)
                yield {"config": {"_class_name": name, "timestep_spacing": spacing, "steps_offset": 1, **BETAS, **config},
                       "steps": steps, "timesteps": scheduler.timesteps.double().tolist()}


def rounded(value):
    """Nine digits identify an fp32 number; JSON has no infinity."""
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, float):
        return float(f"{value:.9g}") if math.isfinite(value) else None
    return value


def main():
    parts = {"runs": runs(), "schedules": schedules(), "trainings": trainings()}
    lines = ['{"start": ' + json.dumps(rounded(START.flatten().tolist())),
             '"picture": ' + json.dumps(rounded(PICTURE.flatten().tolist()))]
    for name, rows in parts.items():
        dumped = [json.dumps(rounded(row), separators=(",", ":")) for row in rows]
        print(name, len(dumped))
        lines.append(f'"{name}": [' + ",\n".join(dumped) + "]")
    path = pathlib.Path(__file__).with_name("discrete_samplers.json")
    path.write_text(",\n".join(lines) + "}\n")
    print(path, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
