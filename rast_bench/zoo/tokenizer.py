"""The family's one tokenizer: word level, because numbers as whole words are learnt fastest."""

import json
from pathlib import Path

from rast_bench.zoo.corpus import EOS
from rast_bench.zoo.problems import GAIN_VERBS, ITEMS, LOSS_VERBS, MAX_VALUE, NAMES, ORDINALS

PAD = "<|pad|>"
UNKNOWN = "<|unk|>"
WORDS = [
    *(".", ",", ":", "?", "=", "+", "-", "*", "\\boxed{", "}"),
    *("Problem", "Solution", "How", "many", "now", "and", "has", "The", "So", "the", "answer"),
    *("is", "double", "triple", "Start", "In", "short", "Step", "by", "step", "Let", "me"),
    *("think", "carefully", "Check", "Verify", "again", "Good", "Yes", "Wait", "a", "mistake"),
    *("However", "that", "wrong", "Try", "Alternatively"),
]


def vocabulary() -> list[str]:
    """Return all tokens; a token's id is its index."""
    numbers = [str(value) for value in range(MAX_VALUE + 1)]
    return [
        PAD,
        EOS,
        UNKNOWN,
        *numbers,
        *WORDS,
        *NAMES,
        *ITEMS,
        *ORDINALS,
        *GAIN_VERBS,
        *LOSS_VERBS,
    ]


class WordCodec:
    """Encodes training text without the tokenizers library, to the same ids.

    `words` are all tokens, by default those of the shipped family; a token's id is its index.
    """

    def __init__(self, words: list[str] | None = None) -> None:
        self.words = vocabulary() if words is None else words
        self.ids = {word: i for i, word in enumerate(self.words)}
        self.eos_id = self.ids[EOS]
        self.pad_id = self.ids[PAD]

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text of known words. Raise KeyError for any other word."""
        return [self.ids[word] for word in text.split()]

    def decode(self, ids: list[int]) -> str:
        return " ".join(self.words[i] for i in ids if i not in (self.eos_id, self.pad_id))


def save_tokenizer(folder: Path, words: list[str]) -> None:
    """Write tokenizer.json and tokenizer_config.json for transformers and vLLM."""
    save_word_tokenizer(folder, words, pad=PAD, eos=EOS, unknown=UNKNOWN, max_length=512)


def save_word_tokenizer(
    folder: Path,
    words: list[str],
    *,
    pad: str,
    eos: str,
    unknown: str,
    max_length: int,
    model_type: str = "qwen2",
) -> None:
    """Save a tokenizer whose tokens are words separated by spaces; a word's id is its index."""
    from tokenizers import Tokenizer
    from tokenizers.decoders import WordPiece as SpaceDecoder
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(WordLevel({w: i for i, w in enumerate(words)}, unk_token=unknown))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.decoder = SpaceDecoder(prefix="##", cleanup=False)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=eos,
        pad_token=pad,
        unk_token=unknown,
        clean_up_tokenization_spaces=False,
        model_max_length=max_length,
    )
    fast.save_pretrained(str(folder))
    if model_type != "qwen2":
        return
    # For model_type qwen2, AutoTokenizer would rebuild a byte-level BPE around our words. An
    # (empty) auto_map makes it use the class named here instead; a test verifies the round trip.
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["tokenizer_class"] = "PreTrainedTokenizerFast"
    config["auto_map"] = {"AutoTokenizer": [None, None]}
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
