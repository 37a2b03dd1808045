"""Writes samplers.json beside this file: schedules and trajectories of diffusers' schedulers on an analytic "model".

Made with diffusers 0.42.1, torch 2.15.0 (CPU), numpy 2.4.6:  python make_samplers.py
"""

import json
import pathlib

import numpy
import torch
from diffusers import DPMSolverMultistepScheduler, FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler

# Start of every trajectory, [1, 2, 3].
START = torch.tensor([1.3, -0.7, 0.2, -2.1, 0.05, 0.9]).reshape(1, 2, 3)


def model(latents, timestep):
    """Stands in for the network; samplers_golden_test.cpp holds the same formula."""
    t = float(timestep) / 1000.0
    return 0.7 * latents + 0.5 * torch.sin(3.0 * latents + 2.0 * t) - 0.3 * t


def unipc(shift, **options):
    return UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=shift, **{"solver_order": 2, **options}
    )


def dpmpp(shift):
    return DPMSolverMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=shift, algorithm_type="dpmsolver++",
        solver_order=2, solver_type="midpoint", lower_order_final=True,
    )


def euler(shift):
    return FlowMatchEulerDiscreteScheduler(shift=shift)


def trajectory(scheduler, steps):
    scheduler.set_timesteps(steps)
    scheduler.set_begin_index(0)
    latents, states = START.clone(), []
    for timestep in scheduler.timesteps:
        latents = scheduler.step(model(latents, timestep), timestep, latents, return_dict=False)[0]
        # bh1 multiplies infinity by 0 in its last step; the states before it stand.
        if latents.isfinite().all():
            states.append(latents.flatten().double().tolist())
    return states


def schedule(scheduler, steps):
    scheduler.set_timesteps(steps)
    return {"sigmas": scheduler.sigmas.double().tolist(), "timesteps": scheduler.timesteps.double().tolist()}


def main():
    rows = []

    def add(sampler, spacing, make, shift, steps, options=None):
        options = options or {}
        rows.append({
            "sampler": sampler, "spacing": spacing, "shift": shift, "steps": steps, "options": options,
            "latents": trajectory(make(shift, **options), steps),
        })

    for shift in (3.0, 5.0, 8.0):
        for steps in (1, 2, 3, 10, 20):
            for order in (2, 3):
                add("unipc", "unipc", unipc, shift, steps, {"solver_order": order})
            add("dpmpp-2m", "dpmpp", dpmpp, shift, steps)
            add("euler", "flow-match-euler", euler, shift, steps)
    add("unipc", "unipc", unipc, 5.0, 10, {"solver_order": 2, "solver_type": "bh1"})
    add("unipc", "unipc", unipc, 5.0, 10, {"solver_order": 2, "disable_corrector": [0, 1, 2]})
    add("unipc", "unipc", unipc, 5.0, 10, {"solver_order": 1})

    schedules = []
    for spacing, make in (("unipc", unipc), ("dpmpp", dpmpp), ("flow-match-euler", euler)):
        for shift in (1.0, 3.0, 5.0, 8.0, 12.0):
            for steps in (1, 2, 3, 4, 8, 20, 25, 50):
                schedules.append({"spacing": spacing, "shift": shift, "steps": steps, **schedule(make(shift), steps)})

    # Nine digits identify an fp32 number.
    def rounded(value):
        if isinstance(value, list):
            return [rounded(item) for item in value]
        if isinstance(value, dict):
            return {key: rounded(item) for key, item in value.items()}
        return float(f"{value:.9g}") if isinstance(value, float) else value

    golden = {"start": START.flatten().tolist(), "schedules": schedules, "trajectories": rows}
    lines = ['{"start": ' + json.dumps(rounded(golden["start"]))]
    for name in ("schedules", "trajectories"):
        dumped = [json.dumps(rounded(row), separators=(",", ":")) for row in golden[name]]
        lines.append(f'"{name}": [' + ",\n".join(dumped) + "]")
    path = pathlib.Path(__file__).with_name("samplers.json")
    path.write_text(",\n".join(lines) + "}\n")
    print(path, path.stat().st_size, "bytes; numpy", numpy.__version__, "torch", torch.__version__)


if __name__ == "__main__":
    main()
