"""Folders of the public game, read as what they are: papers. Nothing of them is ever run."""

from paramgolf.judge.public_game.examine import examine_public_entry

__all__ = ["examine_public_entry"]
