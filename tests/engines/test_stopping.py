"""Stop strings token by token, against a search of the whole text after every token."""

import random
from typing import Any

import pytest
from random_checkpoints import QWEN2, Checkpoint
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from rast_bench.engines.stopping import StopStrings, first_stop

END = "<|im_end|>"
PIECES = ["Question", ":", "\n\n", "Answer", " the", "é", "数", "##", "<|", "end", "|>"]


@pytest.fixture(scope="module")
def word_level(checkpoint: Checkpoint) -> Any:
    """Decoding puts a space between tokens."""
    return AutoTokenizer.from_pretrained(checkpoint(QWEN2))


@pytest.fixture(scope="module")
def byte_level() -> Any:
    """As in Qwen2 and Llama 3, tokens are bytes or longer pieces; `END` is special."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({byte: i for i, byte in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(END, special=True)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


def end_by_brute_force(
    tokenizer: Any, ids: list[int], stop: tuple[str, ...]
) -> tuple[int, str] | None:
    for count in range(1, len(ids) + 1):
        text = tokenizer.decode(ids[:count], skip_special_tokens=True)
        place = first_stop(text, stop)
        if place is not None:
            return count, text[:place]
    return None


def end_by_steps(
    strings: StopStrings, ids: list[int], stop: tuple[str, ...]
) -> tuple[int, str] | None:
    for count in range(1, len(ids) + 1):
        text = strings.text_before(ids[:count], stop)
        if text is not None:
            return count, text
    return None


@pytest.mark.parametrize(
    "stop",
    [
        ("Question:",),
        ("\n\n",),
        ("the Answer", "end"),
        ("é",),
        ("数é", "##"),
        (" ",),
        ("n", "Question:\n\nAnswer the"),
    ],
)
def test_bytes(byte_level: Any, stop: tuple[str, ...]) -> None:
    strings = StopStrings(byte_level)
    rng = random.Random(repr(stop))
    ends = []
    for _ in range(40):
        text = "".join(rng.choices([*PIECES, *stop], k=8))
        ids = byte_level(text)["input_ids"]
        ends.append(end_by_brute_force(byte_level, ids, stop))
        assert end_by_steps(strings, ids, stop) == ends[-1]
    assert sum(end is not None for end in ends) > 10


@pytest.mark.parametrize("stop", [("w7",), ("w1", "5 w4"), ("2 ",), ("w46 w3 w9",), ("none",)])
def test_words(word_level: Any, stop: tuple[str, ...]) -> None:
    strings = StopStrings(word_level)
    rng = random.Random(repr(stop))
    for _ in range(40):
        ids = rng.choices(range(3, 48), k=30)
        if rng.random() < 0.3:
            ids[10:13] = [46, 3, 9]
        assert end_by_steps(strings, ids, stop) == end_by_brute_force(word_level, ids, stop)


def test_the_earliest_of_two_stop_strings_cuts() -> None:
    assert first_stop("abcd", ("cd", "bcd")) == 1
    assert first_stop("abcd", ("x",)) is None


def test_a_special_token_stops_by_its_id(byte_level: Any) -> None:
    """Decoding skips it, so a search of the text would never find it."""
    ids = [*byte_level("So 4")["input_ids"], byte_level.convert_tokens_to_ids(END)]
    strings = StopStrings(byte_level)
    assert end_by_brute_force(byte_level, ids, (END,)) is None
    assert end_by_steps(strings, ids, (END,)) == (len(ids), "So 4")
    assert end_by_steps(strings, ids, ("never",)) is None


def test_most_tokens_cost_no_decoding(byte_level: Any) -> None:
    strings = StopStrings(byte_level)
    stop = ("Question:",)
    strings.text_before([0], stop)
    decoded: list[list[int]] = []
    inner = strings._decode

    def counted(ids: list[int]) -> str:
        decoded.append(ids)
        return str(inner(ids))

    strings._decode = counted  # type: ignore[assignment]
    assert end_by_steps(strings, byte_level("a long text " * 30)["input_ids"], stop) is None
    assert not decoded
