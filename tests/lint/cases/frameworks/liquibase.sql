--liquibase formatted sql

--changeset anna:1 runOnChange:true
CREATE VIEW v AS SELECT id FROM t;
--rollback DROP VIEW v;

--changeset o'brien:2
--comment it's gone
DROP TABLE t;
/* liquibase rollback
CREATE TABLE t (id INT);
*/
