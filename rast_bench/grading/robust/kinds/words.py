r"""Answers in words: truth values, "no solution", "infinitely many", names and phrases."""

import re
from dataclasses import dataclass

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.robust.kinds.base import Compare

MAX_LENGTH = 600

_NOT_A_LETTER_OR_DIGIT = re.compile(r"[^a-z0-9]+")
_ARTICLE = re.compile(r"(?:^\W*A|\b(?:[Tt]he|THE|an?|An))\b(?=\W+\w)")  # not that of "plan A"


def _flat(text: str) -> str:
    """Return lower case without braces, articles and punctuation, with single spaces."""
    return " ".join(_NOT_A_LETTER_OR_DIGIT.sub(" ", _ARTICLE.sub(" ", text).lower()).split())


# Truth values -------------------------------------------------------------------------------

_TRUE = frozenset(("true", "yes", "correct"))
_FALSE = frozenset(("false", "no", "incorrect", "untrue"))
_TRUTH = re.compile(
    r"\{? ?(?P<not>not )?(?P<word>true|yes|correct|false|no|incorrect|untrue) ?\}?"
    r"(?P<rest>| ?[,.;:!].*"
    r"| (?:because|since|as|for|unless|only|if|when|except|provided|but) .*)",
    re.IGNORECASE | re.DOTALL,
)
_SAID = re.compile(
    r"\{? ?(?:the |this |that )?(?:statement|claim|proposition|assertion|conjecture|answer|it) is "
    r"(?P<not>not )?(?P<word>true|correct|false|incorrect)(?: statement)? ?\}?",
    re.IGNORECASE,
)
_LIMITED = re.compile(
    r"\A(?:for|if|when|where)(?![A-Za-z])(?! (?:all|any|every|each|which)(?![A-Za-z]))"
    r"|\b(?:unless|except|only (?:if|when|for)|provided|otherwise|but)(?![A-Za-z])",
    re.IGNORECASE,
)
_MATHEMATICS = re.compile(r"[\d=\\<>^_$]")


@dataclass(frozen=True)
class Truth:
    """A truth value.

    Attributes:
        word: in lower case; a lone T, F, Y or N is a letter that may be one.
        rest: the text after it.
    """

    value: bool
    word: str
    rest: str = ""

    @property
    def kind(self) -> str:
        return "truth value"

    def compare(self, gold: "Truth", _compare: Compare) -> Decision:
        """Compare values; a lone letter counts only as a gold answer that the answer spells out."""
        if len(self.word) == 1:
            return undecided("unread", "a letter that may be anything")
        if len(gold.word) == 1:
            return self._spells_out(gold)
        if self.value != gold.value:
            return different("truth value", "the other value")
        if _flat(self.rest) != _flat(gold.rest) and (
            _LIMITED.search(self.rest) or _LIMITED.search(gold.rest)
        ):
            return undecided("truth value", "true or false in some cases")
        if _MATHEMATICS.search(gold.rest) and _flat(self.rest) != _flat(gold.rest):
            return undecided("truth value", "the gold answer says more than its truth value")
        return equal("truth value", "the same value")

    def _spells_out(self, gold: "Truth") -> Decision:
        """Compare "True" with T, "False" with F."""
        plain = self.word == ("true" if self.value else "false")
        if gold.word not in "tf" or not plain:
            return undecided("truth value", "a letter that may be anything")
        if self.word.startswith(gold.word):
            return equal("truth value", "a letter spelt out")
        return different("truth value", "the other value")


def read_truth(text: str) -> Truth | None:
    """Read true, false, yes, no and what they open ("No, it is not closed"); also T, F, Y, N."""
    if text in ("T", "F", "Y", "N"):
        return Truth(text in "TY", text.lower())
    if len(text) > MAX_LENGTH:
        return None
    match = _TRUTH.fullmatch(text) or _SAID.fullmatch(text)
    if match is None:
        return None
    word = match["word"].lower()
    if match["not"] and word in ("yes", "no", "untrue"):
        return None
    rest = (match.groupdict().get("rest") or "").strip(" {}.,;:!")
    if _TRUTH.fullmatch(rest):  # "True, False"
        return None
    return Truth((word in _TRUE) != bool(match["not"]), word, rest)


# No solution --------------------------------------------------------------------------------

_THING = r"(?:real |integer |integral |positive |valid |possible |complex |rational |such ){0,4}"
_THINGS = (
    r"(?:solutions?|roots?|answers?|values?|numbers?|integers?|limits?|zeros?|pairs?|triples?|points?"
    r"|functions?|triangles?|intercepts?|asymptotes?|polynomials?|[a-z])"
)
_NOTHING = re.compile(
    rf"(?:(?:there )?(?:is |are |has |have |exists? )?)?no {_THING}{_THINGS}"
    r"(?: exists?| possible| for [a-z]| to (?:the |this )?(?:equation|system|problem|inequality))?"
    r"|none(?: exists?)?|d\.?n\.?e|null"
    r"|(?:(?:the |this |its? |such |an |[a-z] ){0,6}(?:limit|solution|value|number|inverse|answer"
    r"|function|derivative|integral|expression|sum|slope)?(?: [a-z])? ?)?"
    r"(?:does not exist|doesn't exist|do not exist|(?:is )?undefined|(?:is )?not defined)"
    r"|(?:the )?empty set|(?:the )?null set|impossible|not possible|it is impossible|cannot exist"
    r"|(?:the )?(?:system is |equations are |system of equations is )?inconsistent"
)
_NOTHING_JOINED = frozenset(
    (
        *("thereisnosolution", "therearenosolutions", "nosolution", "nosolutions"),
        *("doesnotexist", "norealsolution", "norealsolutions", "thelimitdoesnotexist"),
        *("emptyset", "theemptyset"),
    )
)
_QUALIFIER = re.compile(r"\b(?:integ(?:er|ral)|positive|rational|complex)\b")
_NO_LIMIT = re.compile(r"\bno (?:such |real |finite )?limits?\b")
_NO_SOLUTION = re.compile(r"solution|root|empty|inconsistent")
_EMPTY = re.compile(r"\\emptyset|\\\{ ?\\\}|\\phi|\{\}")


@dataclass(frozen=True)
class Nothing:
    """ "No solution", "none", "does not exist", "undefined", the empty set.

    Attributes:
        said: the text; "no integer solution" leaves others, "no limit" says nothing about them.
    """

    said: str = "empty"

    @property
    def kind(self) -> str:
        return "no solution"

    def compare(self, gold: "Nothing", _compare: Compare) -> Decision:
        """Compare: all are equal unless qualifiers differ; real solutions are assumed."""
        if self._qualifiers() != gold._qualifiers():
            return undecided("text", "no solution of another kind")
        for one, other in ((self.said, gold.said), (gold.said, self.said)):
            if _NO_LIMIT.search(one) and _NO_SOLUTION.search(other):
                return undecided("text", "no limit or no solution")
        return equal("text", "no solution")

    def _qualifiers(self) -> frozenset[str]:
        """Return the adjectives of "no positive integer solution", without its noun."""
        adjectives = re.sub(r"\w+(?: exists?| possible)?\Z", "", self.said)
        return frozenset(_QUALIFIER.findall(adjectives.replace("integral", "integer")))


def read_nothing(text: str) -> Nothing | None:
    """Read a statement that there is no answer."""
    if _EMPTY.fullmatch(text) and text != r"\phi":
        return Nothing()
    if len(text) > MAX_LENGTH:
        return None
    bare = _plain(text)
    return Nothing(bare) if _NOTHING.fullmatch(bare) or bare in _NOTHING_JOINED else None


def _plain(text: str) -> str:
    """Return lower case without braces and marks of single letters, with single spaces."""
    return " ".join(text.lower().replace("{", " ").replace("}", " ").split()).strip(" .,;:!")


# Infinitely many ----------------------------------------------------------------------------

_MANY = re.compile(
    r"(?:there are |has |have )?(?:infinitely many|infinite(?: many)?|(?:an )?infinite number of"
    r"|countless)(?: (?:real |integer |positive |possible ){0,4}"
    r"(?:solutions?|values?|answers?|numbers?|integers?|pairs?|primes?|roots?|points?|triples?))?"
)


@dataclass(frozen=True)
class InfinitelyMany:
    """ "Infinitely many (solutions)"."""

    @property
    def kind(self) -> str:
        return "infinitely many"

    def compare(self, _gold: "InfinitelyMany", _compare: Compare) -> Decision:
        return equal("text", "infinitely many")


def read_infinitely_many(text: str) -> InfinitelyMany | None:
    if len(text) > MAX_LENGTH:
        return None
    return InfinitelyMany() if _MANY.fullmatch(_plain(text)) else None


# Bounds -------------------------------------------------------------------------------------

_BOUND = re.compile(
    r"(?P<bound>at least|no (?:less|fewer) than|not less than|at most|no more than|not more than"
    r"|no greater than|more than|greater than|fewer than|less than|up to|under|over) "
    r"(?P<value>\\?[\d$].{0,60})",
    re.IGNORECASE,
)
_BOUNDS = {
    **dict.fromkeys(("at least", "no less than", "no fewer than", "not less than"), r"\ge"),
    **dict.fromkeys(("at most", "no more than", "not more than", "no greater than"), r"\le"),
    **dict.fromkeys(("more than", "greater than", "over"), ">"),
    **dict.fromkeys(("fewer than", "less than", "under"), "<"),
    "up to": r"\le",
}


@dataclass(frozen=True)
class Bound:
    """ "At least 5": a one-sided bound in words."""

    sign: str
    value: str

    @property
    def kind(self) -> str:
        return "bound"

    def compare(self, gold: "Bound", compare: Compare) -> Decision:
        """Compare the side and the number."""
        if self.sign != gold.sign:
            return different("relation", "another bound")
        return compare(self.value, gold.value)


def read_bound(text: str) -> Bound | None:
    """Read "at least 5", "no more than 5 { cm}"."""
    match = _BOUND.fullmatch(text.strip("{} ")) if len(text) <= MAX_LENGTH else None
    return Bound(_BOUNDS[match["bound"].lower()], match["value"]) if match else None


# Names and phrases --------------------------------------------------------------------------

_PHRASE = re.compile(r"[A-Za-z0-9 {}'\"\-.,;:!?()/&\u00c0-\u024f\u0400-\u04ff\u4e00-\u9fff]+")
_TOKEN = re.compile(r"[A-Za-z\u00c0-\u024f\u0400-\u04ff\u4e00-\u9fff]+")
_FOREIGN_LETTER = re.compile(r"[\u00c0-\u024f\u0400-\u04ff\u4e00-\u9fff]")
_FUNCTIONS = frozenset(
    (
        *("sin", "cos", "tan", "cot", "sec", "csc", "log", "exp", "arcsin", "arccos", "arctan"),
        *("sinh", "cosh", "tanh", "lim", "max", "min", "gcd", "lcm", "mod", "det", "sqrt"),
        *("frac", "cis"),
    )
)
_NEGATIONS = frozenset(
    (*("not", "no", "never", "cannot", "neither", "nor", "without", "except", "isn't"),)
)
_SUFFIXES = (("divergent", "diverges"), ("convergent", "converges"))


@dataclass(frozen=True)
class Words:
    """A name or a phrase. `flat` is its words in lower case, without articles and punctuation."""

    flat: str
    single: str = ""

    @property
    def kind(self) -> str:
        return "text"

    def compare(self, gold: "Words", _compare: Compare) -> Decision:
        """Compare words, ignoring case, articles, punctuation and spaces."""
        if self.single and gold.single and self.single != gold.single:
            upper = self.single.isupper() != gold.single.isupper()
            if upper and self.single.lower() == gold.single.lower() and len(self.single) < 5:
                return undecided("text", "letters of another case, which may be other quantities")
        joined = self.flat.replace(" ", "")
        if self.flat == gold.flat or (joined.isalpha() and joined == gold.flat.replace(" ", "")):
            return equal("text", "the same words")
        mine, wanted = self.flat.split(), gold.flat.split()
        shorter, longer = sorted((mine, wanted), key=len)
        rest = [word for word in longer if word not in shorter]
        if {"and", "or"} & set(rest):
            return different("text", "another beside it")
        if f" {' '.join(shorter)} " in f" {' '.join(longer)} " and not _NEGATIONS & set(rest):
            return undecided("text", "one says more than the other")
        return different("text", "other words")


def read_words(text: str) -> Words | None:
    """Read a text that is words and not letters of mathematics."""
    if len(text) > MAX_LENGTH or not _PHRASE.fullmatch(text):
        return None
    if read_bound(text) or read_nothing(text) or read_infinitely_many(text):
        return None
    tokens = _TOKEN.findall(text)
    braced = text.startswith("{")
    if not any(_is_word(token, braced) for token in tokens):
        return None
    flat = _flat(text) if text.isascii() else _flat_foreign(text)
    for ending, other in _SUFFIXES:
        flat = flat.replace(ending, other)
    if not flat:
        return None
    bare = text.strip("{} ")
    return Words(flat, bare if bare.isalpha() else "")


def _is_word(token: str, braced: bool) -> bool:
    """Return whether letters are a word and not a product: `east`, `Bob`, not `abc`, `ABC`."""
    if _FOREIGN_LETTER.search(token):
        return True
    if len(token) < 3 or token.lower() in _FUNCTIONS:
        return False
    if len(token) >= 5 or braced or (token[0].isupper() and token[1:].islower()):
        return True
    lower = token.lower()
    return token.islower() and (
        any(letter in "aeiou" for letter in lower[1:]) or lower[-1] == lower[-2]
    )


def _flat_foreign(text: str) -> str:
    return " ".join(_TOKEN_OR_DIGITS.findall(text.lower()))


_TOKEN_OR_DIGITS = re.compile(r"[a-z\u00c0-\u024f\u0400-\u04ff\u4e00-\u9fff]+|\d+")
