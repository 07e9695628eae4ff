"""The rules of one game, as data. Every limit is read from here and written nowhere else."""

from paramgolf.challenge.challenge import Challenge, challenge_names, load_challenge

__all__ = ["Challenge", "challenge_names", "load_challenge"]
