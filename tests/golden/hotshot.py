"""The transformers of this project that diffusers does not know, written with its layers: what model_index.json names
as ["hotshot", "HotshotTransformer3DModel"]. open_pipeline makes a WanPipeline of such a folder."""

import json
import math
from pathlib import Path

import torch
from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanPipeline, WanTransformer3DModel
from diffusers.configuration_utils import register_to_config
from diffusers.models.modeling_outputs import Transformer2DModelOutput
from transformers import PreTrainedTokenizerFast, UMT5EncoderModel

DIRECTIONS = 7  # time, row, column, and time with and against either
FRAMES = 8  # a wave of time is half a turn over so many


def position_features(frames, rows, columns, waves):
    """cos and sin of k pi u, k = 1 ... waves, for every direction u of a patch: [frames * rows * columns, features]."""
    time = ((torch.arange(frames) + 0.5) / FRAMES).view(-1, 1, 1)
    row = ((torch.arange(rows) + 0.5) / rows).view(1, -1, 1)
    column = ((torch.arange(columns) + 0.5) / columns).view(1, 1, -1)
    directions = [time, row, column, time + column, time - column, time + row, time - row]
    u = torch.stack([direction.expand(frames, rows, columns) for direction in directions], dim=-1)
    angle = math.pi * u.unsqueeze(-1) * torch.arange(1, waves + 1)
    return torch.cat([angle.cos(), angle.sin()], dim=-1).reshape(frames * rows * columns, -1)


class HotshotTransformer3DModel(WanTransformer3DModel):
    """Wan's, told absolute places and the mean of the text, with one padding token after each text."""

    @register_to_config
    def __init__(
        self, patch_size=(1, 2, 2), num_attention_heads=40, attention_head_dim=128, in_channels=16, out_channels=16,
        text_dim=4096, freq_dim=256, ffn_dim=13824, num_layers=40, cross_attn_norm=True,
        qk_norm="rms_norm_across_heads", eps=1e-6, rope_max_seq_len=1024, text_len=512, pooled_text=False,
        position_waves=0):  # fmt: skip
        super().__init__(
            patch_size=tuple(patch_size), num_attention_heads=num_attention_heads,
            attention_head_dim=attention_head_dim, in_channels=in_channels, out_channels=out_channels,
            text_dim=text_dim, freq_dim=freq_dim, ffn_dim=ffn_dim, num_layers=num_layers,
            cross_attn_norm=cross_attn_norm, qk_norm=qk_norm, eps=eps, rope_max_seq_len=rope_max_seq_len)  # fmt: skip
        width = num_attention_heads * attention_head_dim
        if position_waves > 0:
            self.position_embedding = torch.nn.Linear(DIRECTIONS * 2 * position_waves, width, bias=False)
        if pooled_text:
            self.condition_embedder.pooled_text = torch.nn.Linear(text_dim, width)

    def conditions(self, timestep, texts, dtype):
        """temb [b or b, seq, d], its projection [b or b, seq, 6, d] and the text for cross-attention."""
        embedder = self.condition_embedder
        waves = embedder.timesteps_proj(timestep.flatten())
        temb = embedder.time_embedder(waves.to(embedder.time_embedder.linear_1.weight.dtype)).to(dtype)
        temb = temb.view(*timestep.shape, -1)
        if self.config.pooled_text:
            assert self.config.text_len == 0  # else the mean would be of real tokens alone
            pooled = embedder.pooled_text(texts.float().mean(1).to(dtype))
            temb = temb + (pooled if timestep.ndim == 1 else pooled.unsqueeze(1))
        projection = embedder.time_proj(torch.nn.functional.silu(temb)).unflatten(-1, (6, -1))
        return temb, projection, embedder.text_embedder(texts.to(dtype))

    def forward(self, hidden_states, timestep, encoder_hidden_states, return_dict=True, **_):
        batch, _, frames, height, width = hidden_states.shape
        grid = [size // patch for size, patch in zip((frames, height, width), self.config.patch_size)]
        if self.config.text_len == 0:  # the pipeline's zeros but one
            assert batch == 1
            length = int(encoder_hidden_states[0].abs().amax(-1).gt(0).sum())
            encoder_hidden_states = encoder_hidden_states[:, : length + 1]
        rotary = self.rope(hidden_states)
        x = self.patch_embedding(hidden_states).flatten(2).transpose(1, 2)
        if self.config.position_waves > 0:
            x = x + self.position_embedding(position_features(*grid, self.config.position_waves).to(x))
        temb, projection, text = self.conditions(timestep, encoder_hidden_states, x.dtype)
        for block in self.blocks:
            x = block(x, text, projection, rotary)
        table = self.scale_shift_table.unsqueeze(0) if temb.ndim == 3 else self.scale_shift_table
        shift, scale = (table + temb.unsqueeze(-2)).chunk(2, dim=-2)
        if temb.ndim == 3:
            shift, scale = shift.squeeze(2), scale.squeeze(2)
        x = self.proj_out((self.norm_out(x.float()) * (1 + scale) + shift).type_as(x))
        patch = self.config.patch_size
        x = x.reshape(batch, *grid, *patch, -1).permute(0, 7, 1, 4, 2, 5, 3, 6)
        x = x.flatten(6, 7).flatten(4, 5).flatten(2, 3)
        return Transformer2DModelOutput(sample=x) if return_dict else (x,)


def open_transformer(folder, dtype=torch.float32):
    path = Path(folder) / "transformer"
    name = json.loads((path / "config.json").read_text())["_class_name"]
    kinds = {kind.__name__: kind for kind in (WanTransformer3DModel, HotshotTransformer3DModel)}
    return kinds[name].from_pretrained(path, torch_dtype=dtype).eval()


def open_pipeline(folder, dtype=torch.float32):
    """WanPipeline.from_pretrained knows no other libraries than its own, so the parts are opened one by one."""
    folder = Path(folder)
    return WanPipeline(
        tokenizer=PreTrainedTokenizerFast.from_pretrained(folder / "tokenizer"),
        text_encoder=UMT5EncoderModel.from_pretrained(folder / "text_encoder", torch_dtype=dtype).eval(),
        vae=AutoencoderKLWan.from_pretrained(folder / "vae", torch_dtype=dtype).eval(),
        scheduler=UniPCMultistepScheduler.from_pretrained(folder / "scheduler"),
        transformer=open_transformer(folder, dtype),
        expand_timesteps=json.loads((folder / "model_index.json").read_text()).get("expand_timesteps", False))  # fmt: skip
