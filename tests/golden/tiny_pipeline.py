"""A whole text-to-video pipeline small enough for a test: pipeline-wan/, in the layout of our own models."""

import itertools
import json
import shutil
import tempfile
from pathlib import Path

from reference import FOLDER, normal, randomize
from tokenizer import load_proto, name_portably, write_tokenizer

import sentencepiece
from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanPipeline, WanTransformer3DModel
from transformers import PreTrainedTokenizerFast, UMT5Config, UMT5EncoderModel

PIECES = 400
TEXT_DIM = 32

# Full-width marks become ASCII, as nmt_nfkc does, in a table of a few bytes instead of 240 KB.
NORMALIZATION = {"，": ",", "！": "!", "？": "?", "：": ":", "（": "(", "）": ")", "\u3000": " ", "\t": " ", "e\u0301": "\u00e9"}


def sentences():
    """English and Chinese captions of a small scene grammar."""
    colours = [("red", "红色"), ("blue", "蓝色"), ("green", "绿色"), ("yellow", "黄色")]
    subjects = [("cat", "猫"), ("dog", "狗"), ("bird", "鸟"), ("fish", "鱼"), ("train", "火车"), ("boat", "小船")]
    actions = [("walks left", "向左走"), ("jumps", "跳"), ("flies", "飞"), ("drives right", "向右开")]
    places = [("on a meadow", "在草地上"), ("at night", "在夜晚"), ("in the snow, slowly", "在雪中,慢慢地")]
    for (c, cz), (s, sz), (a, az), (p, pz) in itertools.product(colours, subjects, actions, places):
        yield f"A {c} {s} {a} {p}."
        yield f"一只{cz}的{sz}{pz}{az}。"


def train_tokenizer(path):
    with tempfile.TemporaryDirectory() as temporary:
        rules = Path(temporary) / "rules.tsv"
        code = lambda text: " ".join(f"{ord(letter):X}" for letter in text)
        rules.write_text("".join(f"{code(source)}\t{code(target)}\n" for source, target in NORMALIZATION.items()))
        with open(path, "wb") as file:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=sentences(), model_writer=file, vocab_size=PIECES, model_type="unigram",
                pad_id=0, eos_id=1, unk_id=2, bos_id=-1, byte_fallback=True, character_coverage=1.0,
                normalization_rule_tsv=str(rules), num_threads=1, hard_vocab_limit=True, minloglevel=2)  # fmt: skip
    clear_paths(path)


def clear_paths(path):
    """The trainer keeps its own file names in the model; nothing reads them."""
    proto = load_proto(path)
    proto.normalizer_spec.ClearField("normalization_rule_tsv")
    Path(path).write_bytes(proto.SerializeToString(deterministic=True))


def networks():
    transformer = WanTransformer3DModel(
        patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=12, in_channels=4, out_channels=4,
        text_dim=TEXT_DIM, freq_dim=32, ffn_dim=40, num_layers=2, cross_attn_norm=True, rope_max_seq_len=64)  # fmt: skip
    vae = AutoencoderKLWan(
        base_dim=2, decoder_base_dim=3, z_dim=4, dim_mult=[1, 2, 4], num_res_blocks=1, temperal_downsample=[True, True],
        is_residual=False, patch_size=2, in_channels=12, out_channels=12, scale_factor_temporal=4,
        scale_factor_spatial=8, latents_mean=[0.1, -0.2, 0.3, 0.0], latents_std=[1.5, 0.8, 1.1, 2.0])  # fmt: skip
    text = UMT5EncoderModel(UMT5Config(
        vocab_size=PIECES, d_model=TEXT_DIM, d_kv=8, d_ff=48, num_layers=2, num_heads=4,
        relative_attention_num_buckets=32, relative_attention_max_distance=128, feed_forward_proj="gated-gelu"))  # fmt: skip
    randomize(transformer, 700, gain=0.8)
    randomize(vae, 710, gain=1.2)
    vae.decoder.conv_out.weight.mul_(0.4)
    return transformer, vae, randomize(text, 720)


def write_pipeline(folder=FOLDER / "pipeline-wan"):
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "tokenizer").mkdir(parents=True)
    spiece = folder / "tokenizer" / "spiece.model"
    train_tokenizer(spiece)
    write_tokenizer(spiece, folder / "tokenizer")
    transformer, vae, text = networks()
    scheduler = UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0, num_train_timesteps=1000)  # fmt: skip
    WanPipeline(
        tokenizer=PreTrainedTokenizerFast.from_pretrained(folder / "tokenizer"), text_encoder=text, vae=vae,
        scheduler=scheduler, transformer=transformer).save_pretrained(folder, safe_serialization=True)  # fmt: skip
    name_portably(folder / "tokenizer" / "tokenizer_config.json")
    index = json.loads((folder / "model_index.json").read_text())
    index["tokenizer"] = ["transformers", "PreTrainedTokenizerFast"]
    (folder / "model_index.json").write_text(json.dumps(index, indent=2, sort_keys=True) + "\n")
    return folder
