"""Why and where a generation ends, and the text that remains of it."""

import hashlib
from dataclasses import replace

import pytest
from engine_requests import (
    PARAMS,
    by_problem,
    engine_of,
    key_of,
    prompt_ids,
    request,
)
from random_checkpoints import EOS_ID, QWEN2, WORDS, Checkpoint, LoadedEngine

from rast_bench.domain import Request, Sample
from rast_bench.engines.transformers_engine import TransformersEngine

HOT = replace(PARAMS, temperature=50.0, top_p=1.0, max_tokens=40)  # nearly uniform tokens


@pytest.fixture(scope="module")
def never_ending(checkpoint: Checkpoint) -> TransformersEngine:
    """Its EOS id lies in the padding of the embedding, so it is never drawn."""
    return engine_of(key_of(checkpoint(QWEN2.but(eos=(QWEN2.vocab_size - 1,)))), 4)


def hot_requests(count: int) -> list[Request]:
    return [request(i, prompt_ids(i, 5), HOT) for i in range(count)]


def words(sample: Sample) -> str:
    """The text by hand: words between spaces, the special ones left out."""
    return " ".join(WORDS[token] for token in sample.token_ids if token > 2)


def test_eos_and_length(loaded: LoadedEngine) -> None:
    samples = list(loaded("qwen2").generate(hot_requests(40)))
    for sample in samples:
        assert EOS_ID not in sample.token_ids[:-1]
        ended = sample.token_ids[-1] == EOS_ID
        assert sample.finish_reason == ("eos" if ended else "length")
        assert ended or sample.token_count == HOT.max_tokens
        assert sample.text == words(sample)
    assert {sample.finish_reason for sample in samples} == {"eos", "length"}


def test_eos_on_the_last_token_is_eos(loaded: LoadedEngine) -> None:
    requests = hot_requests(40)
    ended = [s for s in loaded("qwen2").generate(requests) if s.finish_reason == "eos"]
    again = [
        replace(item, params=replace(HOT, max_tokens=sample.token_count))
        for sample in ended
        for item in requests
        if item.key == sample.key
    ]
    assert len(again) > 5
    assert by_problem(loaded("qwen2").generate(again)) == by_problem(ended)


def test_every_eos_id_of_the_generation_config_ends(checkpoint: Checkpoint) -> None:
    """A longer list of EOS ids cuts the same tokens earlier."""
    requests = hot_requests(20)
    one = by_problem(engine_of(key_of(checkpoint(QWEN2))).generate(requests))
    eos = (EOS_ID, 7, 20)
    many = by_problem(engine_of(key_of(checkpoint(QWEN2.but(eos=eos)))).generate(requests))
    for name, sample in many.items():
        whole = one[name].token_ids
        place = next((i + 1 for i, token in enumerate(whole) if token in eos), len(whole))
        assert sample.token_ids == whole[:place]
    assert {sample.token_ids[-1] for sample in many.values()} >= set(eos)


def test_fewer_tokens_are_the_beginning_of_more(never_ending: TransformersEngine) -> None:
    item = hot_requests(1)[0]
    (whole,) = never_ending.generate([item])
    for count in (1, 2, 17, 39):
        (part,) = never_ending.generate([replace(item, params=replace(HOT, max_tokens=count))])
        assert part.token_ids == whole.token_ids[:count]
        assert part.finish_reason == "length"


def test_stop_strings_cut_the_text_and_end_the_row(never_ending: TransformersEngine) -> None:
    """Each row has its own: within a word, across two words, and across three."""
    requests = hot_requests(12)
    whole = by_problem(never_ending.generate(requests))
    stopped, expected = [], {}
    for i, item in enumerate(requests):
        text = whole[item.key.problem_id].text
        place = 20 + 3 * i
        stop = text[place : place + (1, 5, 9)[i % 3]]
        stopped.append(replace(item, params=replace(HOT, stop=("absent", stop))))
        expected[item.key.problem_id] = (text[: text.index(stop)], stop)
    for name, sample in by_problem(never_ending.generate(stopped)).items():
        text, stop = expected[name]
        assert (sample.finish_reason, sample.text) == ("stop", text)
        assert sample.token_ids == whole[name].token_ids[: sample.token_count]
        assert stop in words(sample), "the last token completes the stop string"
        assert stop not in words(replace(sample, token_ids=sample.token_ids[:-1]))


def test_the_stop_string_that_begins_first_cuts(never_ending: TransformersEngine) -> None:
    item = hot_requests(1)[0]
    (whole,) = never_ending.generate([item])
    text = whole.text.split()
    place = next(i for i in range(5, 30) if whole.text.find(text[i]) == len(" ".join(text[:i])) + 1)
    one, two, three = (" ".join(text[place - back : place + 1]) for back in (0, 1, 2))
    for stops, kept in (((one,), 0), ((one, two), 1), ((one, three, two), 2)):
        (sample,) = never_ending.generate([replace(item, params=replace(HOT, stop=stops))])
        assert sample.text.split() == text[: place - kept]
        assert sample.token_ids == whole.token_ids[: sample.token_count]


def test_a_stop_string_that_never_comes(never_ending: TransformersEngine) -> None:
    requests = hot_requests(3)
    absent = [replace(item, params=replace(HOT, stop=("absent",))) for item in requests]
    whole = by_problem(never_ending.generate(requests))
    assert by_problem(never_ending.generate(absent)) == whole


def test_stop_on_the_last_token_is_stop(never_ending: TransformersEngine) -> None:
    item = hot_requests(1)[0]
    (whole,) = never_ending.generate([item])
    params = replace(HOT, stop=(whole.text.split()[0],), max_tokens=1)
    (sample,) = never_ending.generate([replace(item, params=params)])
    assert (sample.finish_reason, sample.text, sample.token_count) == ("stop", "", 1)


def test_a_sample_repeats_its_request(never_ending: TransformersEngine) -> None:
    item = hot_requests(1)[0]
    (sample,) = never_ending.generate([item])
    assert (sample.key, sample.seed) == (item.key, item.seed)
    assert sample.prompt_sha256 == hashlib.sha256(item.prompt.encode()).hexdigest()
