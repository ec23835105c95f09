-- Whose they are, for the person himself. A damaged record is nobody's, and stops nothing.
ALTER TABLE token ADD COLUMN user_id TEXT
    AS (CASE WHEN json_valid(record) THEN json_extract(record, '$.user_id') END) VIRTUAL;
ALTER TABLE refresh_token ADD COLUMN user_id TEXT
    AS (CASE WHEN json_valid(record) THEN json_extract(record, '$.grant.user_id') END) VIRTUAL;
ALTER TABLE code ADD COLUMN user_id TEXT
    AS (CASE WHEN json_valid(record) THEN json_extract(record, '$.grant.user_id') END) VIRTUAL;
ALTER TABLE device ADD COLUMN user_id TEXT
    AS (CASE WHEN json_valid(decision) THEN json_extract(decision, '$.approved.user_id') END) VIRTUAL;
CREATE INDEX token_user ON token (user_id);
CREATE INDEX refresh_token_user ON refresh_token (user_id);
CREATE INDEX code_user ON code (user_id);
CREATE INDEX device_user ON device (user_id) WHERE user_id IS NOT NULL;
