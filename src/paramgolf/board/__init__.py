"""The leaderboard: a ledger of what happened to each entry, the ranking that follows, and the site that shows it."""
