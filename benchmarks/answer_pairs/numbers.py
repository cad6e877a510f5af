r"""Makers of numbers: exact integers of all sizes, fractions, decimals, surds, complex numbers."""

from fractions import Fraction
from math import comb, factorial, gcd
from random import Random

from answer_pairs.made import Made, Maker, Written
from answer_pairs.notation import (
    decimal,
    fraction,
    grouped,
    integer_notations,
    nonzero,
    recurring,
    signed_sum,
    terminates,
)

SQUARE_FREE = (2, 3, 5, 6, 7, 10, 11, 13, 14, 15, 17, 19)


def digit_changed(rng: Random, number: int) -> int:
    """Another digit at one place, the sign and the number of digits kept."""
    digits = list(str(abs(number)))
    place = rng.randrange(len(digits))
    least = "1" if place == 0 and len(digits) > 1 else "0"
    digits[place] = rng.choice([d for d in "0123456789" if d != digits[place] and d >= least])
    return int("".join(digits)) * (-1 if number < 0 else 1)


def integer(rng: Random) -> Made:
    size = rng.choice((10, 100, 1000, 10**5, 10**7, 10**12))
    number = nonzero(rng, -9, 9) if size == 10 else rng.randrange(size // 10, size)
    if size > 10 and rng.random() < 0.3:
        number = -number
    wrong = [
        Written("off by one", str(number + 1), str(number + 1)),
        Written("off by one", str(number - 1), str(number - 1)),
        Written("sign", str(-number), str(-number)),
        Written("digit", str(changed := digit_changed(rng, number)), str(changed)),
        Written("ten times", str(number * 10), f"{number * 10:,}"),
        Written("extra element", f"{number}, {number + 1}"),
        Written("extra element", f"{number} \\text{{ or }} {number + 3}"),
        Written("both signs", f"\\pm {abs(number)}"),
        Written("inequality", f"x > {number}"),
        Written("factor of an unknown", f"{number}x"),
        Written("power of an unknown", f"x^{{{number}}}"),
    ]
    digits = str(abs(number))
    if len(digits) > 1 and digits[0] != digits[1] and digits[1] != "0":
        swapped = digits[1] + digits[0] + digits[2:]
        wrong.append(Written("digits swapped", f"{'-' if number < 0 else ''}{swapped}"))
    if len(digits) > 2:
        wrong.append(Written("digit missing", f"{'-' if number < 0 else ''}{digits[:-1]}"))
    if 2 < abs(number) < 20:
        wrong.append(Written("square", f"{abs(number)}^2"))
    if 3 <= number < 20:
        wrong.append(Written("factorial", f"{number}!"))
    named = Written("named", f"{rng.choice('xnkm')} = {number}")
    gold = grouped(number, rng.choice((",", "{,}", "\\,"))) if rng.random() < 0.2 else str(number)
    return Made(gold, [*integer_notations(number), named], wrong)


def power(rng: Random) -> Made:
    base, exponent = rng.randint(2, 13), rng.randint(20, 120)
    shift = rng.choice((0, 0, 1, -1, 7))
    tail = "" if shift == 0 else f" {'+' if shift > 0 else '-'} {abs(shift)}"
    value = base**exponent + shift
    right = [
        Written("digits", str(value), str(value)),
        Written("digits with commas", grouped(value, "{,}")),
        Written("factor taken out", f"{base} \\cdot {base}^{{{exponent - 1}}}{tail}"),
        Written("times", f"{base}^{{{exponent - 2}}} \\times {base**2}{tail}"),
    ]
    if exponent % 2 == 0:
        right.append(Written("other base", f"{base**2}^{{{exponent // 2}}}{tail}"))
        right.append(Written("power of a power", f"({base}^{{{exponent // 2}}})^2{tail}"))
    if shift:
        right.append(Written("terms swapped", f"{shift} + {base}^{{{exponent}}}"))
    off = shift + rng.choice((1, -1))
    off_tail = "" if off == 0 else f" {'+' if off > 0 else '-'} {abs(off)}"
    wrong = [
        Written("off by one", f"{base}^{{{exponent}}}{off_tail}"),
        Written("off by one", str(value + rng.choice((1, -1)))),
        Written("digit", str(digit_changed(rng, value))),
        Written("exponent", f"{base}^{{{exponent + 1}}}{tail}"),
        Written("exponent", f"{base}^{{{exponent - 1}}}{tail}"),
        Written("base", f"{base + 1}^{{{exponent}}}{tail}"),
        Written("sign", f"-{base}^{{{exponent}}}{tail}"),
        Written("product for power", f"{base} \\cdot {exponent}{tail}"),
    ]
    return Made(f"{base}^{{{exponent}}}{tail}", right, wrong)


def factorials(rng: Random) -> Made:
    n = rng.randint(12, 60)
    value = factorial(n)
    right = [
        Written("digits", str(value), str(value)),
        Written("digits with commas", grouped(value, "{,}")),
        Written("factor taken out", f"{n} \\cdot {n - 1}!"),
        Written("factor taken out", f"({n - 1})! \\times {n}"),
        Written("quotient", f"\\frac{{{n + 1}!}}{{{n + 1}}}"),
    ]
    wrong = [
        Written("off by one", str(value + 1)),
        Written("off by one", f"{n}! - 1"),
        Written("argument", f"{n + 1}!"),
        Written("argument", f"({n - 1})!"),
        Written("digit", str(digit_changed(rng, value))),
        Written("no factorial", str(n)),
        Written("halved", f"\\frac{{{n}!}}{{2}}"),
    ]
    return Made(f"{n}!", right, wrong)


def binomial(rng: Random) -> Made:
    n = rng.randint(8, 60)
    k = rng.choice([k for k in range(2, n - 1) if 2 * k != n])
    value = comb(n, k)
    right = [
        Written("value", str(value), f"{value:,}"),
        Written("symmetry", f"\\binom{{{n}}}{{{n - k}}}"),
        Written("dbinom", f"\\dbinom{{{n}}}{{{k}}}"),
        Written("choose", f"{{{n} \\choose {k}}}"),
        Written("factorials", f"\\frac{{{n}!}}{{{k}!\\,{n - k}!}}"),
        Written("factorials", f"\\frac{{{n}!}}{{{k}! ({n} - {k})!}}"),
        Written("subscripts", f"{{}}_{{{n}}}C_{{{k}}}"),
    ]
    wrong = [
        Written("off by one", str(value + 1)),
        Written("off by one", f"\\binom{{{n}}}{{{k}}} - 1"),
        Written("lower", f"\\binom{{{n}}}{{{k + 1 if k + 1 != n - k else k + 2}}}"),
        Written("upper", f"\\binom{{{n + 1}}}{{{k}}}"),
        Written("permutations", f"\\frac{{{n}!}}{{{n - k}!}}"),
        Written("fraction", f"\\frac{{{n}}}{{{k}}}"),
        Written("digit", str(digit_changed(rng, value))),
    ]
    return Made(f"\\binom{{{n}}}{{{k}}}", right, wrong)


def repunit(rng: Random) -> Made:
    length = rng.randint(15, 60)
    right = [
        Written("digits", "1" * length),
        Written("two fractions", f"\\frac{{10^{{{length}}}}}{{9}} - \\frac{{1}}{{9}}"),
    ]
    wrong = [
        Written("digit", "1" * (length - 1) + "2"),
        Written("digit missing", "1" * (length - 1)),
        Written("term missing", f"\\frac{{10^{{{length}}}}}{{9}}"),
        Written("sign", f"\\frac{{10^{{{length}}} + 1}}{{9}}"),
    ]
    return Made(f"\\frac{{10^{{{length}}} - 1}}{{9}}", right, wrong)


def rational(rng: Random) -> Made:
    bottom = rng.randint(2, 40)
    top = rng.choice([n for n in range(1, 90) if gcd(n, bottom) == 1])
    value = Fraction(top * rng.choice((1, 1, -1)), bottom)
    sign = "-" if value < 0 else ""
    scale = rng.randint(2, 9)
    right = [
        Written("dfrac", fraction(value, "dfrac")),
        Written("tfrac", fraction(value, "tfrac")),
        Written("slash", f"{sign}{top}/{bottom}", f"{sign}{top}/{bottom}"),
        Written("unreduced", f"{sign}\\frac{{{top * scale}}}{{{bottom * scale}}}"),
        Written("division sign", f"{sign}{top} \\div {bottom}"),
        Written("spaces", f"{sign} \\frac {{{top}}} {{{bottom}}}"),
        Written("parentheses", f"\\left( {fraction(value)} \\right)"),
        Written("named", f"x = {fraction(value)}"),
        Written("sum", f"{fraction(value - 1)} + 1"),
        Written("product", f"{fraction(Fraction(1, bottom))} \\cdot ({sign}{top})"),
    ]
    if value < 0:
        right.append(Written("sign inside", f"\\frac{{-{top}}}{{{bottom}}}"))
        right.append(Written("sign below", f"\\frac{{{top}}}{{-{bottom}}}"))
    if top < 10 and bottom < 10:
        right.append(Written("no braces", f"{sign}\\frac{top}{bottom}"))
    whole = abs(value).__floor__()
    if value > 1:
        rest = value - whole
        mixed = f"{whole} {rest.numerator}/{rest.denominator}"
        right.append(Written("mixed number", f"{whole}{fraction(rest)}", mixed))
    if terminates(value):
        right.append(Written("decimal", decimal(value), decimal(value)))
        right.append(Written("percent", f"{decimal(value * 100)}\\%"))
    if value > 0 and (digits := recurring(value)) and len(digits[1]) <= 6:
        right.append(Written("recurring", f"{digits[0]}\\overline{{{digits[1]}}}"))
    others = [
        ("reciprocal", 1 / value),
        ("sign", -value),
        ("numerator", Fraction(value.numerator + 1, bottom)),
        ("denominator", Fraction(value.numerator, bottom + 1)),
        ("off by one", value + 1),
        ("off by one", value - 1),
        ("numerator alone", Fraction(value.numerator)),
        ("square", value * value),
    ]
    wrong = [Written(change, fraction(other)) for change, other in others if other != value]
    if terminates(value):
        last = Fraction(1, 10 ** max(2, len(decimal(value).partition(".")[2])))
        wrong.append(Written("last digit", decimal(value + last)))
    return Made(fraction(value), right, wrong)


def decimals(rng: Random) -> Made:
    places = rng.randint(1, 4)
    top = rng.choice([n for n in range(1, 10**places * 20) if n % 10])
    value = Fraction(top, 10**places)
    value = -value if rng.random() < 0.2 else value
    text = decimal(value)
    right = [
        Written("trailing zero", f"{text}0", f"{text}0"),
        Written("fraction", fraction(value)),
        Written("unreduced", f"{'-' if value < 0 else ''}\\frac{{{top}}}{{{10**places}}}"),
        Written("scientific", f"{decimal(value / 10)} \\times 10^{{1}}"),
        Written("named", f"x = {text}"),
    ]
    if abs(value) < 1:
        right.append(Written("no leading zero", text.replace("0.", ".", 1)))
    unit = Fraction(1, 10**places)
    wrong = [
        Written("last digit", decimal(value + unit), decimal(value + unit)),
        Written("point shifted", decimal(value / 10), decimal(value / 10)),
        Written("point shifted", decimal(value * 1000)),
        Written("sign", decimal(-value)),
        Written("off by one", decimal(value + 1)),
    ]
    return Made(text, right, wrong)


def scientific(rng: Random) -> Made:
    lead, exponent = Fraction(rng.randint(11, 99), 10), nonzero(rng, -9, 12, but=(1, -1))
    value = lead * Fraction(10) ** exponent
    text = f"{decimal(lead)} \\times 10^{{{exponent}}}"
    right = [
        Written("dot", f"{decimal(lead)} \\cdot 10^{{{exponent}}}"),
        Written("mantissa shifted", f"{decimal(lead * 10)} \\times 10^{{{exponent - 1}}}"),
        Written("digits", decimal(value), decimal(value)),
        Written("e", f"{decimal(lead)}e{exponent}", f"{decimal(lead)}e{exponent}"),
    ]
    wrong = [
        Written("exponent", f"{decimal(lead)} \\times 10^{{{exponent + 1}}}"),
        Written("exponent", f"{decimal(lead)} \\times 10^{{{exponent - 1}}}"),
        Written("exponent's sign", f"{decimal(lead)} \\times 10^{{{-exponent}}}"),
        Written("sign", f"-{decimal(lead)} \\times 10^{{{exponent}}}"),
        Written("mantissa", f"{decimal(lead + Fraction(1, 2))} \\times 10^{{{exponent}}}"),
        Written("power missing", decimal(lead)),
    ]
    return Made(text, right, wrong)


def surd(rng: Random) -> Made:
    under, factor = rng.choice(SQUARE_FREE), rng.randint(2, 15)
    gold = f"{factor}\\sqrt{{{under}}}"
    right = [
        Written("factor inside", f"\\sqrt{{{factor**2 * under}}}"),
        Written("factor behind", f"\\sqrt{{{under}}} \\cdot {factor}"),
        Written("times", f"{factor} \\times \\sqrt{{{under}}}"),
        Written("power", f"{factor} \\cdot {under}^{{1/2}}"),
        Written("root below", f"\\frac{{{factor * under}}}{{\\sqrt{{{under}}}}}"),
        Written("square root", f"{factor}\\sqrt[2]{{{under}}}"),
        Written("two roots", f"{factor - 1}\\sqrt{{{under}}} + \\sqrt{{{under}}}"),
        Written("sign of a root", f"{factor}√{under}", f"{factor}√{under}"),
    ]
    if under < 10:
        right.append(Written("no braces", f"{factor}\\sqrt {under}"))
    wrong = [
        Written("under the root", f"{factor}\\sqrt{{{under + 1}}}"),
        Written("factor", f"{factor + 1}\\sqrt{{{under}}}"),
        Written("sign", f"-{gold}"),
        Written("root missing", str(factor * under)),
        Written("cube root", f"{factor}\\sqrt[3]{{{under}}}"),
        Written("factor inside", f"\\sqrt{{{factor * under}}}"),
        Written("both signs", f"\\pm {gold}"),
        Written("factor missing", f"\\sqrt{{{under}}}"),
    ]
    return Made(gold, right, wrong)


def surd_sum(rng: Random) -> Made:
    under = rng.choice(SQUARE_FREE)
    a, b, c = nonzero(rng, -9, 9), nonzero(rng, -9, 9, but=(1, -1)), rng.choice((2, 3, 4, 5, 7))
    root = f"\\sqrt{{{under}}}"
    top = signed_sum([(Fraction(a), ""), (Fraction(b), root)])
    norm = Fraction(a * a - b * b * under)  # never 0: `under` is no square
    conjugate = signed_sum([(Fraction(a), ""), (Fraction(-b), root)])
    right = [
        Written(
            "terms swapped",
            f"\\frac{{{signed_sum([(Fraction(b), root), (Fraction(a), '')])}}}{{{c}}}",
        ),
        Written("two fractions", signed_sum([(Fraction(a, c), ""), (Fraction(b, c), root)])),
        Written("factor before", f"\\frac{{1}}{{{c}}}\\left({top}\\right)"),
        Written("slash", f"({top})/{c}"),
        Written(
            "root below",
            f"\\frac{{{fraction(norm)}}}{{{c}({conjugate})}}",
        ),
    ]

    def other(x: int, y: int, z: int, inside: int = under) -> str:
        terms = [(Fraction(x), ""), (Fraction(y), f"\\sqrt{{{inside}}}")]
        return f"\\frac{{{signed_sum(terms)}}}{{{z}}}"

    wrong = [
        Written("conjugate", other(a, -b, c)),
        Written("sign", other(-a, -b, c)),
        Written("off by one", other(a + 1, b, c)),
        Written("denominator", other(a, b, c + 1)),
        Written("under the root", other(a, b, c, under + 1)),
        Written("denominator missing", top),
    ]
    return Made(f"\\frac{{{top}}}{{{c}}}", right, wrong)


def complex_number(rng: Random) -> Made:
    p, q, r, s = (nonzero(rng, -6, 6) for _ in range(4))
    a, b = p * r - q * s, p * s + q * r
    if a == 0 or b == 0 or abs(a) == abs(b):
        return complex_number(rng)

    def text(x: int | Fraction, y: int | Fraction) -> str:
        return signed_sum([(Fraction(x), ""), (Fraction(y), "i")])

    norm = a * a + b * b
    right = [
        Written("terms swapped", signed_sum([(Fraction(b), "i"), (Fraction(a), "")])),
        Written("product", f"({text(p, q)})({text(r, s)})"),
        Written("upright unit", signed_sum([(Fraction(a), ""), (Fraction(b), "\\mathrm{i}")])),
        Written("factor i", f"i({text(b, -a)})"),
        Written("quotient", f"\\frac{{{norm}}}{{{text(a, -b)}}}"),
        Written("named", f"z = {text(a, b)}"),
    ]
    wrong = [
        Written("conjugate", text(a, -b)),
        Written("sign", text(-a, -b)),
        Written("parts swapped", text(b, a)),
        Written("off by one", text(a + 1, b)),
        Written("off by one", text(a, b + 2) if b != -1 else text(a, b - 2)),
        Written("imaginary unit missing", str(a + b)),
        Written("part missing", str(a)),
    ]
    return Made(text(a, b), right, wrong)


def multiple_of_pi(rng: Random) -> Made:
    value = Fraction(rng.randint(2, 30), rng.choice((1, 2, 3, 4, 5, 6, 8, 12)))
    if value == 1:
        return multiple_of_pi(rng)

    def text(x: Fraction) -> str:
        top = "" if abs(x.numerator) == 1 else str(abs(x.numerator))
        sign = "-" if x < 0 else ""
        whole = f"{top}\\pi"
        return sign + (whole if x.denominator == 1 else f"\\frac{{{whole}}}{{{x.denominator}}}")

    right = [
        Written("factor before", f"{fraction(value)}\\pi"),
        Written("factor behind", f"\\pi \\cdot {fraction(value)}"),
        Written("unreduced", f"\\frac{{{2 * value.numerator}\\pi}}{{{2 * value.denominator}}}"),
        Written("sign for pi", text(value).replace("\\pi", "π")),
        Written("sum", f"{text(value + 1)} - \\pi"),
    ]
    wrong = [
        Written("pi missing", fraction(value)),
        Written("off by one", text(value + 1)),
        Written("sign", text(-value)),
        Written("square of pi", text(value).replace("\\pi", "\\pi^2")),
        Written("doubled", text(2 * value)),
        Written("rounded to an integer", str(round(float(value) * 3.14159))),
    ]
    return Made(text(value), right, wrong)


def logarithm(rng: Random) -> Made:
    base, argument = rng.sample((2, 3, 5, 6, 7, 10, 11, 12), 2)
    right = [
        Written("natural", f"\\frac{{\\ln {argument}}}{{\\ln {base}}}"),
        Written("natural", f"\\frac{{\\ln({argument})}}{{\\ln({base})}}"),
        Written("both squared", f"\\log_{{{base**2}}} {argument**2}"),
        Written("reciprocal", f"\\frac{{1}}{{\\log_{{{argument}}} {base}}}"),
        Written("parentheses", f"\\log_{{{base}}}\\left({argument}\\right)"),
        Written("half of the square", f"\\frac{{1}}{{2}}\\log_{{{base}}} {argument**2}"),
    ]
    wrong = [
        Written("base and argument swapped", f"\\log_{{{argument}}} {base}"),
        Written("argument", f"\\log_{{{base}}} {argument + 1}"),
        Written("base", f"\\log_{{{base + 2}}} {argument}"),
        Written("sign", f"-\\log_{{{base}}} {argument}"),
        Written("natural", f"\\ln {argument}"),
        Written("difference for quotient", f"\\ln {argument} - \\ln {base}"),
        Written("fraction", f"\\frac{{{argument}}}{{{base}}}"),
    ]
    return Made(f"\\log_{{{base}}} {argument}", right, wrong)


TRIGONOMETRY = (
    # function, degrees, multiple of pi, value; and what the other function gives there
    ("sin", 30, "\\frac{\\pi}{6}", "\\frac{1}{2}", "\\frac{\\sqrt{3}}{2}"),
    ("cos", 30, "\\frac{\\pi}{6}", "\\frac{\\sqrt{3}}{2}", "\\frac{1}{2}"),
    ("sin", 60, "\\frac{\\pi}{3}", "\\frac{\\sqrt{3}}{2}", "\\frac{1}{2}"),
    ("cos", 60, "\\frac{\\pi}{3}", "\\frac{1}{2}", "\\frac{\\sqrt{3}}{2}"),
    ("cos", 120, "\\frac{2\\pi}{3}", "-\\frac{1}{2}", "\\frac{\\sqrt{3}}{2}"),
    ("sin", 240, "\\frac{4\\pi}{3}", "-\\frac{\\sqrt{3}}{2}", "-\\frac{1}{2}"),
    ("tan", 30, "\\frac{\\pi}{6}", "\\frac{\\sqrt{3}}{3}", "\\sqrt{3}"),
    ("tan", 60, "\\frac{\\pi}{3}", "\\sqrt{3}", "\\frac{\\sqrt{3}}{3}"),
    (
        "sin",
        75,
        "\\frac{5\\pi}{12}",
        "\\frac{\\sqrt{6}+\\sqrt{2}}{4}",
        "\\frac{\\sqrt{6}-\\sqrt{2}}{4}",
    ),
    (
        "sin",
        15,
        "\\frac{\\pi}{12}",
        "\\frac{\\sqrt{6}-\\sqrt{2}}{4}",
        "\\frac{\\sqrt{6}+\\sqrt{2}}{4}",
    ),
)


def trigonometric(rng: Random) -> Made:
    name, degrees, angle, value, other = rng.choice(TRIGONOMETRY)
    opposite = value[1:] if value.startswith("-") else f"-{value}"
    right = [
        Written("function", f"\\{name} {angle}"),
        Written("function", f"\\{name}\\left({angle}\\right)"),
        Written("degrees", f"\\{name} {degrees}^\\circ"),
        Written("degrees", f"\\{name}({degrees}^{{\\circ}})"),
        Written("period", f"\\{name}({degrees + 360}^\\circ)"),
    ]
    wrong = [
        Written("other function", other),
        Written("sign", opposite),
        Written("sign", f"-\\{name} {degrees}^\\circ"),
        Written("angle", f"\\{name} {degrees + 1}^\\circ"),
        Written("square", f"\\{name}^2 {degrees}^\\circ"),
    ]
    return Made(value, right, wrong)


NUMBERS: dict[str, Maker] = {
    "integer": integer,
    "power": power,
    "factorial": factorials,
    "binomial": binomial,
    "repunit": repunit,
    "fraction": rational,
    "decimal": decimals,
    "scientific notation": scientific,
    "surd": surd,
    "sum with a surd": surd_sum,
    "complex number": complex_number,
    "multiple of pi": multiple_of_pi,
    "logarithm": logarithm,
    "trigonometric value": trigonometric,
}
