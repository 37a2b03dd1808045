"""lora/: LoRAs in the names of kohya, PEFT and old diffusers on a tiny SDXL, and the weights diffusers fuses from them.

base.safetensors holds the weights before, behind "unet.", "text_encoder.", "text_encoder_2."; fused-CASE.safetensors
those that changed. Cases: kohya (SGM block names, convolutions, time_emb_proj, alpha beside the rank; strength 0.7),
peft (alpha in the metadata; strength 1), old (attention processors' names; strength 1), both (kohya at 0.7, peft at
-0.3). Needs peft.

    venv/bin/python tests/golden/make_lora.py
"""

import json

import original_names as original
import torch
from diffusers import AutoencoderKL, EulerDiscreteScheduler, StableDiffusionXLPipeline, UNet2DConditionModel
from diffusers.loaders import single_file_utils as convert
from reference import FOLDER, generator, randomize
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

UNET = dict(channels=(4, 8), depth=(0, 1), mid_depth=1, context=20, added=24, linear=True)
OUT = FOLDER / "lora"


def text_config(width):
    return CLIPTextConfig(
        vocab_size=16,
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=7,
        projection_dim=width,
    )


def pipeline():
    unet = UNet2DConditionModel(
        block_out_channels=UNET["channels"],
        down_block_types=["DownBlock2D", "CrossAttnDownBlock2D"],
        up_block_types=["CrossAttnUpBlock2D", "UpBlock2D"],
        cross_attention_dim=UNET["context"],
        attention_head_dim=[1, 2],
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=2,
        projection_class_embeddings_input_dim=UNET["added"],
        norm_num_groups=2,
    )
    vae = AutoencoderKL(block_out_channels=[4], norm_num_groups=2)
    parts = dict(unet=unet, text_encoder=CLIPTextModel(text_config(8)), text_encoder_2=CLIPTextModelWithProjection(text_config(12)))
    for seed, (name, part) in enumerate(parts.items()):
        randomize(part, 70 + seed)
        for parameter in part.parameters():
            parameter.copy_(parameter.half())
    return StableDiffusionXLPipeline(
        vae=vae, tokenizer=None, tokenizer_2=None, scheduler=EulerDiscreteScheduler(), **parts
    )


def weights(pipe):
    result = {}
    for part in "unet", "text_encoder", "text_encoder_2":
        prefix = "text_encoder.text_model." if part == "text_encoder" else f"{part}."
        for name, value in getattr(pipe, part).state_dict().items():
            if "position_ids" not in name and "lora_" not in name:
                result[prefix + name.replace(".base_layer", "")] = value.clone()
    return result


def sgm_modules():
    """diffusers' module → the original code's, for the UNet."""
    names = list(original.unet(**UNET))
    checkpoint = {"model.diffusion_model." + name: torch.tensor(float(i)).expand(shape) for i, (name, shape) in enumerate(names)}
    converted = convert.convert_ldm_unet_checkpoint(checkpoint, dict(layers_per_block=2, addition_embed_type="text_time"))
    return {name.removesuffix(".weight"): names[int(value.flatten()[0])][0].removesuffix(".weight") for name, value in converted.items()}


def halves(shape, rank, draw):
    down = torch.randn(rank, *shape[1:], generator=draw) / rank
    up = torch.randn(shape[0], rank, *([1] * (len(shape) - 2)), generator=draw)
    return down.half(), up.half()


def kohya(base):
    draw, tensors, sgm = generator(80), {}, sgm_modules()
    chosen = ("attn1.to_q", "attn2.to_out.0", "ff.net.0.proj", "proj_in", "time_emb_proj", "conv1", "conv2", "conv_shortcut")
    for name, value in base.items():
        part, module = name.removesuffix(".weight").split(".", 1)
        if not name.endswith(".weight") or value.dim() < 2:
            continue
        if part == "unet" and module.endswith(chosen):
            key = "lora_unet_" + sgm[module].replace(".", "_")
        elif part != "unet" and module.endswith(("q_proj", "out_proj", "fc1")):
            key = {"text_encoder": "lora_te1_", "text_encoder_2": "lora_te2_"}[part] + module.replace(".", "_")
        else:
            continue
        tensors[f"{key}.lora_down.weight"], tensors[f"{key}.lora_up.weight"] = halves(value.shape, 2, draw)
        tensors[f"{key}.alpha"] = torch.tensor(3.0)
    save_file(tensors, str(OUT / "kohya.safetensors"), metadata={"ss_network_module": "networks.lora"})


def peft(base):
    draw, tensors, chosen = generator(81), {}, ("attn2.to_k", "attn1.to_out.0", "q_proj")
    for name, value in base.items():
        module = name.removesuffix(".weight")
        if name.endswith(".weight") and module.endswith(chosen):
            down, up = halves(value.shape, 4, draw)
            module = module.replace("text_encoder.text_model.", "text_encoder.")
            tensors[f"{module}.lora_A.weight"], tensors[f"{module}.lora_B.weight"] = down, up
    config = {}
    for part, targets in ("unet", ["attn2.to_k", "attn1.to_out.0"]), ("text_encoder", ["q_proj"]), ("text_encoder_2", ["q_proj"]):
        config |= {f"{part}.r": 4, f"{part}.lora_alpha": 2, f"{part}.target_modules": targets}
    save_file(tensors, str(OUT / "peft.safetensors"), metadata={"format": "pt", "lora_adapter_metadata": json.dumps(config)})


def old(base):
    draw, tensors = generator(82), {}
    for name, value in base.items():
        module = name.removesuffix(".weight")
        for last in "to_q", "to_k", "to_v", "to_out.0":
            if name.startswith("unet.mid_block") and name.endswith(f".{last}.weight"):
                down, up = halves(value.shape, 2, draw)
                key = module.removesuffix(f".{last}") + ".processor." + last.removesuffix(".0")
                tensors[f"{key}_lora.down.weight"], tensors[f"{key}_lora.up.weight"] = down, up
    save_file(tensors, str(OUT / "old.safetensors"), metadata={"format": "pt"})


def fused(case, **strengths):
    pipe = pipeline()
    base = weights(pipe)
    for name, strength in strengths.items():  # one after the other: loading a second one resets the first's text layers
        pipe.load_lora_weights(str(OUT), weight_name=f"{name}.safetensors", adapter_name=name)
        pipe.fuse_lora(lora_scale=strength)
        pipe.unload_lora_weights()
    after = weights(pipe)
    assert after.keys() == base.keys()
    changed = {name: value for name, value in after.items() if not torch.equal(value, base[name])}
    counts = {name: sum(key.endswith(("lora_down.weight", "lora_A.weight", "lora.down.weight")) for key in load_file(OUT / f"{name}.safetensors")) for name in strengths}
    print(f"{case}: {len(changed)} weights changed by {counts}")
    assert len(changed) <= sum(counts.values()) and len(changed) >= max(counts.values())
    save_file(changed, str(OUT / f"fused-{case}.safetensors"))


def main():
    OUT.mkdir(exist_ok=True)
    base = weights(pipeline())
    save_file({name: value.half() for name, value in base.items()}, str(OUT / "base.safetensors"))
    kohya(base)
    peft(base)
    old(base)
    fused("kohya", kohya=0.7)
    fused("peft", peft=1.0)
    fused("old", old=1.0)
    fused("both", kohya=0.7, peft=-0.3)
    for path in sorted(OUT.glob("*.safetensors")):
        print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main()
