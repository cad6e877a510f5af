import re
import time
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from rast_bench.compose.behaviour_words import WORDS, is_behaviour_word
from rast_bench.metrics.behaviour import behaviour_frequencies, behaviour_lemmas
from rast_bench.metrics.lemmas import SimplemmaCounter, text_array


def texts(rows: list[list[str]]) -> np.ndarray:
    return np.array(rows, dtype=object)


def test_the_authors_lists() -> None:
    lists = behaviour_lemmas()
    assert {name: len(words) for name, words in lists.items()} == {
        "branching": 8,
        "backtracking": 10,
        "self-verification": 10,
    }
    assert len({word for words in lists.values() for word in words}) == 28


def test_the_words_of_rast_words_are_those_that_are_counted() -> None:
    lemmas = [word for words in behaviour_lemmas().values() for word in words]
    counts = SimplemmaCounter().counts(text_array(sorted(WORDS)), lemmas)
    assert (counts.sum(axis=1) == 1).all() and (counts.sum(axis=0) > 0).all()
    assert set(lemmas) <= WORDS
    assert is_behaviour_word(" Checking") and not is_behaviour_word("recheck")


def test_by_hand() -> None:
    frequencies = behaviour_frequencies(
        texts(
            [
                ["Check it . Verified !", "Trying again , but wrong ."],
                ["nothing", "Alternatively , alternatively , suppose mistakes ."],
            ]
        ),
        SimplemmaCounter(),
    )
    values = {name: estimate.value for name, estimate in frequencies.behaviours.items()}
    assert values == {"branching": 1.0, "backtracking": 1.0, "self-verification": 0.5}
    branching = frequencies.behaviours["branching"]
    assert branching.standard_error == pytest.approx(np.std([0.5, 1.5], ddof=1) / 2**0.5)
    assert frequencies.lemmas["branching"]["alternatively"] == 0.5
    assert frequencies.lemmas["backtracking"]["mistake"] == 0.25
    assert frequencies.lemmatizer.startswith("simplemma ")


class Counter:
    """Counts next to nothing."""

    name = "mine"

    def counts(self, texts: pa.ChunkedArray, wanted: Sequence[str]) -> np.ndarray:
        found = [2 * (text == "b") for text in texts.to_pylist()]
        return np.outer(found, [word == "but" for word in wanted])


def test_the_counter_is_named() -> None:
    frequencies = behaviour_frequencies(texts([["a", "b"], ["b", "a"], ["b", "b"]]), Counter())
    assert frequencies.behaviours["backtracking"].value == pytest.approx(4 / 3)
    assert frequencies.lemmatizer == "mine"


def test_a_hundred_thousand_short_texts_take_seconds() -> None:
    rng = np.random.default_rng(0)
    words = np.array(re.findall(r"\S+", "So the answer is 12 . However , Check again : 7 + 5"))
    rows = [" ".join(row) for row in words[rng.integers(len(words), size=(100_000, 30))]]
    start = time.process_time()
    behaviour_frequencies(np.array(rows, dtype=object).reshape(-1, 32), SimplemmaCounter())
    assert time.process_time() - start < 6


def test_no_text() -> None:
    with pytest.raises(ValueError, match="no text"):
        behaviour_frequencies(np.empty((0, 2), dtype=object))
