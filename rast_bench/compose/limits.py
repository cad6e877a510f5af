"""How large the factors of equation 3 may be, and how much is composed at a time."""

MAX_FACTOR = 1e6
"""The maximum of λ, and of the absolute weight of a pair.

λ · w · (S_RL − S_base) is computed in float32, which ends at 3.4e38: within this bound it stays
finite for any logits up to 1e26. Nothing useful is lost: at λ = 1e6, M_base's logits, some tens,
are already below the rounding of λ · ΔR, so a larger λ would draw from the same distribution.
"""

COMBINED_AT_ONCE = 128
"""Rows of logits, those of early layers included, that vLLM's plugin composes at a time by a method
besides equation 3.

In float64 so many rows of 152k ids need up to 1 GB.
"""
