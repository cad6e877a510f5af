"""How large the factors of equation 3 may be."""

MAX_FACTOR = 1e6
"""Of λ, and of the absolute weight of a pair.

λ · w · (S_RL − S_base) is computed in float32, which ends at 3.4e38: within this bound it stays
finite for any logits up to 1e26. No use is lost. Where λ is a million, M_base's logits, some tens,
are already below the rounding of λ · ΔR, so that a larger λ would draw from the same distribution.
"""
