"""The ranking, a pure function of events."""
