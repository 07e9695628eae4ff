"""Executors: where a command line that takes long is run, with a folder to write."""
