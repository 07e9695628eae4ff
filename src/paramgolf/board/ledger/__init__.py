"""The ledger: events in a journal, the files that they name in a store, and the state that follows."""
