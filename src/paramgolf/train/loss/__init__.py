"""The loss of the output layer, and products in 8-bit integers."""
