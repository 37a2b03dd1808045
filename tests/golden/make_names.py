"""names/*.txt: every parameter of the published image networks, in the names of the original code and of diffusers.

One line each: original name, diffusers' name, original shape, diffusers' shape where it is another; tabs between. The
pairs are what diffusers' own converters make of a file in the original names; the result is compared with the
parameters of diffusers' and transformers' classes at full size (on the meta device), so nothing is left out.

    venv/bin/python tests/golden/make_names.py
"""

import types

import original_names as original
import torch
from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
from diffusers.loaders import single_file_utils as convert
from reference import FOLDER
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

SD15 = dict(channels=(320, 640, 1280, 1280), depth=(1, 1, 1, 0), mid_depth=1, context=768)
SDXL = dict(channels=(320, 640, 1280), depth=(0, 2, 10), mid_depth=10, context=2048, added=2816, linear=True)
SD15_BLOCKS = ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"]
SDXL_BLOCKS = ["DownBlock2D"] + ["CrossAttnDownBlock2D"] * 2
SD15_CONFIG = dict(
    block_out_channels=SD15["channels"], down_block_types=SD15_BLOCKS, cross_attention_dim=768, attention_head_dim=8
)
SDXL_CONFIG = dict(
    block_out_channels=SDXL["channels"],
    down_block_types=SDXL_BLOCKS,
    cross_attention_dim=2048,
    attention_head_dim=[5, 10, 20],
    transformer_layers_per_block=[1, 2, 10],
    use_linear_projection=True,
    addition_embed_type="text_time",
    addition_time_embed_dim=256,
    projection_class_embeddings_input_dim=2816,
)


def mirrored(blocks):
    return [block.replace("Down", "Up") for block in reversed(blocks)]


def parameters(build):
    with torch.device("meta"):
        model = build()
    return {name: tuple(value.shape) for name, value in model.state_dict().items() if "position_ids" not in name}


def marked(names):
    """Tensors without memory whose value says which name they had."""
    names = list(names)
    checkpoint = {name: torch.tensor(float(i)).expand(shape) for i, (name, shape) in enumerate(names)}
    return names, checkpoint


def text(shape):
    return "x".join(map(str, shape))


def write(case, names, converted, expected):
    lines, seen = [], {}
    for name, value in converted.items():
        source, shape = names[int(value.flatten()[0])]
        seen[name] = tuple(value.shape)
        changed = [text(value.shape)] if tuple(value.shape) != tuple(shape) else []
        lines.append("\t".join([source, name, text(shape)] + changed))
    assert seen == expected, (case, set(seen) ^ set(expected))
    path = FOLDER / "names" / f"{case}.txt"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(sorted(lines)) + "\n")
    print(f"{case}: {len(lines)} parameters, {path.stat().st_size} bytes")


def unet(case, shape, config):
    names, checkpoint = marked((f"model.diffusion_model.{name}", shape) for name, shape in original.unet(**shape))
    build = lambda: UNet2DConditionModel(**config, up_block_types=mirrored(config["down_block_types"]))
    with torch.device("meta"):
        full = dict(build().config)
    write(case, names, convert.convert_ldm_unet_checkpoint(checkpoint, full), parameters(build))


def controlnet(case, shape, config):
    names, checkpoint = marked((f"control_model.{name}", shape) for name, shape in original.controlnet(**shape))
    build = lambda: ControlNetModel(**config)
    with torch.device("meta"):
        full = dict(build().config)
    write(case, names, convert.convert_controlnet_checkpoint(checkpoint, full), parameters(build))


def vae():
    names, checkpoint = marked((f"first_stage_model.{name}", shape) for name, shape in original.vae((128, 256, 512, 512)))
    build = lambda: AutoencoderKL(
        block_out_channels=(128, 256, 512, 512),
        down_block_types=["DownEncoderBlock2D"] * 4,
        up_block_types=["UpDecoderBlock2D"] * 4,
        layers_per_block=2,
    )
    with torch.device("meta"):
        full = dict(build().config)
    write("vae", names, convert.convert_ldm_vae_checkpoint(checkpoint, full), parameters(build))


def clip_l():
    config = CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12)
    expected = {f"text_model.{name}": shape for name, shape in parameters(lambda: CLIPTextModel(config)).items()}
    prefix = "cond_stage_model.transformer."
    names, checkpoint = marked((prefix + name, shape) for name, shape in expected.items())
    write("clip-l", names, convert.convert_ldm_clip_checkpoint(checkpoint), expected)


def clip_g():
    config = CLIPTextConfig(
        hidden_size=1280, intermediate_size=5120, num_hidden_layers=32, num_attention_heads=20, projection_dim=1280
    )
    prefix = "conditioner.embedders.1.model."
    names, checkpoint = marked((prefix + name, shape) for name, shape in original.open_clip(1280, 32, 1280))
    model = types.SimpleNamespace(config=config)
    converted = convert.convert_open_clip_checkpoint(model, checkpoint, prefix)
    write("clip-g", names, converted, parameters(lambda: CLIPTextModelWithProjection(config)))


if __name__ == "__main__":
    unet("sd15-unet", SD15, SD15_CONFIG)
    unet("sdxl-unet", SDXL, SDXL_CONFIG)
    controlnet("sd15-controlnet", SD15, SD15_CONFIG)
    vae()
    clip_l()
    clip_g()
