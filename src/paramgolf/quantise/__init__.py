"""Rounding of weights, for training and packing alike: grids, schemes, byte allocation, feedback, repair, noise."""
