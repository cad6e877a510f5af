"""Names that mathematics is written with, beside single letters."""

from collections.abc import Mapping

GREEK = frozenset(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi"
    " rho varrho sigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma"
    " Phi Psi Omega ell".split()
)
# Written names → the name of the function.
FUNCTION_NAMES: Mapping[str, str] = {
    **{name: name for name in ("sin", "cos", "tan", "sec", "csc", "cot")},
    **{name: name for name in ("sinh", "cosh", "tanh", "coth", "sech", "csch")},
    **{name: name for name in ("exp", "ln", "log", "lg", "lb", "cis", "sgn", "sqrt", "cbrt")},
    **{name: name for name in ("max", "min", "gcd", "lcm", "floor", "arg")},
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
    **{"tg": "tan", "ctg": "cot", "cotg": "cot", "arctg": "atan", "cosec": "csc"},
    **{"sign": "sgn", "abs": "abs", "Abs": "abs", "ceil": "ceil", "ceiling": "ceil"},
    **{"Re": "re", "Im": "im", "factorial": "factorial", "Gamma": "Gamma"},
    **{"binom": "binomial", "binomial": "binomial", "comb": "binomial"},
}
NAMES = {*FUNCTION_NAMES, *GREEK, "pi", "infty", "oo", "mod", "bmod", "choose"}
# Runs of letters that are words or units, never products of letters.
WORDS = frozenset(
    "an am as at be by do he if in is it no of on or pm so to up us we "
    "all and any are but can day for has ida inf let min not now odd one our out per "
    "see six ten the two use was yes nil yet few how its non set sum way who why you "
    "cm mm km dm nm kg mg ml mL ft hr mi lb oz yd ms sq cc mph kph rpm rad deg sec lbs hrs cal gal "
    "mol atm bar bit dB eV Hz Pa kW kJ kN kV ".split()
)
