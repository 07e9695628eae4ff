"""A whole run, from corpus to report."""
