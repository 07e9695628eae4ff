"""Ablations: what one change is worth, measured over seeds with an interval."""
