"""CLIP: what transformers makes of prompts (clip-tokens.json) and of ids (text-clip, text-clip-projection).

Run:  python tests/golden/make_clip.py [CASE ...]      (all cases without arguments)
"""

import json
import random
import shutil
import sys

import reference
from reference import FOLDER, randomize, relative_error, write_golden

import torch
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

MERGES = FOLDER.parent.parent / "models/clip-tokenizer/merges.txt"

PROMPTS = [
    "", " ", "a", "a photo of a cat", "A Photo Of A CAT", "  two   spaces \t tab\nline  ", "\r\n a\r\nb\rc ",
    "masterpiece, best quality, 1girl, solo, (red hair:1.3), looking at viewer",
    "a bulldog in the captains chair of a spaceship, hd, high quality",
    "don't can't we're they've I'm she'll he'd it's James' 'quoted' rock'n'roll ''s 'S 'RE ' 's",
    "it’s ‘curly’ “quotes” — dash–dash…", "1 12 123 1234567890 3.14 1,000 2nd 50% $5 №5 ½ ² Ⅳ ① ٣٤",
    "hello,world!!! ??? ... ;-) :D <3 >_< ^^ @user #tag a/b\\c a_b __init__ {x} [y] (z) ~`|",
    "http://example.com/a?b=c&d=e#f user@example.com C:\\dir\\file.txt",
    "<|startoftext|> <|endoftext|> a<|endoftext|>b <|EndOfText|>", "</w> a</w> !</w>", "&lt;b&gt; &amp; &#39;",
    "一只猫", "一只猫，在草地上！真的？", "全角（括号）：ＡＢＣ１２３；～", "中文。句号、顿号《书》“引号”‘单’ 和 English 混合 2024年",
    "日本語のプロンプト、ｶﾞｷﾞ 半角 カタカナ", "한국어 프롬프트 각", "\u1112\u1161\u11ab\u1100\u1173\u11af", "русский ТЕКСТ Ёж",
    "ελληνικά ΑΣ ΟΔΟΣ", "עברית עִבְרִית", "العربية مُحَمَّد", "हिन्दी में क़", "ไทย ภาษา", "Tiếng Việt ậ ệ", "İstanbul ISPARTA ı ß ẞ ŉ ǰ",
    "cafe\u0301 \u00e9 A\u030a a\u0302\u0323 a\u0323\u0302", "\u2126 \u212a \u212b", "\u0958 \uf900 \U0002f800", "ﬁne ﬂow oﬀ ﬆ",
    "emoji 😀 😀😀😀 👨\u200d👩\u200d👧 🇨🇳 ❤️ ☀ ✨sparkle✨ 1️⃣", "🏳️\u200d🌈🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "ideographic\u3000space no\u00a0break em\u2003thin\u2009narrow\u202f ogham\u1680 line\u2028par\u2029 nel\u0085",
    "zero\u200bwidth\ufeffbom soft\u00adhyphen rtl\u202etext\u202c", "nul\x00bell\x07esc\x1b[31m del\x7f c1\x9f us\x1f fs\x1c",
    "tab\x0bvertical\x0cform", "private \ue000 \U0010fffd unassigned \u0378 \U000e0fff", "\u0301 mark first", "a\u0301\u0301\u0301b",
    "\U00010400\U00010428 \U0001d400 \U0001e900", "ᾼ ᾳ ΐ ǅ Ǆ ǆ Ა ა ꭰ Ꭰ", "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "a" * 300, "ab" * 200, "!" * 300, "!?" * 150, "1" * 100, "猫" * 120, "😀" * 60, "a " * 120, "the " * 120, "aaaa bbbb " * 30,
    "x" * 75, "hahahahahahaha lolololol aaaaaaargh zzzzzzz", "'" * 40, "'s" * 40, "don'''t", "a'b'c'd", "l'été d'hiver aujourd'hui",
    "NASA USA iPhone McDonald's e.g. i.e. U.S.A. Ph.D.", "photo-realistic state-of-the-art well-known re-enter co-op",
    "8k uhd, dslr, soft lighting, high quality, film grain, Fujifilm XT3", "(((ugly))), [[blurry]], bad-hands-5, easynegative",
    "trending on artstation, by greg rutkowski and alphonse mucha, octane render, unreal engine 5",
]  # fmt: skip

# Blocks from which random prompts are drawn; the whole of Unicode is the last.
BLOCKS = [(0x20, 0x7E), (0xA0, 0x24F), (0x250, 0x36F), (0x370, 0x52F), (0x590, 0x6FF), (0x900, 0xDFF), (0xE00, 0x11FF),
          (0x1E00, 0x206F), (0x2070, 0x2BFF), (0x3000, 0x312F), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0xFFEF),
          (0x10000, 0x1FAFF), (0x1, 0x10FFFF)]  # fmt: skip


def random_prompts(count):
    draw = random.Random(17)

    def character(first, last):
        code = draw.randint(first, last)
        return " " if 0xD800 <= code < 0xE000 or draw.random() < 0.1 else chr(code)

    def prompt():
        blocks = draw.choices(BLOCKS, k=2) + [BLOCKS[0]]
        return "".join(character(*draw.choice(blocks)) for _ in range(draw.randint(1, 24)))

    return [prompt() for _ in range(count)]


def tokenizer(pad):
    text = MERGES.read_text(encoding="utf-8")
    merges = [tuple(line.split()) for line in text.splitlines()[1:]]
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    alphabet = [chr(b) for b in visible] + [chr(0x100 + n) for n in range(256 - len(visible))]
    pieces = alphabet + [letter + "</w>" for letter in alphabet] + ["".join(merge) for merge in merges]
    pieces += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    assert len(vocabulary) == 49408
    return CLIPTokenizer(vocab=vocabulary, merges=merges, pad_token=pad, model_max_length=77)


def make_tokens():
    clip, open_clip = tokenizer("<|endoftext|>"), tokenizer("!")
    assert clip("a photo of a cat")["input_ids"] == [49406, 320, 1125, 539, 320, 2368, 49407]
    cut = {"padding": "max_length", "truncation": True, "split_special_tokens": True}
    encode = lambda text: clip(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    golden = {
        "ids": [[text, encode(text)] for text in PROMPTS + random_prompts(400)],
        "padded": [[text, clip(text, **cut)["input_ids"], open_clip(text, **cut)["input_ids"]] for text in PROMPTS[3:11]],
    }
    lines = [json.dumps(row, ensure_ascii=True, separators=(",", ":")) for row in golden["ids"]]
    padded = [json.dumps(row, ensure_ascii=True, separators=(",", ":")) for row in golden["padded"]]
    path = FOLDER / "clip-tokens.json"
    path.write_text('{"ids":[\n' + ",\n".join(lines) + '\n],\n"padded":[\n' + ",\n".join(padded) + "\n]}\n")
    print(path.name, path.stat().st_size, "bytes,", len(lines), "prompts")


def text_case(case, model_class, seed, ids, **config):
    folder = FOLDER / case
    shutil.rmtree(folder, ignore_errors=True)
    shape = dict(vocab_size=60, hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=4,
                 max_position_embeddings=24, bos_token_id=58, pad_token_id=1)  # fmt: skip
    model = randomize(model_class(CLIPTextConfig(**shape | config)), seed)
    model.save_pretrained(folder, safe_serialization=True)
    run = lambda network: network(ids, output_hidden_states=True)
    output = run(model)
    bf16 = run(model_class.from_pretrained(folder, dtype=torch.bfloat16).eval())
    projects = model_class is CLIPTextModelWithProjection
    print(case, "bf16 against fp32:", relative_error(bf16.last_hidden_state, output.last_hidden_state))
    golden = {"ids_bl": ids.int(), "hidden_nbld": torch.stack(output.hidden_states), "last_bld": output.last_hidden_state,
              "last_bf16_bld": bf16.last_hidden_state.float(), "penultimate_bf16_bld": bf16.hidden_states[-2].float()}  # fmt: skip
    golden["projected_bd" if projects else "pooled_bd"] = output.text_embeds if projects else output.pooler_output
    write_golden(folder, golden)


def ids_with_ends(pad):
    ids = torch.randint(0, 57, [3, 24], generator=reference.generator(701))
    ids[:, 0] = 58
    for row, end in enumerate((5, 16, 23)):
        ids[row, end], ids[row, end + 1 :] = 59, pad
    return ids


def make_text_clip():
    text_case("text-clip", CLIPTextModel, 700, ids_with_ends(pad=59), hidden_act="quick_gelu", eos_token_id=59)


def make_text_clip_projection():
    text_case("text-clip-projection", CLIPTextModelWithProjection, 710, ids_with_ends(pad=0), hidden_act="gelu",
              eos_token_id=2, projection_dim=20)  # fmt: skip


CASES = {"tokens": make_tokens, "text-clip": make_text_clip, "text-clip-projection": make_text_clip_projection}

if __name__ == "__main__":
    for case in sys.argv[1:] or CASES:
        CASES[case]()
