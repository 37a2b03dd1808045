"""Tiny random models in the diffusers layout and what the Python reference computes with them.

Run:  python tests/golden/make_models.py [CASE ...]      (all cases without arguments)
"""

import shutil
import sys

import reference
from compare_pipeline import write_record
from reference import FOLDER, normal, randomize, relative_error, synthetic_clip, write_golden
from tiny_pipeline import write_pipeline

import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel
from transformers import UMT5Config, UMT5EncoderModel


def fresh(case):
    folder = FOLDER / case
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def watch(modules):
    """Records the outputs of named modules during the next forward pass."""
    seen, handles = {}, []
    for name, module in modules.items():
        hook = lambda _module, _inputs, output, name=name: seen.__setitem__(name, output)
        handles.append(module.register_forward_hook(hook))
    return seen, handles


def transformer_run(model, latents, timestep, text):
    seen, handles = watch({"condition": model.condition_embedder, "rope": model.rope, "block": model.blocks[0]})
    sample = model(latents, timestep, text).sample
    for handle in handles:
        handle.remove()
    temb, timestep_proj, text_projected, _ = seen["condition"]
    steps = {"temb": temb, "timestep_proj": timestep_proj, "text_projected": text_projected}
    steps |= {"rope_cos": seen["rope"][0], "rope_sin": seen["rope"][1], "block_0": seen["block"]}
    return sample, steps


def transformer_case(case, seed, **config):
    folder = fresh(case)
    model = randomize(WanTransformer3DModel(**config), seed)
    model.save_pretrained(folder, safe_serialization=True)
    latents = normal([2, config["in_channels"], 3, 6, 8], seed + 1)
    text = normal([2, 16, config["text_dim"]], seed + 2)
    timestep = torch.tensor([999.0, 250.5])
    sample, steps = transformer_run(model, latents, timestep, text)
    per_token = torch.linspace(0, 999, 2 * 36).view(2, 36).round()
    per_token[0, :12] = 0.0
    golden = {"latents_bcthw": latents, "timestep_b": timestep, "text_bld": text, "sample_bcthw": sample}
    golden |= {f"step.{name}": value for name, value in steps.items()}
    golden["timestep_bl"] = per_token
    golden["sample_per_token_bcthw"] = model(latents, per_token, text).sample
    golden["sample_bf16_bcthw"] = bf16_run(folder, latents, timestep, text).float()
    print(case, "bf16 against fp32:", relative_error(golden["sample_bf16_bcthw"], sample))
    write_golden(folder, golden)


def bf16_run(folder, latents, timestep, text):
    model = WanTransformer3DModel.from_pretrained(folder, torch_dtype=torch.bfloat16).eval()
    kept = sorted(name for name, parameter in model.named_parameters() if parameter.dtype == torch.float32)
    print("kept in fp32:", kept, "buffers:", {name: str(b.dtype) for name, b in model.named_buffers()})
    return model(latents.bfloat16(), timestep, text.bfloat16()).sample


def make_transformer_wan21():
    transformer_case(
        "transformer-wan21", 100, num_attention_heads=2, attention_head_dim=20, in_channels=4, out_channels=4,
        text_dim=32, freq_dim=32, ffn_dim=48, num_layers=2, cross_attn_norm=True, patch_size=(1, 2, 2),
        rope_max_seq_len=64)  # fmt: skip


def make_transformer_plain():
    transformer_case(
        "transformer-plain", 200, num_attention_heads=3, attention_head_dim=12, in_channels=5, out_channels=3,
        text_dim=16, freq_dim=16, ffn_dim=20, num_layers=1, cross_attn_norm=False, patch_size=(1, 2, 2),
        rope_max_seq_len=32)  # fmt: skip


def check_causal(vae, clip, latents, moments, video):
    """The first 4k+1 frames do not depend on later ones, so slices of the long run are goldens too."""
    for frames in (1, 5, 9):
        count = 1 + (frames - 1) // 4
        short = vae.encode(clip[:, :, :frames]).latent_dist.parameters
        assert relative_error(short, moments[:, :, :count]) < 1e-5, "encoder looks ahead"
        short = vae.decode(latents[:, :, :count]).sample
        assert relative_error(short, video[:, :, :frames]) < 1e-5, "decoder looks ahead"


def vae_case(case, seed, size, **config):
    folder = fresh(case)
    z_dim = config["z_dim"]
    config["latents_mean"] = [round(0.3 * value, 4) for value in normal([z_dim], seed + 1).tolist()]
    config["latents_std"] = [round(1.0 + abs(value), 4) for value in normal([z_dim], seed + 2).tolist()]
    vae = randomize(AutoencoderKLWan(**config), seed, gain=1.2)
    vae.decoder.conv_out.weight.mul_(0.6)
    vae.save_pretrained(folder, safe_serialization=True)
    clip = synthetic_clip(13, *size, seed=seed + 3)
    posterior = vae.encode(clip).latent_dist
    shape = [1, z_dim, 4, size[0] // config["scale_factor_spatial"], size[1] // config["scale_factor_spatial"]]
    assert list(posterior.mean.shape) == shape, (posterior.mean.shape, shape)
    latents = normal(shape, seed + 4)
    video = vae.decode(latents).sample
    assert video.shape == clip.shape, video.shape
    check_causal(vae, clip, latents, posterior.parameters, video)
    clipped = (video.abs() == 1).float().mean().item()
    print(f"{case}: {clipped:.3f} of the decoded values are clamped, std {video.std():.3f}")
    write_golden(folder, {
        "encode.frames_bcthw": clip, "encode.mean_bcthw": posterior.mean, "encode.logvar_bcthw": posterior.logvar,
        "decode.latents_bcthw": latents, "decode.frames_bcthw": video})  # fmt: skip


def make_vae_wan21():
    vae_case(
        "vae-wan21", 300, (16, 24), base_dim=3, z_dim=4, dim_mult=[1, 2, 4, 4], num_res_blocks=1,
        temperal_downsample=[False, True, True], scale_factor_temporal=4, scale_factor_spatial=8)  # fmt: skip


def make_vae_patch2():
    vae_case(
        "vae-patch2", 400, (24, 32), base_dim=3, decoder_base_dim=4, z_dim=4, dim_mult=[1, 2, 4], num_res_blocks=1,
        temperal_downsample=[True, True], is_residual=False, patch_size=2, in_channels=12, out_channels=12,
        scale_factor_temporal=4, scale_factor_spatial=8)  # fmt: skip


def make_vae_wan22():
    vae_case(
        "vae-wan22", 500, (32, 32), base_dim=3, decoder_base_dim=3, z_dim=6, dim_mult=[1, 2, 4, 4], num_res_blocks=2,
        temperal_downsample=[False, True, True], is_residual=True, patch_size=2, in_channels=12, out_channels=12,
        scale_factor_temporal=4, scale_factor_spatial=16)  # fmt: skip


def make_text_umt5():
    folder = fresh("text-umt5")
    config = UMT5Config(
        vocab_size=300, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, relative_attention_num_buckets=32,
        relative_attention_max_distance=128, feed_forward_proj="gated-gelu")  # fmt: skip
    model = randomize(UMT5EncoderModel(config), 600)
    model.save_pretrained(folder, safe_serialization=True)
    ids = torch.randint(3, 300, [2, 20], generator=reference.generator(601))
    mask = torch.ones_like(ids)
    ids[0, 12], ids[0, 13:], mask[0, 13:] = 1, 0, 0
    long_ids = torch.randint(3, 300, [1, 150], generator=reference.generator(602))
    hidden = model(ids, mask).last_hidden_state
    eager = UMT5EncoderModel.from_pretrained(folder, attn_implementation="eager").eval()
    print("text-umt5: eager against sdpa:", relative_error(eager(ids, mask).last_hidden_state, hidden))
    bf16 = UMT5EncoderModel.from_pretrained(folder, torch_dtype=torch.bfloat16).eval()
    print("kept in fp32:", sorted(n for n, p in bf16.named_parameters() if p.dtype == torch.float32))
    write_golden(folder, {
        "ids_bl": ids.int(), "mask_bl": mask.int(), "hidden_bld": hidden,
        "hidden_bf16_bld": bf16(ids, mask).last_hidden_state.float(),
        "long_ids_bl": long_ids.int(),
        "long_hidden_bld": model(long_ids, torch.ones_like(long_ids)).last_hidden_state})  # fmt: skip


def make_pipeline_wan():
    folder = write_pipeline(fresh("pipeline-wan"))
    settings = {"height": 32, "width": 48, "frames": 9, "steps": 6, "seed": 7, "guidance": 4.0}
    write_record(folder, folder / "golden.safetensors", settings)


CASES = {
    "transformer-wan21": make_transformer_wan21,
    "transformer-plain": make_transformer_plain,
    "vae-wan21": make_vae_wan21,
    "vae-patch2": make_vae_patch2,
    "vae-wan22": make_vae_wan22,
    "text-umt5": make_text_umt5,
    "pipeline-wan": make_pipeline_wan,
}

if __name__ == "__main__":
    for case in sys.argv[1:] or CASES:
        CASES[case]()
