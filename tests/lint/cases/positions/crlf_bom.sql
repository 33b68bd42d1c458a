DROP TABLE old_things;

TRUNCATE TABLE logs;
