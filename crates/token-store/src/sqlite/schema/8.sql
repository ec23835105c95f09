-- An approval that a poll was told stays, so that its grant can be ended before it has tokens.
ALTER TABLE device ADD COLUMN fetched INTEGER NOT NULL DEFAULT 0;
