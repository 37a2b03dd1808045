"""What diffusers' WanPipeline makes of a model folder, for the C++ test that opens the same folder.

Run:  python tests/golden/compare_pipeline.py models/act-one-mini
      writes tests/golden/act-one-mini.safetensors and .json (the settings); other settings: --help
"""

import argparse
import json
from pathlib import Path

import reference
from reference import FOLDER, normal, relative_error, synthetic_clip, write_golden

import hotshot
import numpy
import torch
from diffusers.pipelines.wan.pipeline_wan import prompt_clean

PROMPTS = {"en": "A red cat walks left  on a meadow, at night.", "zh": "一只蓝色的鸟在雪中，慢慢地飞。"}
NEGATIVE = "blurry, 模糊"
TEXT_LENGTH = 512


def open_pipeline(folder, dtype=torch.float32):
    pipe = hotshot.open_pipeline(folder, dtype)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def text_golden(pipe, name, prompt):
    """Token ids and embeddings of the real tokens (</s> included); the rest is padding and checked here."""
    tokens = pipe.tokenizer(
        [prompt_clean(prompt)], padding="max_length", max_length=TEXT_LENGTH, truncation=True, add_special_tokens=True,
        return_attention_mask=True, return_tensors="pt")  # fmt: skip
    length = int(tokens.attention_mask.sum())
    padded = pipe.encode_prompt(prompt, do_classifier_free_guidance=False, max_sequence_length=TEXT_LENGTH)[0]
    assert padded.shape[:2] == (1, TEXT_LENGTH) and padded[:, length:].abs().max() == 0
    assert tokens.input_ids[0, length - 1] == 1 and tokens.input_ids[0, length:].abs().max() == 0
    return padded, {f"{name}.ids_l": tokens.input_ids[0, :length].int(), f"{name}.embeds_ld": padded[0, :length].float()}


def run(pipe, prompt, noise, settings, output_type):
    """The pipeline's own call; also the latents after each step and the predictions of the first step."""
    steps, calls = [], []
    hook = pipe.transformer.register_forward_hook(lambda _m, _i, output: calls.append(output[0].clone()))
    on_step = lambda _pipe, _i, _t, tensors: steps.append(tensors["latents"].clone()) or {}
    frames = pipe(
        prompt, negative_prompt=NEGATIVE, height=settings["height"], width=settings["width"],
        num_frames=settings["frames"], num_inference_steps=settings["steps"], guidance_scale=settings["guidance"],
        latents=noise.clone(), output_type=output_type, max_sequence_length=TEXT_LENGTH,
        callback_on_step_end=on_step).frames  # fmt: skip
    hook.remove()
    return frames, torch.stack(steps), calls


def run_golden(pipe, name, prompt, noise, settings, video):
    latents, steps, calls = run(pipe, prompt, noise, settings, "latent")
    assert torch.equal(latents, steps[-1]) and torch.isfinite(latents).all()
    golden = {f"{name}.cond_bcthw": calls[0], f"{name}.uncond_bcthw": calls[1], f"{name}.latents_sbcthw": steps}
    if video:
        values, _, _ = run(pipe, prompt, noise, settings, "pt")
        array, _, _ = run(pipe, prompt, noise, settings, "np")
        assert numpy.array_equal(values.permute(0, 1, 3, 4, 2).numpy(), array)
        bytes_thwc = torch.from_numpy((array[0] * 255).round().astype("uint8"))
        golden |= {f"{name}.video_thwc": torch.from_numpy(array[0]).half(), f"{name}.video_u8_thwc": bytes_thwc}
    return golden


def vae_golden(vae, settings):
    """The clip is stored as bytes; the network sees clip / 127.5 - 1."""
    clip_u8 = ((synthetic_clip(settings["frames"], settings["height"], settings["width"]) + 1) * 127.5).round().byte()
    posterior = vae.encode(clip_u8.float() / 127.5 - 1).latent_dist
    return {
        "vae.clip_u8_bcthw": clip_u8, "vae.mean_bcthw": posterior.mean, "vae.logvar_bcthw": posterior.logvar,
        "vae.decoded_bcthw": vae.decode(posterior.mean).sample}  # fmt: skip


def bf16_call(folder, noise, timestep, embeds):
    model = hotshot.open_transformer(folder, torch.bfloat16)
    return model(noise.bfloat16(), timestep, embeds.bfloat16()).sample.float()


def record(folder, settings):
    pipe = open_pipeline(folder)
    factor_t, factor_s = pipe.vae_scale_factor_temporal, pipe.vae_scale_factor_spatial
    shape = [1, pipe.transformer.config.in_channels, 1 + (settings["frames"] - 1) // factor_t,
             settings["height"] // factor_s, settings["width"] // factor_s]  # fmt: skip
    noise = normal(shape, settings["seed"])
    golden, padded = {"noise_bcthw": noise}, None
    for name, prompt in {**PROMPTS, "negative": NEGATIVE}.items():
        embeds, tensors = text_golden(pipe, name, prompt)
        padded = embeds if padded is None else padded
        golden |= tensors
    golden |= run_golden(pipe, "en", PROMPTS["en"], noise, settings, video=True)
    golden |= run_golden(pipe, "zh", PROMPTS["zh"], noise, settings, video=False)
    golden |= {"timesteps_s": pipe.scheduler.timesteps.clone(), "sigmas_s": pipe.scheduler.sigmas.clone()}
    golden["en.cond_bf16_bcthw"] = bf16_call(folder, noise, golden["timesteps_s"][:1], padded)
    return golden | vae_golden(pipe.vae, settings)


def write_record(folder, output, settings):
    golden = record(folder, settings)
    change = relative_error(golden["zh.latents_sbcthw"][-1], golden["en.latents_sbcthw"][-1])
    print(f"bf16 call {relative_error(golden['en.cond_bf16_bcthw'], golden['en.cond_bcthw']):.4g}, prompt matters "
          f"{change:.3g}, clamped {((golden['en.video_thwc'] % 1) == 0).float().mean():.3f}")  # fmt: skip
    write_golden(output, golden)
    notes = {"prompts": PROMPTS, "negative": NEGATIVE, "text_length": TEXT_LENGTH, **settings}
    Path(output).with_suffix(".json").write_text(json.dumps(notes, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--output", type=Path, help="a .safetensors file (tests/golden/<name of the folder>)")
    for name, value in {"height": 64, "width": 64, "frames": 9, "steps": 4, "seed": 7}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--guidance", type=float, default=4.0)
    arguments = vars(parser.parse_args())
    source, target = arguments.pop("folder"), arguments.pop("output")
    write_record(source, target or FOLDER / f"{source.resolve().name}.safetensors", arguments)
