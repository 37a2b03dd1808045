"""A tiny random UNet of Hotshot-XL, and what the original code (github.com/hotshotco/Hotshot-XL) computes with it.

Needs its own environment, since that code runs on diffusers of its time:
    pip install torch safetensors numpy einops==0.7.0 diffusers==0.21.4 huggingface_hub==0.17.3    (no transformers)
    PYTHONPATH=CLONE_OF_HOTSHOT_XL python tests/golden/make_hotshot_xl.py
"""

from unet_case import bf16, fresh, gradients, normal, random_weights, relative_error, save, torch, write_golden

from hotshot_xl.models.unet import UNet3DConditionModel

TIMESTEPS = torch.tensor([981.0, 40.0])
SIZE_IDS = torch.tensor([[1080.0, 1920, 0, 0, 512, 512], [512.0, 512, 8, 0, 384, 672]])


def main():
    folder = fresh("unet-hotshot-xl")
    model = UNet3DConditionModel(
        block_out_channels=(32, 32), layers_per_block=1, norm_num_groups=8, cross_attention_dim=16,
        attention_head_dim=(2, 4), transformer_layers_per_block=1, use_linear_projection=True,
        down_block_types=("DownBlock3D", "CrossAttnDownBlock3D"), up_block_types=("CrossAttnUpBlock3D", "UpBlock3D"),
        addition_embed_type="text_time", addition_time_embed_dim=6,
        projection_class_embeddings_input_dim=10 + 6 * 6)  # fmt: skip
    model = random_weights(model, 800)
    save(model, folder)
    latents, text, pooled = normal([2, 4, 8, 4, 6], 801), normal([2, 9, 16], 802), normal([2, 10], 803)

    def run(network, clip, tokens):
        # The pipeline turns the layers over frames off for a single one.
        return network(
            clip, TIMESTEPS, tokens, added_cond_kwargs={"text_embeds": pooled.to(clip.dtype), "time_ids": SIZE_IDS},
            enable_temporal_attentions=clip.shape[2] > 1).sample  # fmt: skip

    sample = run(model, latents, text)
    golden = {
        "latents": latents, "text_bsd": text, "timestep_b": TIMESTEPS, "pooled_bd": pooled, "size_ids_bk": SIZE_IDS,
        "sample": sample, "weights": normal(sample.shape, 809),
        "sample_one_frame": run(model, latents[:, :, :1], text)}  # fmt: skip
    golden |= gradients(model, run, latents, text, golden["weights"])
    golden["sample_bf16"] = bf16(model, run, latents, text)
    print("bf16 against fp32:", relative_error(golden["sample_bf16"], sample))
    write_golden(folder, golden)


if __name__ == "__main__":
    main()
