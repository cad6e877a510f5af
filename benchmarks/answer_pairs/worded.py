r"""Makers of answers with words: times, dates, quantities, choices, text."""

from fractions import Fraction
from random import Random

from answer_pairs.made import Made, Maker, Written
from answer_pairs.notation import decimal, fraction, grouped, nonzero

# Unit, its names, and how many of the base unit of its dimension it is.
UNITS: dict[str, tuple[tuple[str, str, Fraction], ...]] = {
    "length": (
        ("mm", "millimeters", Fraction(1, 1000)),
        ("cm", "centimeters", Fraction(1, 100)),
        ("m", "meters", Fraction(1)),
        ("km", "kilometers", Fraction(1000)),
    ),
    "mass": (
        ("mg", "milligrams", Fraction(1, 1000)),
        ("g", "grams", Fraction(1)),
        ("kg", "kilograms", Fraction(1000)),
    ),
    "time": (
        ("s", "seconds", Fraction(1)),
        ("min", "minutes", Fraction(60)),
        ("hours", "hours", Fraction(3600)),
    ),
    "area": (
        ("cm^2", "square centimeters", Fraction(1, 10000)),
        ("m^2", "square meters", Fraction(1)),
    ),
    "volume": (
        ("mL", "milliliters", Fraction(1, 1000)),
        ("L", "liters", Fraction(1)),
    ),
    "energy": (("J", "joules", Fraction(1)), ("kJ", "kilojoules", Fraction(1000))),
}
MONTHS = "January February March April May June July August September October November December"
NAMES = ("Evelyn", "Carla", "Briana", "Marcus", "Angela", "Oliver", "Debra", "Samuel")
PHRASES = ("hyperbola", "parabola", "right triangle", "even", "odd", "east", "blue", "Tuesday")


def unit_text(unit: str) -> str:
    name, _, power = unit.partition("^")
    return f"\\text{{ {name}}}" + (f"^{power}" if power else "")


def quantity(rng: Random) -> Made:
    dimension = rng.choice(list(UNITS))
    (unit, name, size), (other, other_name, other_size) = rng.sample(UNITS[dimension], 2)
    value = Fraction(rng.randint(11, 999), rng.choice((1, 1, 10)))
    converted = value * size / other_size
    foreign = rng.choice([u for d, units in UNITS.items() if d != dimension for u, _, _ in units])
    amount = decimal(value)
    right = [
        Written("upright", f"{amount}\\ \\mathrm{{{unit}}}"),
        Written("name", f"{amount}\\text{{ {name}}}", f"{amount} {name}"),
        Written("space", f"{amount} \\; {unit_text(unit)}"),
        Written("fraction", f"{fraction(value)}{unit_text(unit)}"),
    ]
    if all(p in (2, 5) for p in prime_factors(converted.denominator)):
        right.append(Written("converted", f"{decimal(converted)}{unit_text(other)}"))
        right.append(
            Written(
                "converted",
                f"{decimal(converted)}\\text{{ {other_name}}}",
                f"{decimal(converted)} {other_name}",
            )
        )
    wrong = [
        Written("unit", f"{amount}{unit_text(other)}", f"{amount} {other_name}"),
        Written("dimension", f"{amount}{unit_text(foreign)}"),
        Written(
            "off by one", f"{decimal(value + 1)}{unit_text(unit)}", f"{decimal(value + 1)} {name}"
        ),
        Written("sign", f"-{amount}{unit_text(unit)}"),
        Written("conversion the wrong way", f"{decimal(value * 1000)}{unit_text(unit)}"),
    ]
    if dimension == "length":
        wrong.append(Written("power of the unit", f"{amount}{unit_text(unit)}^2"))
    return Made(f"{amount}{unit_text(unit)}", right, wrong)


def prime_factors(number: int) -> list[int]:
    found = []
    for prime in (2, 3, 5, 7):
        while number % prime == 0:
            found.append(prime)
            number //= prime
    return [*found, number] if number > 1 else found


def speed(rng: Random) -> Made:
    value = rng.randint(2, 90)
    kilometres = decimal(value * Fraction(18, 5))
    right = [
        Written("negative power", f"{value}\\ \\mathrm{{m\\,s^{{-1}}}}"),
        Written("fraction", f"{value}\\ \\frac{{\\text{{m}}}}{{\\text{{s}}}}"),
        Written("words", f"{value}\\text{{ meters per second}}", f"{value} meters per second"),
        Written("converted", f"{kilometres}\\text{{ km/h}}", f"{kilometres} km/h"),
        Written("upright", f"{value}~\\mathrm{{m/s}}"),
    ]
    wrong = [
        Written("unit", f"{value}\\text{{ km/h}}", f"{value} km/h"),
        Written("dimension", f"{value}\\text{{ m}}"),
        Written("dimension", f"{value}\\text{{ m/s}}^2"),
        Written("off by one", f"{value + 1}\\text{{ m/s}}", f"{value + 1} m/s"),
        Written("sign", f"-{value}\\text{{ m/s}}"),
    ]
    return Made(f"{value}\\text{{ m/s}}", right, wrong)


def money(rng: Random) -> Made:
    cents = rng.randint(101, 999999)
    cents += cents % 10 == 0
    dollars, rest = divmod(cents, 100)
    amount = f"{dollars}.{rest:02}"
    right = [
        Written("commas", f"\\${dollars:,}.{rest:02}", f"${dollars:,}.{rest:02}"),
        Written("braced commas", f"\\${grouped(dollars, '{,}')}.{rest:02}"),
        Written("word", f"{amount}\\text{{ dollars}}", f"{amount} dollars"),
        Written("cents", f"{cents}\\text{{ cents}}", f"{cents} cents"),
        Written("USD", f"{amount}\\text{{ USD}}", f"{amount} USD"),
        Written("text", f"\\text{{\\${amount}}}"),
    ]
    wrong = [
        Written(
            "off by one",
            f"\\${dollars}.{rest:02}1" if rest == 99 else f"\\${dollars}.{rest + 1:02}",
        ),
        Written("off by one", f"\\${dollars + 1}.{rest:02}", f"${dollars + 1:,}.{rest:02}"),
        Written("currency", f"{amount}\\text{{ euros}}", f"{amount} euros"),
        Written("currency", f"€{amount}", f"€{amount}"),
        Written("cents for dollars", f"{amount}\\text{{ cents}}", f"{amount} cents"),
        Written("sign", f"-\\${amount}"),
    ]
    return Made(f"\\${amount}", right, wrong)


def percent(rng: Random) -> Made:
    value = Fraction(rng.randint(1, 1999), rng.choice((1, 2, 10)))
    text = decimal(value)
    right = [
        Written("sign for percent", f"{text}\\%", f"{text}%"),
        Written("word", f"{text}\\text{{ percent}}", f"{text} percent"),
        Written("fraction", f"{fraction(value)}\\%"),
        Written("space", f"{text}\\,\\%", f"{text} %"),
        Written("hundredth", decimal(value / 100), decimal(value / 100)),
        Written("trailing zero", f"{text if '.' in text else text + '.'}0\\%"),
    ]
    wrong = [
        Written("hundredth with the sign", f"{decimal(value / 100)}\\%"),
        Written("off by one", f"{decimal(value + 1)}\\%", f"{decimal(value + 1)}%"),
        Written("last digit", f"{decimal(value + Fraction(1, 10))}\\%"),
        Written("ten times", f"{decimal(value * 10)}\\%"),
        Written("sign", f"-{text}\\%", f"-{text}%"),
        Written("per mille of it", decimal(value / 1000)),
    ]
    return Made(f"{text}\\%", right, wrong)


def degrees(rng: Random) -> Made:
    value = rng.randint(2, 179)
    right = [
        Written("braces", f"{value}^{{\\circ}}"),
        Written("word", f"{value}\\text{{ degrees}}", f"{value} degrees"),
        Written("sign for degrees", f"{value}°", f"{value}°"),
        Written("named", f"\\theta = {value}^\\circ"),
    ]
    wrong = [
        Written("off by one", f"{value + 1}^\\circ", f"{value + 1}°"),
        Written("sign", f"-{value}^\\circ"),
        Written("ten times", f"{value * 10}^\\circ"),
        Written("complement", f"{360 - value}^\\circ"),
        Written("power", f"{value}^0"),
    ]
    return Made(f"{value}^\\circ", right, wrong)


def clock(rng: Random) -> Made:
    hour, minute, afternoon = rng.randint(1, 11), rng.randint(0, 59), rng.random() < 0.5
    half, other = ("p.m.", "a.m.") if afternoon else ("a.m.", "p.m.")
    short = half.replace(".", "")
    later = (hour % 11) + 1
    changed = (minute + rng.randint(1, 50)) % 60
    time = f"{hour}:{minute:02}"
    right = [
        Written("capitals", f"{time}\\text{{ {short.upper()}}}", f"{time} {short.upper()}"),
        Written("no points", f"{time}\\text{{ {short}}}", f"{time} {short}"),
        Written("no space", f"\\text{{{time}{short}}}", f"{time}{short}"),
        Written(
            "24 hours",
            f"{hour + 12 * afternoon:02}:{minute:02}",
            f"{hour + 12 * afternoon:02}:{minute:02}",
        ),
        Written("text", f"\\text{{{time} {half}}}", f"{time} {half}"),
    ]
    wrong = [
        Written("half of the day", f"{time}\\text{{ {other}}}", f"{time} {other}"),
        Written("hour", f"{later}:{minute:02}\\text{{ {half}}}", f"{later}:{minute:02} {half}"),
        Written("minute", f"{hour}:{changed:02}\\text{{ {half}}}", f"{hour}:{changed:02} {half}"),
        Written("minute missing", f"{hour}"),
        Written("product", str(hour * 60 + minute)),
    ]
    if minute < 12 and minute and minute != hour:
        wrong.append(Written("hour and minute swapped", f"{minute}:{hour:02}\\text{{ {half}}}"))
    return Made(f"{time}\\text{{ {half}}}", right, wrong)


def clock_without_half(rng: Random) -> Made:
    hour, minute = rng.randint(1, 12), rng.randint(0, 59)
    right = [
        Written("text", f"\\text{{{hour}:{minute:02}}}", f"{hour}:{minute:02}"),
        Written("leading zero", f"{hour:02}:{minute:02}", f"{hour:02}:{minute:02}"),
    ]
    hours = rng.choice([h for h in range(1, 13) if h != hour])
    wrong = [
        Written("hour", f"{hours}:{minute:02}", f"{hours}:{minute:02}"),
        Written("minute", f"{hour}:{(minute + 5) % 60:02}", f"{hour}:{(minute + 5) % 60:02}"),
        Written("minute missing", str(hour)),
    ]
    return Made(f"{hour}:{minute:02}", right, wrong)


def date(rng: Random) -> Made:
    month, day, year = rng.randint(1, 12), rng.randint(13, 27), rng.randint(1900, 2030)
    name = MONTHS.split()[month - 1]
    other = MONTHS.split()[month % 12]
    ending = {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th") if day > 20 else "th"

    def both(change: str, text: str) -> Written:
        return Written(change, f"\\text{{{text}}}", text)

    right = [
        both("day first", f"{day} {name} {year}"),
        both("ordinal", f"{name} {day}{ending}, {year}"),
        both("ISO", f"{year}-{month:02}-{day:02}"),
        both("no comma", f"{name} {day} {year}"),
        both("short month", f"{name[:3]} {day}, {year}"),
    ]
    wrong = [
        both("day", f"{name} {day + 1}, {year}"),
        both("month", f"{other} {day}, {year}"),
        both("year", f"{name} {day}, {year + 1}"),
        both("ISO of another day", f"{year}-{month:02}-{day - 1:02}"),
        both("year alone", f"{year}"),
    ]
    return Made(f"\\text{{{name} {day}, {year}}}", right, wrong)


def duration(rng: Random) -> Made:
    hours, minutes = rng.randint(1, 9), rng.choice((6, 12, 15, 18, 30, 36, 45, 48))
    total = hours * 60 + minutes
    right = [
        Written("minutes", f"{total}\\text{{ minutes}}", f"{total} minutes"),
        Written(
            "hours",
            f"{decimal(Fraction(total, 60))}\\text{{ hours}}",
            f"{decimal(Fraction(total, 60))} hours",
        ),
        Written(
            "and",
            f"\\text{{{hours} hours and {minutes} minutes}}",
            f"{hours} hours and {minutes} minutes",
        ),
    ]
    wrong = [
        Written(
            "digits joined",
            f"{hours}{minutes:02}\\text{{ minutes}}",
            f"{hours}{minutes:02} minutes",
        ),
        Written("off by one", f"{total + 1}\\text{{ minutes}}", f"{total + 1} minutes"),
        Written("minutes missing", f"{hours}\\text{{ hours}}", f"{hours} hours"),
        Written("unit", f"{total}\\text{{ hours}}", f"{total} hours"),
    ]
    return Made(f"{hours}\\text{{ hours }}{minutes}\\text{{ minutes}}", right, wrong)


def ratio(rng: Random) -> Made:
    a, b = rng.choice(
        [
            (p, q)
            for p in range(1, 13)
            for q in range(1, 13)
            if p != q and Fraction(p, q).numerator == p
        ]
    )
    scale = rng.randint(2, 6)
    right = [
        Written("scaled", f"{a * scale}:{b * scale}", f"{a * scale}:{b * scale}"),
        Written("words", f"{a}\\text{{ to }}{b}", f"{a} to {b}"),
        Written("spaces", f"{a} : {b}"),
        Written("text", f"\\text{{{a}:{b}}}"),
    ]
    wrong = [
        Written("swapped", f"{b}:{a}", f"{b}:{a}"),
        Written("off by one", f"{a + 1}:{b}", f"{a + 1} to {b}"),
        Written("third part", f"{a}:{b}:1"),
        Written("sum", str(a + b)),
        Written("one part scaled", f"{a * scale}:{b}"),
    ]
    if b > 1:
        wrong.append(Written("part missing", str(a)))
    return Made(f"{a}:{b}", right, wrong)


def in_base(number: int, base: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, base)
        digits = str(digit) + digits
    return digits


def base_n(rng: Random) -> Made:
    base = rng.choice((2, 3, 4, 5, 6, 7, 8, 9))
    number = rng.randint(base**3, base**6)
    digits, next_digits = in_base(number, base), in_base(number + 1, base)
    named = {
        2: "two",
        3: "three",
        4: "four",
        5: "five",
        6: "six",
        7: "seven",
        8: "eight",
        9: "nine",
    }[base]
    right = [
        Written("braces", f"{digits}_{{{base}}}"),
        Written("word", f"{digits}_{{\\text{{{named}}}}}"),
        Written("parentheses", f"({digits})_{{{base}}}"),
        Written("parentheses below", f"{digits}_{{({base})}}"),
    ]
    wrong = [
        Written("off by one", f"{next_digits}_{{{base}}}"),
        Written("base", f"{digits}_{{{base + 1}}}"),
        Written("digits turned round", f"{digits[::-1]}_{{{base}}}")
        if digits != digits[::-1]
        else Written("digit missing", f"{digits[:-1]}_{{{base}}}"),
        Written("digit missing", f"{digits[1:]}_{{{base}}}"),
        Written("decimal value in this base", f"{number}_{{{base}}}")
        if number != int(digits)
        else Written("base", f"{digits}_{{{base + 2}}}"),
    ]
    return Made(f"{digits}_{base}", right, wrong)


def choice(rng: Random) -> Made:
    letter = rng.choice("ABCDE")
    others = [each for each in "ABCDE" if each != letter]
    other, third = rng.sample(others, 2)
    number = rng.randint(2, 99)
    right = [
        Written("parentheses", f"({letter})", f"({letter})"),
        Written("text", f"\\text{{({letter})}}", f"option {letter}"),
        Written("with its value", f"\\textbf{{({letter})}}\\ {number}"),
        Written("with its value", f"\\text{{{letter}. }} {number}", f"{letter}. {number}"),
        Written("bold", f"\\mathbf{{{letter}}}", f"**{letter}**"),
        Written("point", f"{letter}.", f"{letter}."),
    ]
    wrong = [
        Written("letter", other, other),
        Written("letter", f"({third})", f"({third})"),
        Written("letter with a value", f"\\textbf{{({other})}}\\ {number}"),
        Written("extra element", f"{letter}, {other}", f"{letter} and {other}"),
        Written("lower neighbour", f"\\text{{({third})}}", f"option {third}"),
    ]
    return Made(letter, right, wrong)


def truth(rng: Random) -> Made:
    word, opposite = rng.choice(
        (("True", "False"), ("False", "True"), ("Yes", "No"), ("No", "Yes"))
    )
    right = [
        Written("case", f"\\text{{{word.lower()}}}", word.lower()),
        Written("capitals", f"\\text{{{word.upper()}}}", word.upper()),
        Written("bold", f"\\textbf{{{word}}}", f"**{word}**"),
    ]
    wrong = [
        Written("opposite", f"\\text{{{opposite}}}", opposite),
        Written("opposite", f"\\text{{{opposite.lower()}}}", opposite.lower()),
        Written("letter", opposite[0].lower()),
        Written("letter", rng.choice("xmkz")),
        Written("both", f"\\text{{{word} or {opposite}}}", f"{word} or {opposite}"),
        Written("number", "1" if word in ("False", "No") else "0"),
    ]
    return Made(f"\\text{{{word}}}", right, wrong)


def text(rng: Random) -> Made:
    pool = NAMES if rng.random() < 0.5 else PHRASES
    word, other = rng.sample(list(pool), 2)
    right = [
        Written("plain", f"\\text{{{word}}}", word),
        Written("lower case", f"\\text{{{word.lower()}}}", word.lower()),
        Written("upright", f"\\mathrm{{{word}}}".replace(" ", "\\ ")),
        Written("bold", f"\\textbf{{{word}}}", f"**{word}**"),
        Written("mbox", f"\\mbox{{{word}}}"),
    ]
    wrong = [
        Written("other word", f"\\text{{{other}}}", other),
        Written("extra element", f"\\text{{{word} and {other}}}", f"{word} and {other}"),
        Written("negated", f"\\text{{not {word}}}", f"not {word}"),
        Written("number", str(nonzero(rng, 1, 9))),
        Written("first letter", word[0]),
        Written("prefix", f"\\text{{{word[:-1]}}}", word[:-1]),
    ]
    return Made(f"\\text{{{word}}}", right, wrong)


def no_solution(rng: Random) -> Made:
    gold = rng.choice(("\\text{no solution}", "\\emptyset", "\\text{No solution}"))
    right = [
        Written("words", "\\text{no solution}", "no solution"),
        Written("plural", "\\text{no solutions}", "no solutions"),
        Written("empty set", "\\varnothing"),
        Written("empty set", "\\emptyset"),
        Written("braces", "\\{\\}"),
        Written("sentence", "\\text{There is no solution}", "There is no solution"),
    ]
    wrong = [
        Written("zero", "0", "0"),
        Written("zero", "x = 0"),
        Written("set of zero", "\\{0\\}"),
        Written("everything", "\\mathbb{R}"),
        Written(
            "infinitely many", "\\text{infinitely many solutions}", "infinitely many solutions"
        ),
        Written("one solution", str(nonzero(rng, -9, 9))),
    ]
    return Made(gold, right, wrong)


WORDED: dict[str, Maker] = {
    "quantity": quantity,
    "speed": speed,
    "money": money,
    "percent": percent,
    "degrees": degrees,
    "time of day": clock,
    "time without a half": clock_without_half,
    "date": date,
    "duration": duration,
    "ratio": ratio,
    "base n": base_n,
    "choice": choice,
    "truth value": truth,
    "text": text,
    "no solution": no_solution,
}
