r"""Makers of answers with parts: lists, sets, tuples, intervals, matrices, solutions."""

from collections.abc import Sequence
from fractions import Fraction
from random import Random

from answer_pairs.made import Made, Maker, Written
from answer_pairs.notation import fraction, nonzero, signed_sum


def values(rng: Random, count: int) -> list[Fraction]:
    """So many distinct ones, mostly integers."""
    pool = list(range(-15, 16)) + [Fraction(n, d) for d in (2, 3, 4) for n in (-5, -1, 1, 3, 7)]
    chosen: dict[Fraction, None] = {}
    while len(chosen) < count:
        chosen[Fraction(rng.choice(pool))] = None
    return list(chosen)


def joined(items: Sequence[Fraction], separator: str = ", ") -> str:
    return separator.join(map(fraction, items))


def shuffled(rng: Random, items: Sequence[Fraction]) -> list[Fraction]:
    """In another order, where there is one."""
    other = list(items)
    while len(other) > 1 and other == list(items):
        rng.shuffle(other)
    return other


def replaced(rng: Random, items: Sequence[Fraction]) -> list[Fraction]:
    """One element off by one, none of the others met."""
    place = rng.randrange(len(items))
    by = next(by for by in (1, -1, 2, -2, 3, -3, 4, -4, 5) if items[place] + by not in items)
    return [*items[:place], items[place] + by, *items[place + 1 :]]


def wrong_elements(rng: Random, items: Sequence[Fraction]) -> list[tuple[str, list[Fraction]]]:
    """Lists of other elements than these, which are distinct."""
    extra = next(Fraction(n) for n in range(1, 99) if n not in items)
    made = [
        ("missing element", list(items[:-1])),
        ("missing element", list(items[1:])),
        ("extra element", [*items, extra]),
        ("off by one", replaced(rng, items)),
    ]
    signs = [-items[0], *items[1:]]
    if set(signs) != set(items):
        made.append(("sign", signs))
    return made


def list_of_numbers(rng: Random) -> Made:
    items = values(rng, rng.choice((2, 2, 3, 4)))
    other = shuffled(rng, items)
    right = [
        Written("order", joined(other), joined(other)),
        Written("and", joined(other[:-1]) + f" \\text{{ and }} {fraction(other[-1])}"),
        Written("or", joined(other, " \\text{ or } ")),
        Written("quad", joined(items, ", \\quad ")),
        Written("braces", f"\\{{{joined(other)}\\}}"),
        Written("named", ", ".join(f"x = {fraction(v)}" for v in items)),
        Written("subscripts", ", ".join(f"x_{i + 1} = {fraction(v)}" for i, v in enumerate(items))),
    ]
    wrong = [Written(change, joined(parts)) for change, parts in wrong_elements(rng, items)]
    return Made(joined(items), right, wrong)


def set_of_numbers(rng: Random) -> Made:
    items = values(rng, rng.choice((2, 3, 4, 5)))
    other = shuffled(rng, items)
    right = [
        Written("order", f"\\{{{joined(other)}\\}}"),
        Written("left right", f"\\left\\{{{joined(items)}\\right\\}}"),
        Written("lbrace", f"\\lbrace {joined(other)} \\rbrace"),
        Written("no spaces", f"\\{{{joined(other, ',')}\\}}"),
        Written("named", f"S = \\{{{joined(items)}\\}}"),
        Written("element of", f"x \\in \\{{{joined(other)}\\}}"),
        Written("braces missing", joined(other), joined(other)),
    ]
    wrong = [
        Written(change, f"\\{{{joined(parts)}\\}}") for change, parts in wrong_elements(rng, items)
    ]
    return Made(f"\\{{{joined(items)}\\}}", right, wrong)


def multiset(rng: Random) -> Made:
    a, b = values(rng, 2)
    items = [a, a] if rng.random() < 0.5 else [a, a, b]
    right = [
        Written("and", f"{joined(items[:-1])} \\text{{ and }} {fraction(items[-1])}"),
        Written("order", joined(items[::-1]), joined(items[::-1])),
    ]
    wrong = [
        Written("multiplicity", joined(list(dict.fromkeys(items)))),
        Written("multiplicity", joined([a, *items])),
        Written("off by one", joined([a, a + 1, *items[2:]])),
        Written("missing element", fraction(b)),
    ]
    return Made(joined(items), right, wrong)


def tuple_of_numbers(rng: Random) -> Made:
    items = values(rng, rng.choice((2, 2, 3, 4)))
    names = "(x, y)" if len(items) == 2 else "(x, y, z)" if len(items) == 3 else "(a, b, c, d)"
    text = joined(items)
    doubled = ", ".join(f"\\frac{{{2 * v.numerator}}}{{{2 * v.denominator}}}" for v in items)
    right = [
        Written("left right", f"\\left({text}\\right)"),
        Written("no spaces", f"({joined(items, ',')})"),
        Written("spaces", f"\\left( {joined(items, ' , ')} \\right)", f"({text})"),
        Written("unreduced", f"({doubled})"),
        Written("named", f"{names} = ({text})"),
        Written("big", f"\\big({text}\\big)"),
    ]
    wrong = [
        Written(change, f"({joined(parts)})")
        for change, parts in wrong_elements(rng, items)
        if len(parts) > 1
    ]
    wrong.append(Written("order", f"({joined(shuffled(rng, items))})"))
    return Made(f"({text})", right, wrong)


def list_of_points(rng: Random) -> Made:
    points = [tuple(values(rng, 2)) for _ in range(rng.choice((2, 3)))]
    if len({*points, *(p[::-1] for p in points)}) < 2 * len(points):
        return list_of_points(rng)

    def text(parts: Sequence[Sequence[Fraction]], separator: str = ", ") -> str:
        return separator.join(f"({joined(part)})" for part in parts)

    right = [
        Written("order of points", text(points[::-1])),
        Written("and", text(points[::-1], " \\text{ and } ")),
        Written("braces", f"\\{{{text(points)}\\}}"),
        Written("left right", ", ".join(f"\\left({joined(p)}\\right)" for p in points)),
    ]
    wrong = [
        Written("coordinates swapped", text([points[0][::-1], *points[1:]])),
        Written("missing element", text(points[1:])),
        Written(
            "coordinates across points",
            text([(points[0][0], points[1][1]), (points[1][0], points[0][1]), *points[2:]]),
        ),
        Written("off by one", text([(points[0][0] + 1, points[0][1]), *points[1:]])),
        Written("flattened", joined([v for point in points for v in point])),
    ]
    if points[0][0] == points[1][0] or points[0][1] == points[1][1]:
        return list_of_points(rng)
    return Made(text(points), right, wrong)


def interval(rng: Random) -> Made:
    low, high = sorted(values(rng, 2))
    left, right_end = rng.choice("(["), rng.choice(")]")

    def text(a: Fraction, b: Fraction, opening: str = left, closing: str = right_end) -> str:
        return f"{opening}{fraction(a)}, {fraction(b)}{closing}"

    below, above = ("\\le" if left == "[" else "<"), ("\\le" if right_end == "]" else "<")
    above_turned, below_turned = (s.translate(str.maketrans("<l", ">g")) for s in (above, below))
    flipped_left, flipped_right = ("(" if left == "[" else "["), (")" if right_end == "]" else "]")
    right = [
        Written("left right", f"\\left{left}{fraction(low)}, {fraction(high)}\\right{right_end}"),
        Written("inequality", f"{fraction(low)} {below} x {above} {fraction(high)}"),
        Written("element of", f"x \\in {text(low, high)}"),
        Written("no spaces", text(low, high).replace(" ", "")),
        Written(
            "inequality turned round",
            f"{fraction(high)} {above_turned} x {below_turned} {fraction(low)}",
        ),
    ]
    wrong = [
        Written("left bracket", text(low, high, opening=flipped_left)),
        Written("right bracket", text(low, high, closing=flipped_right)),
        Written("both brackets", text(low, high, flipped_left, flipped_right)),
        Written("off by one", text(low, high + 1)),
        Written("off by one", text(low - 1, high)),
        Written("infinite", f"{left}{fraction(low)}, \\infty)"),
        Written("ends alone", f"\\{{{fraction(low)}, {fraction(high)}\\}}"),
        Written("outside", f"(-\\infty, {fraction(low)}) \\cup ({fraction(high)}, \\infty)"),
    ]
    return Made(text(low, high), right, wrong)


def union(rng: Random) -> Made:
    a, b = sorted(values(rng, 2))
    left, right_end = rng.choice(")]"), rng.choice("([")
    first, second = f"(-\\infty, {fraction(a)}{left}", f"{right_end}{fraction(b)}, \\infty)"
    below, above = ("\\le" if left == "]" else "<"), ("\\ge" if right_end == "[" else ">")
    last = f"\\left{right_end}{fraction(b)}, \\infty\\right)"
    between_left, between_right = ("[" if left == ")" else "("), ("]" if right_end == "(" else ")")
    right = [
        Written("parts swapped", f"{second} \\cup {first}"),
        Written("inequalities", f"x {below} {fraction(a)} \\text{{ or }} x {above} {fraction(b)}"),
        Written("element of", f"x \\in {first} \\cup {second}"),
        Written("signed infinity", f"{first} \\cup {right_end}{fraction(b)}, +\\infty)"),
        Written(
            "left right",
            f"\\left(-\\infty, {fraction(a)}\\right{left} \\cup {last}",
        ),
    ]
    wrong = [
        Written("bracket", f"(-\\infty, {fraction(a)}{']' if left == ')' else ')'} \\cup {second}"),
        Written(
            "bracket", f"{first} \\cup {'[' if right_end == '(' else '('}{fraction(b)}, \\infty)"
        ),
        Written("missing part", first),
        Written("missing part", second),
        Written("intersection", f"{first} \\cap {second}"),
        Written(
            "between",
            f"{between_left}{fraction(a)}, {fraction(b)}{between_right}",
        ),
        Written("off by one", f"{first} \\cup {right_end}{fraction(b + 1)}, \\infty)"),
        Written("everything", "\\mathbb{R}"),
    ]
    return Made(f"{first} \\cup {second}", right, wrong)


def inequality(rng: Random) -> Made:
    bound = values(rng, 1)[0]
    sign, turned, bracket = rng.choice(
        ((">", "<", "("), ("\\ge", "\\le", "["), ("\\geq", "\\leq", "["))
    )
    strict = sign == ">"
    other = "\\ge" if strict else ">"
    moved = signed_sum([(Fraction(1), "x"), (-bound, "")])
    right = [
        Written("sides swapped", f"{fraction(bound)} {turned} x"),
        Written("interval", f"{bracket}{fraction(bound)}, \\infty)"),
        Written("element of", f"x \\in {bracket}{fraction(bound)}, \\infty)"),
        Written("moved", f"{moved} {sign} 0"),
        Written("sign turned", f"-x {turned} {fraction(-bound)}"),
        Written("scaled", f"3x {sign} {fraction(3 * bound)}"),
    ]
    wrong = [
        Written("strictness", f"x {other} {fraction(bound)}"),
        Written("direction", f"x {turned} {fraction(bound)}"),
        Written("strictness", f"{'[' if strict else '('}{fraction(bound)}, \\infty)"),
        Written("off by one", f"x {sign} {fraction(bound + 1)}"),
        Written("equation", f"x = {fraction(bound)}"),
        Written("bound alone", fraction(bound)),
        Written("interval cut", f"{bracket}{fraction(bound)}, {fraction(bound + 20)})"),
    ]
    if bound:
        wrong.append(Written("bound's sign", f"x {sign} {fraction(-bound)}"))
    return Made(f"x {sign} {fraction(bound)}", right, wrong)


def excluded(rng: Random) -> Made:
    a, b = sorted(values(rng, 2))
    first, second = fraction(a), fraction(b)
    right = [
        Written("neq", f"x \\neq {second}, x \\neq {first}"),
        Written(
            "intervals", f"(-\\infty, {first}) \\cup ({first}, {second}) \\cup ({second}, \\infty)"
        ),
        Written("set difference", f"\\mathbb{{R}} \\setminus \\{{{second}, {first}\\}}"),
    ]
    wrong = [
        Written("missing element", f"\\mathbb{{R}} \\setminus \\{{{first}\\}}"),
        Written("complement", f"\\{{{first}, {second}\\}}"),
        Written("everything", "\\mathbb{R}"),
        Written("off by one", f"\\mathbb{{R}} \\setminus \\{{{first}, {fraction(b + 1)}\\}}"),
        Written("interval excluded", f"(-\\infty, {first}) \\cup ({second}, \\infty)"),
    ]
    return Made(f"\\mathbb{{R}} \\setminus \\{{{first}, {second}\\}}", right, wrong)


def matrix(rng: Random) -> Made:
    size = rng.choice((2, 2, 3))
    cells = [[Fraction(rng.randint(-9, 9)) for _ in range(size)] for _ in range(size)]
    if rng.random() < 0.3:
        cells[0][0] = Fraction(rng.choice((1, 3, 5)), rng.choice((2, 4)))
    transposed = [list(column) for column in zip(*cells, strict=True)]
    if transposed == cells:
        return matrix(rng)

    def text(rows: Sequence[Sequence[Fraction]], kind: str = "pmatrix", space: str = " ") -> str:
        body = f"{space}\\\\{space}".join(
            f"{space}&{space}".join(map(fraction, row)) for row in rows
        )
        return f"\\begin{{{kind}}}{space}{body}{space}\\end{{{kind}}}"

    row, column = rng.randrange(size), rng.randrange(size)

    def changed(value: Fraction) -> list[list[Fraction]]:
        copy = [list(line) for line in cells]
        copy[row][column] = value
        return copy

    halves = [[v.numerator * 2 for v in line] for line in cells]
    right = [
        Written("brackets", text(cells, "bmatrix")),
        Written("no spaces", text(cells, space="")),
        Written(
            "array",
            "\\left(\\begin{array}{"
            + "c" * size
            + "} "
            + " \\\\ ".join(" & ".join(map(fraction, r)) for r in cells)
            + " \\end{array}\\right)",
        ),
        Written("named", f"A = {text(cells)}"),
        Written("last row ended", text(cells).replace(" \\end", " \\\\ \\end")),
        Written("dfrac", text(cells).replace("\\frac", "\\dfrac")),
    ]
    if all(v.denominator == 1 for line in cells for v in line):
        factored = text([[Fraction(v) for v in line] for line in halves])
        right.append(Written("factor before", f"\\frac{{1}}{{2}}{factored}"))
    wrong = [
        Written("transposed", text(transposed)),
        Written("off by one", text(changed(cells[row][column] + 1))),
        Written("row missing", text(cells[:-1])),
        Written("rows swapped", text([cells[1], cells[0], *cells[2:]])),
        Written("flattened", joined([v for line in cells for v in line])),
    ]
    if cells[0] == cells[1]:
        return matrix(rng)
    if cells[row][column]:
        wrong.append(Written("sign", text(changed(-cells[row][column]))))
    return Made(text(cells), right, wrong)


def vector(rng: Random) -> Made:
    items = [Fraction(nonzero(rng, -9, 9)) for _ in range(3)]
    column = "\\begin{pmatrix} " + joined(items, " \\\\ ") + " \\end{pmatrix}"

    def units(parts: Sequence[Fraction], style: str) -> str:
        return signed_sum([(v, style.format(name)) for v, name in zip(parts, "ijk", strict=True)])

    def columns(parts: Sequence[Fraction]) -> str:
        return "\\begin{pmatrix} " + joined(parts, " \\\\ ") + " \\end{pmatrix}"

    right = [
        Written("bold units", units(items, "\\mathbf{{{}}}")),
        Written("hats", units(items, "\\hat{{{}}}")),
        Written("angles", f"\\langle {joined(items)} \\rangle"),
        Written("brackets", column.replace("pmatrix", "bmatrix")),
        Written("left right", f"\\left\\langle {joined(items)} \\right\\rangle"),
        Written("tuple", f"({joined(items)})"),
        Written("named", f"\\mathbf{{v}} = {column}"),
    ]
    wrong = [
        Written("sign", columns([-items[0], *items[1:]])),
        Written("sign", units([*items[:2], -items[2]], "\\mathbf{{{}}}")),
        Written("off by one", columns([items[0], items[1] + 1, items[2]])),
        Written("missing element", columns(items[:2])),
        Written("term missing", signed_sum([(items[0], "\\mathbf{i}"), (items[1], "\\mathbf{j}")])),
        Written("opposite", columns([-v for v in items])),
        Written("sum", fraction(sum(items))),
    ]
    if len(set(items)) == 3:
        wrong.append(Written("order", columns([items[1], items[0], items[2]])))
    gold = column if rng.random() < 0.6 else units(items, "\\mathbf{{{}}}")
    return Made(gold, right, wrong)


def plus_minus(rng: Random) -> Made:
    under, whole = rng.choice((2, 3, 5, 6, 7, 10, 11)), rng.randint(0, 6)
    root = f"\\sqrt{{{under}}}"
    start = str(whole) if whole else ""

    def both(a: str, b: str) -> tuple[str, str]:
        first = f"{a} + {b}" if a else b
        return first, f"{a} - {b}" if a else f"-{b}"

    plus, minus = both(start, root)
    other_plus, other_minus = both(str(whole + 1), root)
    right = [
        Written("both written", f"{plus}, {minus}"),
        Written("order", f"{minus}, {plus}"),
        Written("and", f"{plus} \\text{{ and }} {minus}"),
        Written("named", f"x = {start} \\pm {root}"),
        Written("or", f"x = {plus} \\text{{ or }} x = {minus}"),
        Written("root as a power", f"{start} \\pm {under}^{{1/2}}"),
    ]
    wrong = [
        Written("plus alone", plus),
        Written("minus alone", minus),
        Written("off by one", f"{other_plus}, {other_minus}"),
        Written("under the root", f"{start} \\pm \\sqrt{{{under + 1}}}"),
        Written("root missing", f"{start} \\pm {under}"),
        Written("factor", f"{start} \\pm 2{root}"),
    ]
    if whole:
        wrong.append(Written("sign", f"-{start} \\pm {root}"))
    return Made(f"{start} \\pm {root}".strip(), right, wrong)


def solution(rng: Random) -> Made:
    a, b = values(rng, 2)
    first, second = fraction(a), fraction(b)
    right = [
        Written("order", f"y = {second}, x = {first}"),
        Written("pair", f"(x, y) = ({first}, {second})"),
        Written("and", f"x = {first} \\text{{ and }} y = {second}"),
        Written("cases", f"\\begin{{cases}} x = {first} \\\\ y = {second} \\end{{cases}}"),
        Written("quad", f"x = {first}, \\quad y = {second}"),
    ]
    wrong = [
        Written("values swapped", f"x = {second}, y = {first}"),
        Written("missing element", f"x = {first}"),
        Written("off by one", f"x = {first}, y = {fraction(b + 1)}"),
        Written("pair swapped", f"(x, y) = ({second}, {first})"),
    ]
    if b:
        wrong.append(Written("sign", f"x = {first}, y = {fraction(-b)}"))
    return Made(f"x = {first}, y = {second}", right, wrong)


def general_solution(rng: Random) -> Made:
    bottom = rng.choice((3, 4, 6, 8))
    start = Fraction(rng.choice([n for n in range(1, 2 * bottom) if n % bottom]), bottom)
    period = rng.choice((1, 2))

    def angle(value: Fraction) -> str:
        top = "" if abs(value.numerator) == 1 else str(abs(value.numerator))
        sign = "-" if value < 0 else ""
        return (
            f"{sign}\\frac{{{top}\\pi}}{{{value.denominator}}}"
            if value.denominator != 1
            else f"{sign}{top}\\pi"
        )

    def text(value: Fraction, by: int, name: str) -> str:
        return f"{angle(value)} + {'' if by == 1 else by}{name}\\pi"

    step = "" if period == 1 else str(period)
    integers = ", k \\in \\mathbb{Z}"
    gold = f"x = {text(start, period, 'k')}{integers}"
    right = [
        Written("other parameter", f"x = {text(start, period, 'n')}, n \\in \\mathbb{{Z}}"),
        Written(
            "parameter in words", f"x = {text(start, period, 'n')} \\text{{ for any integer }} n"
        ),
        Written("start shifted", f"x = {text(start + period, period, 'k')}{integers}"),
        Written(
            "start shifted", f"x = {text(start - period, period, 'k')}, \\quad k \\in \\mathbb{{Z}}"
        ),
        Written("terms swapped", f"x = {step}\\pi k + {angle(start)}{integers}"),
        Written(
            "factor taken out",
            f"x = \\pi\\left({step}k + {fraction(start)}\\right){integers}",
        ),
    ]
    wrong = [
        Written("period doubled", f"x = {text(start, 2 * period, 'k')}{integers}"),
        Written("one solution", f"x = {angle(start)}"),
        Written("start", f"x = {text(start + Fraction(1, 2 * bottom), period, 'k')}{integers}"),
        Written(
            "period halved",
            f"x = {angle(start)} + {'' if period == 2 else chr(92) + 'frac{1}{2}'}k\\pi{integers}",
        ),
    ]
    if (2 * start / period).denominator != 1:
        wrong.append(Written("sign", f"x = {text(-start, period, 'k')}{integers}"))
    return Made(gold, right, wrong)


STRUCTURES: dict[str, Maker] = {
    "list": list_of_numbers,
    "set": set_of_numbers,
    "repeated elements": multiset,
    "tuple": tuple_of_numbers,
    "list of points": list_of_points,
    "interval": interval,
    "union of intervals": union,
    "inequality": inequality,
    "excluded values": excluded,
    "matrix": matrix,
    "vector": vector,
    "plus or minus": plus_minus,
    "solution": solution,
    "general solution": general_solution,
}
