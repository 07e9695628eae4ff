"""The predictor that mixes the transformer with counts that learn while it reads."""
