-- What the ceiling on clients asks, taken from the record.
ALTER TABLE client ADD COLUMN used INTEGER
    AS (coalesce(json_extract(record, '$.used'), 0)) VIRTUAL;
ALTER TABLE client ADD COLUMN issued_at INTEGER
    AS (json_extract(record, '$.issued_at')) VIRTUAL;
CREATE INDEX client_unused ON client (issued_at, client_id) WHERE used = 0;

-- Whose they are, to be ended with the client.
ALTER TABLE token ADD COLUMN client_id TEXT
    AS (json_extract(record, '$.client_id')) VIRTUAL;
ALTER TABLE refresh_token ADD COLUMN client_id TEXT
    AS (json_extract(record, '$.grant.client_id')) VIRTUAL;
CREATE INDEX token_client ON token (client_id);
CREATE INDEX refresh_token_client ON refresh_token (client_id);

-- `decision` is the JSON of a DeviceDecision, NULL until a person took one.
CREATE TABLE device (
    device_code_hash TEXT PRIMARY KEY,
    user_code_hash   TEXT NOT NULL UNIQUE,
    record           TEXT NOT NULL,
    decision         TEXT,
    polled_at        INTEGER,
    expires_at       INTEGER NOT NULL
) STRICT;

CREATE TABLE pushed_request (
    request_uri_hash TEXT PRIMARY KEY,
    record           TEXT NOT NULL,
    expires_at       INTEGER NOT NULL
) STRICT;

-- What may be used once, and was.
CREATE TABLE used_thing (
    thing_hash TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX device_expiry ON device (expires_at);
CREATE INDEX pushed_request_expiry ON pushed_request (expires_at);
CREATE INDEX used_thing_expiry ON used_thing (expires_at);
