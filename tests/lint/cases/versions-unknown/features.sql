CREATE TABLE t (id UUID NOT NULL PRIMARY KEY, offset INT, `rows` INT, row_number INT);
ALTER TABLE t RENAME COLUMN a TO b;
ALTER TABLE t ADD COLUMN c INT /*!100700 INVISIBLE */;
CREATE TABLE u (id INT NOT NULL PRIMARY KEY, j JSON, k INT AS (j->'$.k')) COLLATE utf8mb4_0900_ai_ci;
/*!40101 SET @saved = @@character_set_client */;
