-- The keys of clients as they were fetched. They go with their client; a client of the operator's
-- settings has no row of its own.
CREATE TABLE client_keys (
    client_id  TEXT PRIMARY KEY,
    record     TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX client_keys_expiry ON client_keys (expires_at);
CREATE TRIGGER client_keys_gone AFTER DELETE ON client BEGIN
    DELETE FROM client_keys WHERE client_id = OLD.client_id;
END;
