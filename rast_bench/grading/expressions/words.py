"""Names used in mathematics beside single letters."""

from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


GREEK_LETTERS = _words(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi"
    " rho sigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi"
    " Omega"
)
"""Names of LaTeX, without pi, which is a number."""
GREEK = GREEK_LETTERS | {"varrho", "ell", "hbar"}
# Names as written → name of the function.
FUNCTION_NAMES: Mapping[str, str] = {
    **{
        name: name
        for name in _words(
            "sin cos tan sec csc cot sinh cosh tanh coth sech csch exp ln log lg lb cis sgn sqrt"
            " cbrt max min gcd lcm floor arg abs ceil factorial Gamma binomial"
        )
    },
    **{
        f"{prefix}{name}": f"a{name}"
        for prefix in ("arc", "a")
        for name in ("sin", "cos", "tan", "sec", "csc", "cot")
    },
    **{
        f"{prefix}{name}": f"a{name}"
        for prefix in ("ar", "a", "arc")
        for name in ("sinh", "cosh", "tanh")
    },
    "tg": "tan",
    "ctg": "cot",
    "cotg": "cot",
    "arctg": "atan",
    "cosec": "csc",
    "sign": "sgn",
    "Abs": "abs",
    "ceiling": "ceil",
    "Re": "re",
    "Im": "im",
    "binom": "binomial",
    "comb": "binomial",
}
NAMES = {*FUNCTION_NAMES, *GREEK, "pi", "infty", "oo", "mod", "bmod", "choose"}
# Sequences of letters that are words or units, never products.
WORDS = _words(
    "be by do he if it no of on or pm so to up us we "
    "all and any are but can day for has inf let min not now odd one our out per see six ten the "
    "two use was yes nil yet few how its non set sum way who why you "
    "cm mm km dm nm kg mg ml mL ft hr mi lb oz yd ms sq cc mph kph rpm rad deg sec lbs hrs cal gal "
    "mol atm bar bit dB eV Hz Pa kW kJ kN kV"
)
# Products if they follow a sign, as in `e^{-at}`, `e^{in\\theta}`.
SHORT_WORDS = frozenset({"am", "an", "as", "at", "in", "is"})
