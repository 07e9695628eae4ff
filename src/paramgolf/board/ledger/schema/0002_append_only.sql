-- Nothing that was written changes or goes, whoever holds the connection. The insert trigger also stops
-- INSERT OR REPLACE, which would delete a row without firing the delete trigger.
CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only: an event is never changed');
END;

CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only: an event is never deleted');
END;

CREATE TRIGGER events_follow_one_another BEFORE INSERT ON events
WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM events)
    OR EXISTS (SELECT 1 FROM events WHERE key = NEW.key OR chain = NEW.chain)
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only: an event has the next number and is new');
END;
