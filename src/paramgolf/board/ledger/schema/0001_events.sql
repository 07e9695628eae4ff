-- One row is one event. `body` is canonical JSON of its kind's fields; `key` is what makes an append idempotent (NULL:
-- nothing does); `chain` is the SHA-256 over the row and the chain before it.
CREATE TABLE events (
    number INTEGER PRIMARY KEY CHECK (number > 0),
    kind TEXT NOT NULL,
    entry TEXT NOT NULL,
    key TEXT UNIQUE,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL,
    body TEXT NOT NULL,
    chain TEXT NOT NULL UNIQUE
) STRICT;

CREATE INDEX events_by_entry ON events (entry COLLATE NOCASE, number);
