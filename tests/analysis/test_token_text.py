"""Tokens as pieces of text, for tokenizers of words and of bytes."""

from tokenizers import ByteLevelBPETokenizer
from transformers import PreTrainedTokenizerFast

from rast_bench.analysis.token_text import token_texts
from rast_bench.config.schema import ModelRef
from rast_bench.engines.tokenizer import load_tokenizer


def test_spaces_between_words_belong_to_the_second() -> None:
    tokenizer = load_tokenizer(ModelRef(path="zoo:tiny-s/base"))
    ids = tokenizer("Problem : Mia has 7 apples . Solution :")["input_ids"]
    texts = token_texts(tokenizer, ids)
    assert texts[:4] == ["Problem", " :", " Mia", " has"]
    assert "".join(texts) == tokenizer.decode(ids)


def test_bytes_of_whole_characters_join_to_the_text() -> None:
    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(["one two two three"], vocab_size=280, show_progress=False)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=trained._tokenizer)
    ids = tokenizer("two  three, one")["input_ids"]
    assert "".join(token_texts(tokenizer, ids)) == "two  three, one"


def test_a_part_of_a_character_is_shown_as_such() -> None:
    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(["a"], vocab_size=260, show_progress=False)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=trained._tokenizer)
    ids = tokenizer("aé")["input_ids"]
    assert token_texts(tokenizer, ids)[0] == "a"
    assert len(token_texts(tokenizer, ids)) == len(ids) == 3
    assert "�" in token_texts(tokenizer, ids)[1]


def test_no_tokens_no_texts() -> None:
    assert token_texts(None, []) == []
