"""Parameter Golf: train the best tiny language model inside a byte budget, and prove its score."""

__version__ = "0.1.0"
