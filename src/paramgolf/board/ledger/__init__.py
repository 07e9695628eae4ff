"""The ledger: events, their files by hash, migrations, state and check."""
