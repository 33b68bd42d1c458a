-- migrate:up
CREATE TABLE a (id INT NOT NULL PRIMARY KEY);
DROP TABLE b;

-- migrate:down
DROP TABLE a;
SET GLOBAL wsrep_on = OFF;
