-- migrate:up
CREATE TABLE sessions (token CHAR(32), user INT);

-- migrate:down
DROP TABLE sessions;
