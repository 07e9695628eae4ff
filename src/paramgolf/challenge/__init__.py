"""The rules of one game, as data. Every limit is read from here and written nowhere else."""

from paramgolf.challenge.challenge import (
    Challenge,
    challenge_json,
    challenge_names,
    load_challenge,
    parse_challenge_json,
    rules_of,
)
from paramgolf.challenge.objectives import BITS_PER_BYTE, OBJECTIVES, Objective, TargetReached, objective_of

__all__ = [
    "BITS_PER_BYTE",
    "OBJECTIVES",
    "Challenge",
    "Objective",
    "TargetReached",
    "challenge_json",
    "challenge_names",
    "load_challenge",
    "objective_of",
    "parse_challenge_json",
    "rules_of",
]
