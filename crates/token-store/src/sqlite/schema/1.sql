-- Times are seconds since 1970; `record` is the JSON of the record of token_core; hashes are
-- base64url. A row is over at `expires_at` (NULL: never), and is cleared away some time after.

CREATE TABLE client (
    client_id  TEXT PRIMARY KEY,
    record     TEXT NOT NULL,
    expires_at INTEGER
) STRICT;

CREATE TABLE sign_in (
    state_hash TEXT PRIMARY KEY,
    record     TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

-- A used code stays, so that a replay names its grant.
CREATE TABLE code (
    code_hash  TEXT PRIMARY KEY,
    record     TEXT NOT NULL,
    used       INTEGER NOT NULL DEFAULT 0,
    expires_at INTEGER NOT NULL
) STRICT;

-- A revoked token stays, marked.
CREATE TABLE token (
    jti        TEXT PRIMARY KEY,
    grant_id   TEXT NOT NULL,
    record     TEXT NOT NULL,
    revoked    INTEGER NOT NULL DEFAULT 0,
    expires_at INTEGER NOT NULL
) STRICT;

-- A replaced refresh token stays, so that its reuse is seen.
CREATE TABLE refresh_token (
    token_hash TEXT PRIMARY KEY,
    grant_id   TEXT NOT NULL,
    record     TEXT NOT NULL,
    replaced   INTEGER NOT NULL DEFAULT 0,
    expires_at INTEGER NOT NULL
) STRICT;

-- The sealed answer that a replaced refresh token gets again, for the grace.
CREATE TABLE grace (
    token_hash    TEXT PRIMARY KEY,
    grant_id      TEXT NOT NULL,
    sealed_answer TEXT NOT NULL,
    expires_at    INTEGER NOT NULL
) STRICT;

-- No token becomes active under an ended grant.
CREATE TABLE ended_grant (
    grant_id   TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX client_expiry ON client (expires_at);
CREATE INDEX sign_in_expiry ON sign_in (expires_at);
CREATE INDEX code_expiry ON code (expires_at);
CREATE INDEX token_expiry ON token (expires_at);
CREATE INDEX refresh_token_expiry ON refresh_token (expires_at);
CREATE INDEX grace_expiry ON grace (expires_at);
CREATE INDEX ended_grant_expiry ON ended_grant (expires_at);
CREATE INDEX token_grant ON token (grant_id);
CREATE INDEX refresh_token_grant ON refresh_token (grant_id);
CREATE INDEX grace_grant ON grace (grant_id);
