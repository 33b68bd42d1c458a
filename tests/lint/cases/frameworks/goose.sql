-- +goose Up
-- +goose StatementBegin
CREATE PROCEDURE p()
BEGIN
  DELETE FROM t;
  UPDATE t SET a = 1;
END;
-- +goose StatementEnd
RENAME TABLE a TO b;

-- +goose Down
RENAME TABLE b TO a;
