"""What the mixer learns in training."""
