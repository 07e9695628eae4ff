"""The rules of one game, as data. Every limit is read from here and written nowhere else."""

from paramgolf.challenge.challenge import (
    Challenge,
    challenge_json,
    challenge_names,
    load_challenge,
    parse_challenge_json,
    rules_of,
)

__all__ = [
    "Challenge",
    "challenge_json",
    "challenge_names",
    "load_challenge",
    "parse_challenge_json",
    "rules_of",
]
