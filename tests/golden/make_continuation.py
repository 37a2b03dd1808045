"""What diffusers' image-to-video pipeline makes of pipeline-wan when its patches have their own time, as in Wan 2.2 TI2V.

Run:  python tests/golden/make_continuation.py
      writes pipeline-wan/continuation.safetensors; settings other than the picture are those of golden.json
"""

import json

from compare_pipeline import NEGATIVE, PROMPTS, TEXT_LENGTH, open_pipeline
from reference import FOLDER, normal, synthetic_clip, write_golden

import torch
from diffusers import WanImageToVideoPipeline
from PIL import Image


def main():
    folder = FOLDER / "pipeline-wan"
    settings = json.loads((folder / "golden.json").read_text())
    base = open_pipeline(folder)
    parts = {name: base.components[name] for name in ("tokenizer", "text_encoder", "vae", "scheduler", "transformer")}
    pipe = WanImageToVideoPipeline(**parts, expand_timesteps=True)
    pipe.set_progress_bar_config(disable=True)
    height, width, frames = settings["height"], settings["width"], settings["frames"]
    clip = synthetic_clip(frames, height, width)
    picture_hwc = ((clip[0, :, 0] + 1) * 127.5).round().byte().permute(1, 2, 0).contiguous()
    shape = [1, pipe.transformer.config.in_channels, 1 + (frames - 1) // pipe.vae_scale_factor_temporal,
             height // pipe.vae_scale_factor_spatial, width // pipe.vae_scale_factor_spatial]  # fmt: skip
    noise = normal(shape, settings["seed"])
    latents = pipe(
        Image.fromarray(picture_hwc.numpy()), PROMPTS["en"], negative_prompt=NEGATIVE, height=height, width=width,
        num_frames=frames, num_inference_steps=settings["steps"], guidance_scale=settings["guidance"],
        latents=noise.clone(), output_type="latent", max_sequence_length=TEXT_LENGTH).frames  # fmt: skip
    assert torch.isfinite(latents).all()
    write_golden(folder / "continuation.safetensors",
                 {"picture_hwc": picture_hwc, "noise_bcthw": noise, "latents_bcthw": latents})  # fmt: skip


if __name__ == "__main__":
    main()
