"""What the scripts of UNets share: weights that fp16 holds exactly, gradients, one golden file per case."""

import json
import shutil

from reference import FOLDER, normal, randomize, relative_error, write_golden

import torch
from safetensors.torch import save_file


def fresh(case):
    folder = FOLDER / case
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def random_weights(model, seed):
    """Every parameter and stored table random, and equal to its fp16 rounding."""
    randomize(model, seed, gain=0.5)
    for name, buffer in sorted(model.named_buffers()):
        buffer.copy_(normal(buffer.shape, seed + len(name), 0.5))
    return model.half().float().eval()


def save(model, folder):
    """config.json and the weights in fp16."""
    config = {key: value for key, value in model.config.items() if not key.startswith("_") or key == "_class_name"}
    config["_class_name"] = type(model).__name__
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    tensors = {name: value.half().contiguous() for name, value in model.state_dict().items()}
    save_file(tensors, str(folder / "diffusion_pytorch_model.safetensors"))


def gradients(model, run, latents, text, weights):
    """Gradients of Σ run(latents, text) · weights: to latents and text, and the norm of each to a parameter, by name."""
    latents, text = latents.clone().requires_grad_(True), text.clone().requires_grad_(True)
    named = sorted(model.named_parameters())
    with torch.enable_grad():
        for _, parameter in named:
            parameter.requires_grad_(True)
        loss = (run(model, latents, text) * weights).sum()
        found = torch.autograd.grad(loss, [latents, text] + [parameter for _, parameter in named], allow_unused=True)
    norms = [torch.zeros(()) if gradient is None else gradient.norm() for gradient in found[2:]]
    return {"gradient.latents": found[0], "gradient.text": found[1], "gradient.norms": torch.stack(norms)}


def bf16(model, run, latents, text):
    """The same call on the network in bf16, as fp32."""
    return run(model.bfloat16(), latents.bfloat16(), text.bfloat16()).float()


__all__ = ["FOLDER", "bf16", "fresh", "gradients", "normal", "random_weights", "relative_error", "save", "torch",
           "write_golden"]  # fmt: skip
