"""A recipe to trained weights: tokenizer, batches, optimizers, schedule, loop, checkpoints, distribution."""
