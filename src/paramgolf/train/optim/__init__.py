"""Initial values, optimizers, schedule, averaging."""
