//! CREATE TABLE to a table.
