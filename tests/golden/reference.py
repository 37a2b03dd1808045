"""Helpers shared by the scripts of this folder: fixed randomness, one thread, small files."""

import logging
import os
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from safetensors.torch import save_file

torch.set_num_threads(1)
torch.set_grad_enabled(False)
logging.getLogger("diffusers").setLevel(logging.ERROR)

FOLDER = Path(__file__).resolve().parent


def generator(seed):
    return torch.Generator("cpu").manual_seed(seed)


def normal(shape, seed, scale=1.0):
    return torch.randn(shape, generator=generator(seed)) * scale


def randomize(model, seed, gain=1.0):
    """Gives every parameter a random value that matters, so that no forgotten term can hide.

    Matrices and kernels: normal with variance gain^2 / fan_in. Norm weights: around 1. Biases and tables: around 0.
    """
    draw = generator(seed)
    for name, parameter in sorted(model.named_parameters()):
        value = torch.randn(parameter.shape, generator=draw)
        last = name.rsplit(".", 1)[-1]
        if last == "gamma" or (last == "weight" and parameter.dim() == 1):
            value = 1.0 + 0.25 * value
        elif last == "scale_shift_table":
            value = 0.4 * value
        elif "relative_attention_bias" in name or "embed_tokens" in name or "shared" in name:
            pass
        elif parameter.dim() >= 2:
            value = gain * value / parameter[0].numel() ** 0.5
        else:
            value = 0.2 * value
        parameter.copy_(value.to(parameter.dtype))
    return model.eval()


def synthetic_clip(frames, height, width, seed=0):
    """A moving colour field with an edge and a little noise: [1, 3, frames, height, width] in [-1, 1]."""
    t = torch.arange(frames).view(-1, 1, 1) / 8.0
    y = torch.arange(height).view(1, -1, 1) / height
    x = torch.arange(width).view(1, 1, -1) / width
    red = torch.sin(6.3 * (x + 0.5 * t)) * torch.ones_like(y)
    green = torch.cos(9.0 * (y - 0.3 * t) + 2.0 * x)
    disc = ((x - 0.5 - 0.2 * torch.sin(t)) ** 2 + (y - 0.5) ** 2 < 0.06).float()
    blue = 1.4 * disc - 0.7 * torch.ones_like(x + y + t)
    clip = torch.stack([red.expand_as(green), green, blue]).unsqueeze(0)
    return (0.8 * clip + normal(clip.shape, seed, 0.05)).clamp(-1, 1).contiguous()


def write_golden(folder, tensors, **notes):
    """Writes <folder>/golden.safetensors; notes become its metadata. Prints names, shapes and the size."""
    path = folder if folder.suffix == ".safetensors" else folder / "golden.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().clone().contiguous() for name, tensor in sorted(tensors.items())}
    save_file(tensors, str(path), metadata={key: str(value) for key, value in notes.items()})
    print(f"{path.relative_to(FOLDER) if path.is_relative_to(FOLDER) else path}: {path.stat().st_size} bytes")
    for name, tensor in tensors.items():
        print(f"  {name:28} {str(tensor.dtype)[6:]:9} {list(tensor.shape)} absmax {tensor.float().abs().max():.4g}")


def relative_error(value, truth):
    return ((value.float() - truth.float()).abs().max() / truth.float().abs().max()).item()
