"""AutoencoderKL: what diffusers computes with tiny ones. Weights are stored as fp16 and computed with in fp32.

Run:  python tests/golden/make_kl_vae.py [CASE ...]      (all cases without arguments)
"""

import shutil
import sys

from reference import FOLDER, normal, randomize, relative_error, synthetic_clip, write_golden

import torch
from diffusers import AutoencoderKL

# Some layers at both ends and in the middle, whose gradients are kept.
WATCHED = ["encoder.conv_in.weight", "encoder.mid_block.attentions.0.to_q.weight", "encoder.conv_norm_out.bias",
           "quant_conv.weight", "post_quant_conv.bias", "decoder.mid_block.attentions.0.group_norm.weight",
           "decoder.up_blocks.1.upsamplers.0.conv.weight", "decoder.conv_out.bias"]  # fmt: skip


def saved(case, seed, **config):
    folder = FOLDER / case
    shutil.rmtree(folder, ignore_errors=True)
    count = len(config["block_out_channels"])
    vae = AutoencoderKL(down_block_types=["DownEncoderBlock2D"] * count, up_block_types=["UpDecoderBlock2D"] * count,
                        norm_num_groups=4, **config)  # fmt: skip
    randomize(vae, seed).half().save_pretrained(folder, safe_serialization=True)
    return folder, AutoencoderKL.from_pretrained(folder, torch_dtype=torch.float32).eval()


def pictures(count, height, width, seed):
    """[count, 3, height, width]"""
    return synthetic_clip(count, height, width, seed)[0].transpose(0, 1).contiguous()


def through(vae, x, noise):
    posterior = vae.encode(x).latent_dist
    return vae.decode(posterior.mean + posterior.std * noise).sample


def gradients(vae, x, noise, weights):
    with torch.enable_grad():
        x = x.clone().requires_grad_(True)
        parameters = dict(vae.named_parameters())
        wanted = [parameters[name].requires_grad_(True) for name in WATCHED]
        found = torch.autograd.grad((through(vae, x, noise) * weights).sum(), [x, *wanted])
    return dict(zip(["grad.pictures", *("grad." + name for name in WATCHED)], found))


def make_vae_kl():
    folder, vae = saved("vae-kl", 830, block_out_channels=[8, 8, 16], layers_per_block=2, sample_size=32,
                        scaling_factor=0.13025)  # fmt: skip
    x, latents = pictures(2, 32, 48, 831), normal([2, 4, 8, 12], 832)
    posterior = vae.encode(x).latent_dist
    golden = {"encode.pictures_bchw": x, "encode.mean_bchw": posterior.mean, "encode.logvar_bchw": posterior.logvar,
              "decode.latents_bchw": latents, "decode.pictures_bchw": vae.decode(latents).sample}  # fmt: skip
    bf16 = AutoencoderKL.from_pretrained(folder, torch_dtype=torch.bfloat16).eval()
    golden["decode.pictures_bf16_bchw"] = bf16.decode(latents.bfloat16()).sample.float()
    golden["encode.mean_bf16_bchw"] = bf16.encode(x.bfloat16()).latent_dist.mean.float()
    for name in ("decode.pictures", "encode.mean"):
        print(name, "bf16 against fp32:", relative_error(golden[f"{name}_bf16_bchw"], golden[f"{name}_bchw"]))
    noise, weights = normal(latents.shape, 833), normal(x.shape, 834)
    golden |= {"grad.noise": noise, "grad.weights": weights} | gradients(vae, x, noise, weights)
    vae.enable_tiling()
    large, large_latents = pictures(1, 44, 64, 835), normal([1, 4, 15, 12], 836)
    tiled = vae.encode(large).latent_dist
    golden |= {"tiled.pictures_bchw": large, "tiled.mean_bchw": tiled.mean, "tiled.logvar_bchw": tiled.logvar,
               "tiled.latents_bchw": large_latents, "tiled.decoded_bchw": vae.decode(large_latents).sample}  # fmt: skip
    vae.disable_tiling()
    seam = relative_error(golden["tiled.decoded_bchw"], vae.decode(large_latents).sample)
    print("tiled against whole:", seam)
    assert seam > 1e-3, "tiles that change nothing test nothing"
    write_golden(folder, golden)


def make_vae_kl_plain():
    folder, vae = saved("vae-kl-plain", 850, block_out_channels=[8, 12], layers_per_block=1, latent_channels=6,
                        in_channels=4, out_channels=5, mid_block_add_attention=False, use_quant_conv=False,
                        use_post_quant_conv=False, shift_factor=0.0609)  # fmt: skip
    x, latents = normal([1, 4, 10, 14], 851), normal([1, 6, 5, 7], 852)
    posterior = vae.encode(x).latent_dist
    write_golden(folder, {
        "encode.pictures_bchw": x, "encode.mean_bchw": posterior.mean, "encode.logvar_bchw": posterior.logvar,
        "decode.latents_bchw": latents, "decode.pictures_bchw": vae.decode(latents).sample})  # fmt: skip


CASES = {"vae-kl": make_vae_kl, "vae-kl-plain": make_vae_kl_plain}

if __name__ == "__main__":
    for case in sys.argv[1:] or CASES:
        CASES[case]()
