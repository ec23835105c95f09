-- The audit trail: JSON as token_core::audit writes it. The newest stay.
CREATE TABLE audit (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL,
    record TEXT NOT NULL
) STRICT;

-- When a thing was last used: the `jti` of a token, or the id of a grant.
CREATE TABLE last_use (
    thing      TEXT PRIMARY KEY,
    used_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX last_use_expiry ON last_use (expires_at);
