"""The names and shapes that the original code (LDM, SGM, OpenCLIP) gives the parameters of Stable Diffusion's networks.

Walks the constructors of openaimodel.UNetModel, ControlNet, autoencoder and OpenCLIP's text tower, so that files in these
names can be made without their code: each function yields (name, shape).
"""


def layer(name, shape, bias=True):
    yield f"{name}.weight", shape
    if bias:
        yield f"{name}.bias", shape[:1]


def norm(name, width):
    yield from layer(name, (width,))


def res_block(name, width, out, time):
    yield from norm(f"{name}.in_layers.0", width)
    yield from layer(f"{name}.in_layers.2", (out, width, 3, 3))
    yield from layer(f"{name}.emb_layers.1", (out, time))
    yield from norm(f"{name}.out_layers.0", out)
    yield from layer(f"{name}.out_layers.3", (out, out, 3, 3))
    if width != out:
        yield from layer(f"{name}.skip_connection", (out, width, 1, 1))


def spatial_transformer(name, width, depth, context, linear):
    projection = (width, width) if linear else (width, width, 1, 1)
    yield from norm(f"{name}.norm", width)
    yield from layer(f"{name}.proj_in", projection)
    for i in range(depth):
        block = f"{name}.transformer_blocks.{i}"
        for attention, keys in ("attn1", width), ("attn2", context):
            yield from layer(f"{block}.{attention}.to_q", (width, width), bias=False)
            yield from layer(f"{block}.{attention}.to_k", (width, keys), bias=False)
            yield from layer(f"{block}.{attention}.to_v", (width, keys), bias=False)
            yield from layer(f"{block}.{attention}.to_out.0", (width, width))
        yield from layer(f"{block}.ff.net.0.proj", (8 * width, width))
        yield from layer(f"{block}.ff.net.2", (width, 4 * width))
        for i in 1, 2, 3:
            yield from norm(f"{block}.norm{i}", width)
    yield from layer(f"{name}.proj_out", projection)


def unet_encoder(channels, depth, mid_depth, context, added, linear, in_channels, skips):
    first, time = channels[0], 4 * channels[0]
    yield from layer("time_embed.0", (time, first))
    yield from layer("time_embed.2", (time, time))
    if added:
        yield from layer("label_emb.0.0", (time, added))
        yield from layer("label_emb.0.2", (time, time))
    yield from layer("input_blocks.0.0", (first, in_channels, 3, 3))
    skips.append(first)
    for level, width in enumerate(channels):
        for _ in range(2):
            block = f"input_blocks.{len(skips)}"
            yield from res_block(f"{block}.0", skips[-1], width, time)
            if depth[level]:
                yield from spatial_transformer(f"{block}.1", width, depth[level], context, linear)
            skips.append(width)
        if level + 1 < len(channels):
            yield from layer(f"input_blocks.{len(skips)}.0.op", (width, width, 3, 3))
            skips.append(width)
    width = channels[-1]
    yield from res_block("middle_block.0", width, width, time)
    yield from spatial_transformer("middle_block.1", width, mid_depth, context, linear)
    yield from res_block("middle_block.2", width, width, time)


def unet(channels, depth, mid_depth, context, added=0, linear=False, in_channels=4):
    skips = []
    yield from unet_encoder(channels, depth, mid_depth, context, added, linear, in_channels, skips)
    width, index = channels[-1], 0
    for level in reversed(range(len(channels))):
        for i in range(3):
            block = f"output_blocks.{index}"
            yield from res_block(f"{block}.0", width + skips.pop(), channels[level], 4 * channels[0])
            width, inner = channels[level], 1
            if depth[level]:
                yield from spatial_transformer(f"{block}.1", width, depth[level], context, linear)
                inner = 2
            if level and i == 2:
                yield from layer(f"{block}.{inner}.conv", (width, width, 3, 3))
            index += 1
    yield from norm("out.0", width)
    yield from layer("out.2", (4, width, 3, 3))


def controlnet(channels, depth, mid_depth, context, added=0, linear=False):
    skips = []
    yield from unet_encoder(channels, depth, mid_depth, context, added, linear, 4, skips)
    for i, width in enumerate(skips):
        yield from layer(f"zero_convs.{i}.0", (width, width, 1, 1))
    yield from layer("middle_block_out.0", (skips[-1], skips[-1], 1, 1))
    hint = 3
    for i, width in enumerate((16, 16, 32, 32, 96, 96, 256, channels[0])):
        yield from layer(f"input_hint_block.{2 * i}", (width, hint, 3, 3))
        hint = width


def vae_block(name, width, out):
    yield from norm(f"{name}.norm1", width)
    yield from layer(f"{name}.conv1", (out, width, 3, 3))
    yield from norm(f"{name}.norm2", out)
    yield from layer(f"{name}.conv2", (out, out, 3, 3))
    if width != out:
        yield from layer(f"{name}.nin_shortcut", (out, width, 1, 1))


def vae_middle(name, width):
    yield from vae_block(f"{name}.block_1", width, width)
    yield from norm(f"{name}.attn_1.norm", width)
    for part in "q", "k", "v", "proj_out":
        yield from layer(f"{name}.attn_1.{part}", (width, width, 1, 1))
    yield from vae_block(f"{name}.block_2", width, width)


def vae(channels, latent=4):
    yield from layer("encoder.conv_in", (channels[0], 3, 3, 3))
    width = channels[0]
    for level, out in enumerate(channels):
        for i in range(2):
            yield from vae_block(f"encoder.down.{level}.block.{i}", width, out)
            width = out
        if level + 1 < len(channels):
            yield from layer(f"encoder.down.{level}.downsample.conv", (width, width, 3, 3))
    yield from vae_middle("encoder.mid", width)
    yield from norm("encoder.norm_out", width)
    yield from layer("encoder.conv_out", (2 * latent, width, 3, 3))
    yield from layer("decoder.conv_in", (width, latent, 3, 3))
    yield from vae_middle("decoder.mid", width)
    for level in reversed(range(len(channels))):
        for i in range(3):
            yield from vae_block(f"decoder.up.{level}.block.{i}", width, channels[level])
            width = channels[level]
        if level:
            yield from layer(f"decoder.up.{level}.upsample.conv", (width, width, 3, 3))
    yield from norm("decoder.norm_out", width)
    yield from layer("decoder.conv_out", (3, width, 3, 3))
    yield from layer("quant_conv", (2 * latent, 2 * latent, 1, 1))
    yield from layer("post_quant_conv", (latent, latent, 1, 1))


def open_clip(width, layers, projection, vocabulary=49408, positions=77):
    yield "positional_embedding", (positions, width)
    yield "text_projection", (width, projection)
    yield "logit_scale", ()
    yield from layer("token_embedding", (vocabulary, width), bias=False)
    for i in range(layers):
        block = f"transformer.resblocks.{i}"
        yield from norm(f"{block}.ln_1", width)
        yield f"{block}.attn.in_proj_weight", (3 * width, width)
        yield f"{block}.attn.in_proj_bias", (3 * width,)
        yield from layer(f"{block}.attn.out_proj", (width, width))
        yield from norm(f"{block}.ln_2", width)
        yield from layer(f"{block}.mlp.c_fc", (4 * width, width))
        yield from layer(f"{block}.mlp.c_proj", (width, 4 * width))
    yield from norm("ln_final", width)
