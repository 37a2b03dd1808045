"""A SentencePiece model as a tokenizer folder that transformers opens with exactly the same ids.

transformers 5 rebuilds a `T5Tokenizer` without byte fallback, so characters outside the vocabulary become <unk> there
while SentencePiece spells them in bytes. A full tokenizer.json opened as `PreTrainedTokenizerFast` keeps them.

Run:  python tests/golden/tokenizer.py SPIECE.model FOLDER     (writes spiece.model, tokenizer.json, tokenizer_config.json)
"""

import json
import shutil
import sys
from pathlib import Path

import reference  # noqa: F401  (threads, offline)

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram
from transformers import PreTrainedTokenizerFast

SAMPLES = [
    "a red cat walks left on a meadow",
    "  two   blue\tfish ,  swim!  ",
    "一只红色的猫在草地上走。",
    "夜晚,绿色的火车 向右开",
    "the 猫 and the dog 123",
    "naïve café Ω 😀 龘",
    "",
]


def load_proto(path):
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(Path(path).read_bytes())
    return proto


def backend(proto):
    """The tokenizers pipeline that does what SentencePiece does with this model, and appends </s>."""
    spec = proto.trainer_spec
    assert (spec.pad_id, spec.eos_id, spec.unk_id, spec.model_type) == (0, 1, 2, spec.UNIGRAM), "expected a T5 layout"
    pieces = [(piece.piece, piece.score) for piece in proto.pieces]
    tokenizer = Tokenizer(Unigram(pieces, unk_id=2, byte_fallback=spec.byte_fallback))
    steps = [normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap)] if (
        proto.normalizer_spec.precompiled_charsmap) else []  # fmt: skip
    steps += [normalizers.Strip(left=True, right=True), normalizers.Replace(Regex(" {2,}"), " ")]
    tokenizer.normalizer = normalizers.Sequence(steps)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(replacement="▁")])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=["$A", "</s>"], pair=["$A", "</s>", "$B", "</s>"], special_tokens=[("</s>", 1)])  # fmt: skip
    return tokenizer


def write_tokenizer(spiece, folder):
    """Writes the folder and checks its ids against SentencePiece on SAMPLES and on every piece."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    proto = load_proto(spiece)
    PreTrainedTokenizerFast(
        tokenizer_object=backend(proto), eos_token="</s>", pad_token="<pad>", unk_token="<unk>", model_max_length=512,
        padding_side="right", truncation_side="right", clean_up_tokenization_spaces=False).save_pretrained(folder)  # fmt: skip
    name_portably(folder / "tokenizer_config.json")
    if Path(spiece).resolve() != (folder / "spiece.model").resolve():
        shutil.copyfile(spiece, folder / "spiece.model")
    check(folder)


def name_portably(path):
    """transformers 5 writes its own class name, which transformers 4 does not know; the old name works in both."""
    config = json.loads(path.read_text())
    config["tokenizer_class"] = "PreTrainedTokenizerFast"
    for key in ("backend", "is_local", "local_files_only"):
        config.pop(key, None)
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def check(folder):
    processor = sentencepiece.SentencePieceProcessor(model_file=str(folder / "spiece.model"))
    fast = PreTrainedTokenizerFast.from_pretrained(folder)
    pieces = [processor.id_to_piece(i).replace("▁", " ") for i in range(3, processor.get_piece_size())]
    texts = SAMPLES + [f"a{piece}b" for piece in pieces if not piece.startswith("<0x")]
    for text in texts:
        ours, theirs = processor.encode(text) + [1], fast(text).input_ids
        assert ours == theirs, (text, ours, theirs)


if __name__ == "__main__":
    write_tokenizer(sys.argv[1], sys.argv[2])
