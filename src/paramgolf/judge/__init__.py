"""The judge: says, with evidence, whether an entry is honest."""
