r"""Exact values as LaTeX: integers, fractions, polynomials and surds in several notations."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from random import Random

from answer_pairs.made import Written

Coefficients = tuple[Fraction, ...]
"""Of a polynomial, from the constant upwards."""

ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
ONES += "fifteen sixteen seventeen eighteen nineteen"
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"


def nonzero(rng: Random, low: int, high: int, *, but: Sequence[int] = ()) -> int:
    return rng.choice([n for n in range(low, high + 1) if n != 0 and n not in but])


def in_words(number: int) -> str:
    """From 0 to 99."""
    if number < 20:
        return ONES.split()[number]
    tens = TENS.split()[number // 10 - 2]
    return f"{tens}-{ONES.split()[number % 10]}" if number % 10 else tens


def grouped(number: int, separator: str) -> str:
    return f"{number:,}".replace(",", separator)


def integer_notations(number: int) -> list[Written]:
    """Return the same integer in other notations."""
    made = [
        Written("decimal zero", f"{number}.0", f"{number}.0"),
        Written("parentheses", f"\\left({number}\\right)"),
        Written("unreduced fraction", f"\\frac{{{3 * number}}}{{3}}"),
        Written("sum", f"{number - 7} + 7"),
        Written("bold", f"\\mathbf{{{number}}}"),
        Written("text", f"\\text{{{number}}}"),
    ]
    if abs(number) >= 1000:
        made += [
            Written("commas", f"{number:,}", f"{number:,}"),
            Written("braced commas", grouped(number, "{,}")),
            Written("thin spaces", grouped(number, "\\,")),
            Written("negative thin spaces", grouped(number, ",\\!")),
        ]
    if 0 <= number < 100:
        made.append(Written("words", f"\\text{{{in_words(number)}}}", in_words(number)))
    factor = next((f for f in (2, 3, 5, 7) if number and number % f == 0), None)
    if factor:
        made.append(Written("product", f"{factor} \\cdot {bracketed(number // factor)}"))
        made.append(Written("times", f"{factor} \\times {bracketed(number // factor)}"))
    return made


def bracketed(number: int | Fraction) -> str:
    """With parentheses where it is negative."""
    return f"({fraction(number)})" if number < 0 else fraction(number)


def fraction(value: int | Fraction, command: str = "frac") -> str:
    """In lowest terms, the sign before the fraction."""
    value = Fraction(value)
    if value.denominator == 1:
        return str(value.numerator)
    sign = "-" if value < 0 else ""
    return f"{sign}\\{command}{{{abs(value.numerator)}}}{{{value.denominator}}}"


def terminates(value: Fraction) -> bool:
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1


def decimal(value: Fraction) -> str:
    """Return all digits of a fraction that terminates."""
    places = 0
    while (value * 10**places).denominator != 1:
        places += 1
    digits = str(abs(int(value * 10**places))).rjust(places + 1, "0")
    whole, rest = digits[: len(digits) - places], digits[len(digits) - places :]
    return ("-" if value < 0 else "") + whole + (f".{rest}" if rest else "")


def recurring(value: Fraction) -> tuple[str, str] | None:
    """Digits before and inside the period, of a positive fraction; None if it terminates."""
    whole, rest = divmod(value.numerator, value.denominator)
    digits = ""
    seen: dict[int, int] = {}
    while rest and rest not in seen:
        seen[rest] = len(digits)
        digit, rest = divmod(rest * 10, value.denominator)
        digits += str(digit)
    if not rest:
        return None
    return f"{whole}.{digits[: seen[rest]]}", digits[seen[rest] :]


def signed_sum(terms: Sequence[tuple[Fraction, str]]) -> str:
    """Terms of a coefficient and a factor ("" for a constant), zeros left out."""
    text = ""
    for coefficient, factor in terms:
        if coefficient == 0:
            continue
        size = fraction(abs(coefficient))
        size = "" if size == "1" and factor else size
        sign = "-" if coefficient < 0 else "+"
        if text:
            text += f" {sign} {size}{factor}"
        else:
            text = f"{'-' if coefficient < 0 else ''}{size}{factor}"
    return text or "0"


def monomial(variable: str, exponent: int) -> str:
    if exponent == 0:
        return ""
    return variable if exponent == 1 else f"{variable}^{{{exponent}}}"


def polynomial(coefficients: Coefficients, variable: str, *, ascending: bool = False) -> str:
    terms = [(c, monomial(variable, exponent)) for exponent, c in enumerate(coefficients)]
    return signed_sum(terms if ascending else terms[::-1])


def times(left: Coefficients, right: Coefficients) -> Coefficients:
    product = [Fraction(0)] * (len(left) + len(right) - 1)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            product[i + j] += a * b
    return tuple(product)


def with_roots(lead: int, roots: Sequence[int]) -> Coefficients:
    product: Coefficients = (Fraction(lead),)
    for root in roots:
        product = times(product, (Fraction(-root), Fraction(1)))
    return product


def factored(lead: int, roots: Sequence[int], variable: str) -> str:
    text = "" if lead == 1 else "-" if lead == -1 else str(lead)
    counts: Mapping[int, int] = {root: roots.count(root) for root in roots}
    for root, count in counts.items():
        factor = variable if root == 0 else f"({variable} {'-' if root > 0 else '+'} {abs(root)})"
        text += factor if count == 1 else f"{factor}^{{{count}}}"
    return text
