"""The pull-request road: an entry is handed in, judged, accepted and published on any git remote."""
