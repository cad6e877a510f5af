"""What strings, truth values and plain numbers tell about two answers, without any algebra."""

from rast_bench.grading.number_words import number_of_words, only_number_words
from rast_bench.grading.robust.quantities import read_quantity, same_quantity
from rast_bench.grading.robust.words import are_words, same_words, truth


def same_in_writing(answer: str, gold: str) -> bool | None:
    """What strings, truth values and plain numbers tell; None where they do not decide."""
    if bare(answer) == bare(gold):
        return True
    wanted_truth = truth(gold)
    if wanted_truth is not None:
        return truth(answer) == wanted_truth
    number, wanted = (read_quantity(_in_digits(text)) for text in (answer, gold))
    if number is not None and wanted is not None:
        if same_quantity(number, wanted):
            return True
        return None if "," in answer and "," in gold else False
    words = are_words(answer), are_words(gold)
    if all(words):
        return same_words(answer, gold)
    if wanted is not None and words[0]:
        return False
    return None


def _in_digits(text: str) -> str:
    return (number_of_words(text) or text) if only_number_words(text) else text


def bare(text: str) -> str:
    """The text without white space."""
    return "".join(text.split())
