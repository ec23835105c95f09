-- How many clients there are. To count them takes the longer the more there are.
CREATE TABLE client_count (
    clients INTEGER NOT NULL
) STRICT;
INSERT INTO client_count SELECT count(*) FROM client;
CREATE TRIGGER client_added AFTER INSERT ON client BEGIN
    UPDATE client_count SET clients = clients + 1;
END;
CREATE TRIGGER client_removed AFTER DELETE ON client BEGIN
    UPDATE client_count SET clients = clients - 1;
END;
