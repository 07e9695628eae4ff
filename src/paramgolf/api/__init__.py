"""The Python interface: load an artifact, play a game, judge an entry. `paramgolf` itself exports its names."""
