"""Names and constants of the analyses. Importing this module is cheap."""

from typing import Literal

Analysis = Literal["pcr", "similarity", "kl"]

PathSource = Literal["rl", "rast", "base"]
"""The model whose greedy samples are the paths."""

PAPER_TRAJECTORIES = 50  # paths of each model (section 2.1)
PLAUSIBLE_SHARE = 0.1  # α of Li et al. 2023 (arXiv 2210.15097)
