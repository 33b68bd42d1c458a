ALTER TABLE users DROP COLUMN nick;
DROP TABLE users_nicks;
