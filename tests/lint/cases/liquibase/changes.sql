--liquibase formatted sql

--changeset anna:1
ALTER TABLE users DROP COLUMN nickname, ALGORITHM=INSTANT

--changeset anna:2
DROP TABLE sessions
--rollback CREATE TABLE sessions (id INT)

--changeset anna:3 endDelimiter:// runOnChange:true
CREATE OR REPLACE PROCEDURE tidy()
BEGIN
  DELETE FROM events WHERE ends < NOW() LIMIT 1000;
  DROP TABLE never_said_on_its_own;
END//
TRUNCATE TABLE events
-- changeset anna:4
DROP TABLE events;
TRUNCATE TABLE orders;
