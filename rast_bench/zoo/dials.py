"""Problems of the family `dials`: some dials, each turned once or twice.

A dial has MARKS positions and arithmetic on it wraps around. A dial starts at a number, or at a
code ("ruby Oslo") whose number the problem does not tell. Codes are facts of the corpus: half of
them follow a rule (the gem decides), the others are exceptions that must be known by heart. The
answer is the list of all final positions, one of MARKS³ = 12,167 or more.

Two things keep evaluation unseen. Every way to turn a dial twice (start and both turns) belongs to
one split and appears in problems of that split only; and a problem as a whole, in any order of its
dials, belongs to one split. A single turn is arithmetic that everybody learns. Drills keep to the
first rule alone; that none of them has an evaluation problem's dials is tested.
"""

import functools
import hashlib
import random
from dataclasses import dataclass

from rast_bench.zoo.problems import Split

MARKS = 23  # prime, so that multiplying loses nothing and all answers are about equally frequent
TURNS = (*(f"+{addend}" for addend in range(1, 10)), *(f"*{factor}" for factor in range(2, 6)))
DIALS = ("Red", "Blue", "Green", "Gold", "Black")
EXCEPTIONS = 0.5  # of all codes
GEMS = (
    *("agate", "amber", "beryl", "coral", "flint", "garnet", "ivory", "jade", "jasper", "jet"),
    *("lapis", "mica", "onyx", "opal", "pearl", "quartz", "ruby", "sapphire", "slate", "spinel"),
    *("topaz", "zircon", "copper", "silver", "bronze", "iron", "nickel", "cobalt", "zinc", "lead"),
    *("tin", "steel", "gold", "chalk", "clay", "marble", "granite", "basalt", "cedar", "ebony"),
    *("teak", "oak", "pine", "ash", "birch", "maple", "walnut", "olive", "willow", "bamboo"),
    *("silk", "wool", "linen", "cotton", "velvet", "felt", "glass", "brick", "slag", "pumice"),
    *("tar", "wax", "amethyst", "citrine", "cork", "horn", "bone", "shell", "horsehair", "hemp"),
    *("jute", "leather", "paper", "resin", "rubber", "salt", "sand", "straw", "sulphur", "tufa"),
)
TOWNS = (
    *("Oslo", "Rome", "Bern", "Lima", "Cairo", "Delhi", "Kyoto", "Paris", "Quito", "Riga"),
    *("Sofia", "Tunis", "Vaduz", "Accra", "Baku", "Dakar", "Hanoi", "Lagos", "Minsk", "Osaka"),
    *("Perth", "Seoul", "Turin", "Ulm", "Varna", "Wuhan", "York", "Zagreb", "Aden", "Bari"),
    *("Cork", "Dover", "Essen", "Faro", "Ghent", "Izmir", "Jena", "Kiel", "Linz", "Malmo"),
    *("Nice", "Oran", "Pisa", "Reims", "Split", "Tartu", "Utica", "Vigo", "Wells", "Xanten"),
    *("Yalta", "Zadar", "Arles", "Basel", "Cusco", "Delft", "Evora", "Fez", "Gaza", "Hull"),
    *("Ibiza", "Jaffa", "Kobe", "Leeds", "Memel", "Nancy", "Omsk", "Padua", "Quebec", "Rouen"),
    *("Salem", "Tampa", "Udine", "Verdun", "Worms", "Xian", "Yuma", "Zurich", "Amman", "Brest"),
)

Code = tuple[str, str]  # gem, town


def hashed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")


def rule_number(gem: str) -> int:
    """Return the number of every code of `gem` that is no exception."""
    return hashed(f"rule {gem}") % MARKS


@functools.cache
def code_number(code: Code) -> int:
    """Return the number of a code, 0 … MARKS − 1."""
    words = " ".join(code)
    if hashed(f"exception {words}") % 1000 < EXCEPTIONS * 1000:
        return hashed(f"number {words}") % MARKS
    return rule_number(code[0])


def turned(value: int, turn: str) -> int:
    """Return the position after `turn` ("+7", "*3")."""
    operand = int(turn[1:])
    return (value + operand if turn[0] == "+" else value * operand) % MARKS


@dataclass(frozen=True, slots=True)
class Dial:
    """A dial as a problem tells it: `Red ruby Oslo . Red-1 +7 Red-2 *3 .`"""

    name: str
    start: int
    turns: tuple[str, ...]
    code: Code | None = None  # whose number `start` is

    @property
    def told(self) -> str:
        """Return the start as the problem tells it."""
        return " ".join(self.code) if self.code else str(self.start)

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the turns' labels, by which a solution finds them in the problem."""
        if len(self.turns) == 1:
            return (f"{self.name}-turn",)
        return tuple(f"{self.name}-{i}" for i in range(1, len(self.turns) + 1))

    @property
    def labelled(self) -> str:
        """Return `Red-1 +7 Red-2 *3`."""
        pairs = zip(self.labels, self.turns, strict=True)
        return " ".join(f"{label} {turn}" for label, turn in pairs)

    @property
    def question(self) -> str:
        return f"{self.name} {self.told} . {self.labelled} ."

    @property
    def answer(self) -> int:
        return functools.reduce(turned, self.turns, self.start)

    @property
    def key(self) -> str:
        return f"{self.start} {' '.join(self.turns)}"


@dataclass(frozen=True, slots=True)
class DialProblem:
    dials: tuple[Dial, ...]

    @property
    def question(self) -> str:
        return " ".join(dial.question for dial in self.dials)

    @property
    def gold(self) -> str:
        return ",".join(f"{dial.name}={dial.answer}" for dial in self.dials)


@dataclass(frozen=True, slots=True)
class Difficulty:
    """Each of `dials` starts at a code with probability `codes`; half of them turn twice."""

    name: str
    dials: int
    codes: float


DIFFICULTIES = {
    "easy": Difficulty("easy", 3, 0.0),
    "medium": Difficulty("medium", 3, 0.5),
    "hard": Difficulty("hard", 3, 1.0),
    "olympiad": Difficulty("olympiad", 5, 1.0),
}


def split_of(key: str) -> Split:
    """Return the split of a key: 10 % test, 5 % dev."""
    bucket = hashed(key) % 20
    if bucket < 2:
        return "test"
    return "dev" if bucket == 2 else "train"


def random_code(rng: random.Random) -> Code:
    return rng.choice(GEMS), rng.choice(TOWNS)


def random_turns(rng: random.Random, count: int) -> tuple[str, ...]:
    return tuple(rng.choice(TURNS) for _ in range(count))


def random_dial(rng: random.Random, name: str, codes: float, split: Split) -> Dial:
    """Return a dial that starts at a code with probability `codes`; if it turns twice, it is of
    `split`.
    """
    turns = rng.choice((1, 2))
    while True:
        code = random_code(rng) if rng.random() < codes else None
        start = rng.randrange(MARKS) if code is None else code_number(code)
        dial = Dial(name, start, random_turns(rng, turns), code)
        if turns == 1 or split_of(dial.key) == split:
            return dial


def random_problem(rng: random.Random, difficulty: Difficulty, split: Split) -> DialProblem:
    """Return one problem; equal states of `rng` give equal problems."""
    while True:
        names = sorted(rng.sample(DIALS, difficulty.dials), key=DIALS.index)
        dials = tuple(random_dial(rng, name, difficulty.codes, split) for name in names)
        if split_of(" | ".join(sorted(dial.key for dial in dials))) == split:
            return DialProblem(dials)


def benchmark(difficulty: Difficulty, split: Split, size: int, seed: int) -> list[DialProblem]:
    """Return `size` distinct problems for evaluation."""
    rng = random.Random(f"{seed}/dials/{difficulty.name}/{split}")
    chosen: dict[DialProblem, None] = {}
    while len(chosen) < size:
        chosen[random_problem(rng, difficulty, split)] = None
    return list(chosen)
