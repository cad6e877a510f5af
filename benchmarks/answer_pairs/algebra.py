r"""Makers of functions of unknowns: polynomials, quotients, absolute values, identities, equations.

Products of polynomials are multiplied out here, in exact fractions; every other identity is one
that schoolbooks state for all real values, with random coefficients put in.
"""

from collections.abc import Sequence
from fractions import Fraction
from random import Random

from answer_pairs.made import Made, Maker, Written
from answer_pairs.notation import (
    Coefficients,
    factored,
    fraction,
    monomial,
    nonzero,
    polynomial,
    signed_sum,
    times,
    with_roots,
)

LETTERS = "xyztnabk"


def linear(a: int | Fraction, b: int | Fraction, variable: str) -> str:
    """a·variable + b"""
    return polynomial((Fraction(b), Fraction(a)), variable)


def polynomials(rng: Random) -> Made:
    variable = rng.choice(LETTERS)
    other = rng.choice([letter for letter in LETTERS if letter != variable])
    lead = rng.choice((1, 1, 1, 2, 3, -1, -2))
    roots = [nonzero(rng, -7, 7) for _ in range(rng.choice((2, 2, 3)))]
    whole = with_roots(lead, roots)
    degree = len(whole) - 1

    def changed(exponent: int, by: int) -> str:
        parts = list(whole)
        parts[exponent] += by
        return polynomial(tuple(parts), variable)

    rest = polynomial(with_roots(1, roots[1:]), variable)
    first = linear(lead, -lead * roots[0], variable)
    shuffled = [(c, monomial(variable, exponent)) for exponent, c in enumerate(whole)]
    rng.shuffle(shuffled)
    right = [
        Written("factored", factored(lead, roots, variable)),
        Written("partly factored", f"({first})({rest})"),
        Written("ascending", polynomial(whole, variable, ascending=True)),
        Written("terms shuffled", signed_sum(shuffled)),
        Written("no spaces", polynomial(whole, variable).replace(" ", "")),
        Written(
            "nested", f"{variable}({polynomial(whole[1:], variable)}) + ({fraction(whole[0])})"
        ),
        Written("cdot", factored(lead, roots, variable).replace(")(", ") \\cdot (")),
    ]
    flipped = [-roots[0], *roots[1:]]
    wrong = [
        Written("coefficient", changed(rng.randrange(1, degree + 1), 1)),
        Written("constant", changed(0, rng.choice((1, -1)))),
        Written("sign", polynomial(tuple(-c for c in whole), variable)),
        Written("constant missing", polynomial((Fraction(0), *whole[1:]), variable)),
        Written("exponent", polynomial((*whole[:-1], Fraction(0), whole[-1]), variable)),
        Written("other variable", polynomial(whole, other)),
        Written("value", fraction(sum(whole))),
        Written("equation", f"{polynomial(whole, variable)} = {sum(whole) + 1}"),
    ]
    if sorted(flipped) != sorted(roots):
        wrong.append(Written("root's sign", factored(lead, flipped, variable)))
    gold = polynomial(whole, variable) if rng.random() < 0.7 else factored(lead, roots, variable)
    return Made(gold, right, wrong)


def high_power(rng: Random) -> Made:
    variable, exponent = rng.choice("xyz"), rng.choice((50, 100, 200, 1000, 2024, 2026))
    constant = rng.choice((0, 1, -1))
    tail = "" if constant == 0 else f" {'+' if constant > 0 else '-'} 1"
    right = [
        Written("power of a power", f"({variable}^{{{exponent // 2}}})^{{2}}{tail}"),
        Written("factor taken out", f"{variable} \\cdot {variable}^{{{exponent - 1}}}{tail}"),
    ]
    if constant:
        right.append(Written("terms swapped", f"{constant} + {variable}^{{{exponent}}}"))
    wrong = [
        Written("exponent", f"{variable}^{{{exponent + 1}}}{tail}"),
        Written("exponent", f"{variable}^{{{exponent - 1}}}{tail}"),
        Written("sign", f"-{variable}^{{{exponent}}}{tail}"),
        Written("constant", f"{variable}^{{{exponent}}} + 2"),
        Written("other variable", f"u^{{{exponent}}}{tail}"),
        Written("factor", f"2{variable}^{{{exponent}}}{tail}"),
    ]
    return Made(f"{variable}^{{{exponent}}}{tail}", right, wrong)


def large_constant(rng: Random) -> Made:
    variable, exponent = rng.choice("xyn"), rng.randint(15, 40)
    gold = f"{variable} + 10^{{{exponent}}}"
    right = [
        Written("terms swapped", f"10^{{{exponent}}} + {variable}"),
        Written("factor taken out", f"{variable} + 10 \\cdot 10^{{{exponent - 1}}}"),
    ]
    wrong = [
        Written("off by one", f"{gold} + 1"),
        Written("exponent", f"{variable} + 10^{{{exponent + 1}}}"),
        Written("factor", f"2{gold}"),
        Written("unknown missing", f"10^{{{exponent}}}"),
    ]
    return Made(gold, right, wrong)


def two_unknowns(rng: Random) -> Made:
    u, v = rng.choice(("xy", "ab", "mn", "pq"))
    a, b = rng.randint(1, 5), nonzero(rng, -5, 5)
    terms = [(a * a, f"{u}^2"), (2 * a * b, f"{u}{v}"), (b * b, f"{v}^2")]

    def text(parts: Sequence[tuple[int, str]]) -> str:
        return signed_sum([(Fraction(c), name) for c, name in parts])

    inner = text([(a, u), (b, v)])
    right = [
        Written("squared", f"({inner})^2"),
        Written("product", f"({inner})({inner})"),
        Written("terms swapped", text(terms[::-1])),
        Written("unknowns swapped", text([terms[0], (2 * a * b, f"{v}{u}"), terms[2]])),
        Written("sign inside", f"({text([(-a, u), (-b, v)])})^2"),
    ]
    wrong = [
        Written("sign", f"({text([(a, u), (-b, v)])})^2"),
        Written("middle term missing", text([terms[0], terms[2]])),
        Written("coefficient", text([(a * a + 1, f"{u}^2"), *terms[1:]])),
        Written("middle coefficient", text([terms[0], (a * b, f"{u}{v}"), terms[2]])),
        Written("exponent", text([(a * a, f"{u}^3"), *terms[1:]])),
        Written("not squared", inner),
    ]
    return Made(text(terms), right, wrong)


def quotient(rng: Random) -> Made:
    """(ax + b)/(cx + d), no constant."""
    variable = rng.choice("xtn")
    a, b, c, d = (nonzero(rng, -6, 6) for _ in range(4))
    if a * d == b * c:
        return quotient(rng)
    top, bottom = linear(a, b, variable), linear(c, d, variable)
    whole, rest = Fraction(a, c), Fraction(b) - Fraction(a * d, c)
    right = [
        Written(
            "signs swapped", f"\\frac{{{linear(-a, -b, variable)}}}{{{linear(-c, -d, variable)}}}"
        ),
        Written("divided", f"{fraction(whole)} + \\frac{{{fraction(rest)}}}{{{bottom}}}"),
        Written("slash", f"({top})/({bottom})"),
        Written("scaled", f"\\frac{{{linear(3 * a, 3 * b, variable)}}}{{3({bottom})}}"),
        Written("negative power", f"({top})({bottom})^{{-1}}"),
        Written(
            "two fractions",
            f"\\frac{{{linear(a, 0, variable)}}}{{{bottom}}} + \\frac{{{b}}}{{{bottom}}}",
        ),
        Written("dfrac", f"\\dfrac{{{top}}}{{{bottom}}}"),
    ]

    def other(p: int, q: int, r: int, s: int) -> str:
        return f"\\frac{{{linear(p, q, variable)}}}{{{linear(r, s, variable)}}}"

    candidates = [
        ("reciprocal", (c, d, a, b)),
        ("sign", (-a, -b, c, d)),
        ("constant", (a, b + 1, c, d)),
        ("denominator", (a, b, c, d - 1)),
        ("sign in the denominator", (a, b, c, -d)),
        ("coefficient", (a + 1 if a != -1 else a - 1, b, c, d)),
    ]
    wrong = [
        Written(change, other(*values))
        for change, values in candidates
        if (values[2], values[3]) != (0, 0) and not same_quotient(values, (a, b, c, d))
    ]
    wrong.append(Written("denominator missing", top))
    return Made(f"\\frac{{{top}}}{{{bottom}}}", right, wrong)


def same_quotient(left: tuple[int, ...], right: tuple[int, ...]) -> bool:
    def cross(one: tuple[int, ...], two: tuple[int, ...]) -> Coefficients:
        return times((Fraction(one[1]), Fraction(one[0])), (Fraction(two[3]), Fraction(two[2])))

    return cross(left, right) == cross(right, left)


def partial_fractions(rng: Random) -> Made:
    p, q = rng.sample(range(-6, 7), 2)
    factor = Fraction(1, p - q)

    def pole(root: int) -> str:
        return f"\\frac{{1}}{{{linear(1, -root, 'x')}}}"

    product = polynomial(with_roots(1, [p, q]), "x")
    right = [
        Written("partial fractions", f"{fraction(factor)}\\left({pole(p)} - {pole(q)}\\right)"),
        Written("multiplied out", f"\\frac{{1}}{{{product}}}"),
        Written("two factors", f"{pole(p)} \\cdot {pole(q)}"),
    ]
    wrong = [
        Written("sign", f"{fraction(-factor)}\\left({pole(p)} - {pole(q)}\\right)"),
        Written("sum for product", f"{pole(p)} + {pole(q)}"),
        Written("denominator", f"\\frac{{1}}{{{product} + 1}}"),
        Written("reciprocal", product),
        Written("factor", f"\\frac{{2}}{{{product}}}"),
    ]
    gold = f"\\frac{{1}}{{({linear(1, -p, 'x')})({linear(1, -q, 'x')})}}"
    return Made(gold, right, wrong)


def absolute_value(rng: Random) -> Made:
    variable, a = rng.choice("xyt"), nonzero(rng, -9, 9)
    inner, negated = linear(1, a, variable), linear(-1, -a, variable)
    right = [
        Written("sign inside", f"|{negated}|"),
        Written("left right", f"\\left|{inner}\\right|"),
        Written("lvert", f"\\lvert {inner} \\rvert"),
        Written("root of the square", f"\\sqrt{{({inner})^2}}"),
        Written("factor", f"\\frac{{|{linear(2, 2 * a, variable)}|}}{{2}}"),
    ]
    wrong = [
        Written("bars missing", inner),
        Written("bars missing", negated),
        Written("sign inside", f"|{linear(1, -a, variable)}|"),
        Written("bars around a part", f"|{variable}| {'+' if a > 0 else '-'} {abs(a)}"),
        Written("sign", f"-|{inner}|"),
        Written("off by one", f"|{linear(1, a + 1, variable)}|"),
        Written("both signs", f"\\pm({inner})"),
    ]
    return Made(f"|{inner}|", right, wrong)


def root_of_square(rng: Random) -> Made:
    """√(k²x²) is k|x| for real x: the branch counts."""
    variable, k = rng.choice("xya"), rng.randint(2, 9)
    right = [
        Written("factor taken out", f"{k}\\sqrt{{{variable}^2}}"),
        Written("absolute value", f"{k}|{variable}|"),
        Written("absolute value", f"\\left|{k}{variable}\\right|"),
    ]
    wrong = [
        Written("branch", f"{k}{variable}"),
        Written("branch", f"-{k}{variable}"),
        Written("factor", f"{k**2}|{variable}|"),
        Written("sign", f"-{k}|{variable}|"),
    ]
    return Made(f"\\sqrt{{{k**2}{variable}^2}}", right, wrong)


def floor(rng: Random) -> Made:
    variable, k, m = rng.choice("xny"), rng.randint(2, 7), rng.randint(1, 6)
    inner = f"\\frac{{{variable}}}{{{k}}}"
    right = [
        Written("left right", f"\\left\\lfloor {inner} \\right\\rfloor + {m}"),
        Written("integer inside", f"\\lfloor {inner} + {m} \\rfloor"),
        Written("terms swapped", f"{m} + \\lfloor {inner} \\rfloor"),
        Written("ceiling of the negative", f"{m} - \\lceil -{inner} \\rceil"),
    ]
    wrong = [
        Written("ceiling", f"\\lceil {inner} \\rceil + {m}"),
        Written("brackets missing", f"{inner} + {m}"),
        Written("off by one", f"\\lfloor {inner} \\rfloor + {m + 1}"),
        Written("sign", f"\\lfloor -{inner} \\rfloor + {m}"),
        Written("divisor", f"\\lfloor \\frac{{{variable}}}{{{k + 1}}} \\rfloor + {m}"),
        Written("rounding", f"\\lfloor {inner} + \\frac{{1}}{{2}} \\rfloor + {m}"),
    ]
    return Made(f"\\lfloor {inner} \\rfloor + {m}", right, wrong)


def identity(rng: Random) -> Made:
    """Trigonometric identities of one angle."""
    k = rng.randint(2, 9)
    t = rng.choice(("x", "\\theta", "t", "2x", "3\\theta"))
    double = {"2x": "4x", "3\\theta": "6\\theta"}.get(t, f"2{t}")
    gold, right, wrong = rng.choice(
        (
            (
                f"{k}\\sin({double})",
                (f"{2 * k}\\sin({t})\\cos({t})", f"{2 * k}\\cos {t} \\sin {t}"),
                (f"{k}\\sin({t})\\cos({t})", f"{k}\\cos({double})", f"-{k}\\sin({double})"),
            ),
            (
                f"{k}\\cos({double})",
                (
                    f"{k}(\\cos^2({t}) - \\sin^2({t}))",
                    f"{k} - {2 * k}\\sin^2({t})",
                    f"{2 * k}\\cos^2({t}) - {k}",
                ),
                (
                    f"{k}(\\sin^2({t}) - \\cos^2({t}))",
                    f"{k} - {k}\\sin^2({t})",
                    f"{k}\\sin({double})",
                    f"{k}",
                ),
            ),
            (
                f"{k}\\sec^2({t})",
                (f"{k}\\tan^2({t}) + {k}", f"\\frac{{{k}}}{{\\cos^2({t})}}"),
                (f"{k}\\tan^2({t}) - {k}", f"{k}\\csc^2({t})", f"{k}\\sec({t})"),
            ),
            (
                f"{k}\\sin^2({t})",
                (f"{k} - {k}\\cos^2({t})", f"\\frac{{{k} - {k}\\cos({double})}}{{2}}"),
                (f"{k} + {k}\\cos^2({t})", f"{k}\\cos^2({t})", f"{k}\\sin({t})", f"{k}"),
            ),
        )
    )
    return Made(
        gold, [Written("identity", r) for r in right], [Written("identity", w) for w in wrong]
    )


def exponential(rng: Random) -> Made:
    a, b, base = nonzero(rng, -5, 5, but=(1,)), rng.randint(1, 9), rng.choice(("e", "2", "3"))
    body = f"{linear(a, 0, 'x')} + {b}"
    right = [
        Written("product", f"{base}^{{{b}}} {base}^{{{linear(a, 0, 'x')}}}"),
        Written("power of a power", f"{base}^{{{b}}} \\left({base}^{{x}}\\right)^{{{a}}}"),
        Written(
            "terms swapped",
            f"{base}^{{{b} + {linear(abs(a), 0, 'x')}}}"
            if a > 0
            else f"{base}^{{{b} - {linear(-a, 0, 'x')}}}",
        ),
    ]
    if base == "e":
        right.append(Written("exp", f"\\exp({body})"))
    wrong = [
        Written("sum for product", f"{base}^{{{b}}} + {base}^{{{linear(a, 0, 'x')}}}"),
        Written("exponent", f"{base}^{{{linear(a, 0, 'x')} + {b + 1}}}"),
        Written("sign", f"-{base}^{{{body}}}"),
        Written("sign in the exponent", f"{base}^{{{linear(-a, 0, 'x')} + {b}}}"),
        Written("base missing", body),
        Written("coefficient", f"{base}^{{{linear(a + 1 if a != -1 else a - 1, 0, 'x')} + {b}}}"),
    ]
    return Made(f"{base}^{{{body}}}", right, wrong)


def antiderivative(rng: Random) -> Made:
    power, factor = rng.randint(2, 6), rng.randint(1, 9)
    value = Fraction(factor, power + 1)
    term = monomial("x", power + 1)
    gold = f"{fraction(value) if value != 1 else ''}{term} + C"
    right = [
        Written("constant first", f"C + {fraction(value) if value != 1 else ''}{term}"),
        Written("fraction", f"\\frac{{{factor}{term}}}{{{power + 1}}} + C"),
        Written("named", f"F(x) = {gold}"),
    ]
    wrong = [
        Written("coefficient", f"{fraction(value + 1)}{term} + C"),
        Written("exponent", f"{fraction(value)}{monomial('x', power)} + C"),
        Written("sign", f"-{gold}"),
        Written("other variable", gold.replace("x", "t")),
    ]
    return Made(gold, right, wrong)


def line(rng: Random) -> Made:
    a, b = nonzero(rng, -9, 9, but=(1, -1)), nonzero(rng, -9, 9)
    body = linear(a, b, "x")
    right = [
        Written("right side", body),
        Written("sides swapped", f"{body} = y"),
        Written("terms swapped", "y = " + signed_sum([(Fraction(b), ""), (Fraction(a), "x")])),
        Written(
            "all on one side",
            signed_sum([(Fraction(1), "y"), (Fraction(-a), "x"), (Fraction(-b), "")]) + " = 0",
        ),
        Written(
            "standard form", signed_sum([(Fraction(a), "x"), (Fraction(-1), "y")]) + f" = {-b}"
        ),
        Written("scaled", f"2y = {linear(2 * a, 2 * b, 'x')}"),
        Written(
            "constant on the left", f"y {'-' if b > 0 else '+'} {abs(b)} = {linear(a, 0, 'x')}"
        ),
    ]
    wrong = [
        Written("constant's sign", f"y = {linear(a, -b, 'x')}"),
        Written("slope's sign", f"y = {linear(-a, b, 'x')}"),
        Written(
            "slope", f"y = {linear(a + 2, b, 'x')}" if a != -2 else f"y = {linear(a - 1, b, 'x')}"
        ),
        Written("constant", f"y = {linear(a, b + 1, 'x')}"),
        Written("constant missing", f"y = {linear(a, 0, 'x')}"),
        Written("inequality", f"y > {body}"),
        Written("slope alone", str(a)),
        Written("unknowns swapped", f"x = {linear(a, b, 'y')}"),
    ]
    return Made(f"y = {body}", right, wrong)


def conic(rng: Random) -> Made:
    p, q, r = nonzero(rng, -5, 5), nonzero(rng, -5, 5), rng.randint(2, 9)

    def shifted(variable: str, by: int) -> str:
        return f"({linear(1, -by, variable)})^2"

    def circle(x: int, y: int, square: int) -> str:
        return f"{shifted('x', x)} + {shifted('y', y)} = {square}"

    expanded = signed_sum(
        [
            (Fraction(1), "x^2"),
            (Fraction(1), "y^2"),
            (Fraction(-2 * p), "x"),
            (Fraction(-2 * q), "y"),
            (Fraction(p * p + q * q - r * r), ""),
        ]
    )
    right = [
        Written("multiplied out", f"{expanded} = 0"),
        Written("sides swapped", f"{r * r} = {shifted('x', p)} + {shifted('y', q)}"),
        Written("terms swapped", f"{shifted('y', q)} + {shifted('x', p)} = {r * r}"),
        Written("scaled", f"2{shifted('x', p)} + 2{shifted('y', q)} = {2 * r * r}"),
        Written("one term moved", f"{shifted('x', p)} = {r * r} - {shifted('y', q)}"),
        Written("square of the radius", f"{shifted('x', p)} + {shifted('y', q)} = {r}^2"),
    ]
    wrong = [
        Written("right side alone", str(r * r)),
        Written("left side alone", f"{shifted('x', p)} + {shifted('y', q)}"),
        Written("centre's sign", circle(-p, q, r * r)),
        Written("radius not squared", circle(p, q, r)),
        Written("off by one", circle(p, q, r * r + 1)),
        Written("hyperbola", f"{shifted('x', p)} - {shifted('y', q)} = {r * r}"),
        Written("inequality", f"{shifted('x', p)} + {shifted('y', q)} \\le {r * r}"),
    ]
    if p != q:
        wrong.append(Written("centre swapped", circle(q, p, r * r)))
    return Made(circle(p, q, r * r), right, wrong)


def plane(rng: Random) -> Made:
    a, b, c, d = (nonzero(rng, -9, 9) for _ in range(4))

    def text(p: int, q: int, r: int, s: int) -> str:
        terms = [(p, "x"), (q, "y"), (r, "z"), (s, "")]
        return signed_sum([(Fraction(k), name) for k, name in terms]) + " = 0"

    right = [
        Written("signs swapped", text(-a, -b, -c, -d)),
        Written(
            "constant on the right",
            signed_sum([(Fraction(a), "x"), (Fraction(b), "y"), (Fraction(c), "z")]) + f" = {-d}",
        ),
        Written("scaled", text(2 * a, 2 * b, 2 * c, 2 * d)),
        Written("sides swapped", "0 = " + text(a, b, c, d)[: -len(" = 0")]),
    ]
    wrong = [
        Written("constant's sign", text(a, b, c, -d)),
        Written("coefficient", text(a + 1 if a != -1 else a - 1, b, c, d)),
        Written("one sign", text(a, -b, c, d)),
        Written("off by one", text(a, b, c, d + 1)),
        Written("left side alone", text(a, b, c, d)[: -len(" = 0")]),
        Written("term missing", text(a, b, 0, d)),
    ]
    return Made(text(a, b, c, d), right, wrong)


def function(rng: Random) -> Made:
    name = rng.choice("fgh")
    a, b = nonzero(rng, -6, 6, but=(1, -1)), nonzero(rng, -9, 9)
    whole = (Fraction(b), Fraction(a), Fraction(1))
    body = polynomial(whole, "x")
    right = [
        Written("right side", body),
        Written(
            "terms swapped",
            f"{name}(x) = {polynomial(whole, 'x', ascending=True)}",
        ),
        Written("nested", f"{name}(x) = x({linear(1, a, 'x')}) {'+' if b > 0 else '-'} {abs(b)}"),
        Written("left right", f"{name}\\left(x\\right) = {body}"),
    ]
    wrong = [
        Written(
            "constant's sign",
            f"{name}(x) = {polynomial((Fraction(-b), Fraction(a), Fraction(1)), 'x')}",
        ),
        Written("coefficient", polynomial((Fraction(b), Fraction(a + 2), Fraction(1)), "x")),
        Written(
            "exponent",
            f"{name}(x) = {polynomial((Fraction(b), Fraction(a), Fraction(0), Fraction(1)), 'x')}",
        ),
        Written(
            "constant missing",
            f"{name}(x) = {polynomial((Fraction(0), Fraction(a), Fraction(1)), 'x')}",
        ),
        Written("value", str(1 + a + b)),
    ]
    return Made(f"{name}(x) = {body}", right, wrong)


ALGEBRA: dict[str, Maker] = {
    "polynomial": polynomials,
    "high power": high_power,
    "large constant": large_constant,
    "two unknowns": two_unknowns,
    "rational function": quotient,
    "partial fractions": partial_fractions,
    "absolute value": absolute_value,
    "root of a square": root_of_square,
    "floor": floor,
    "trigonometric identity": identity,
    "exponential": exponential,
    "antiderivative": antiderivative,
    "line": line,
    "circle": conic,
    "plane": plane,
    "function": function,
}
