-- Clients that were deleted, so that no restored backup brings one back. One that registers again
-- is no longer deleted.
CREATE TABLE deleted_client (
    client_id  TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX deleted_client_expiry ON deleted_client (expires_at);
