-- Every kind of record in one table: a new kind needs no migration. The times
-- are Unix microseconds. There is no index on expires: each write would cost
-- another row, and sweeps read rows, which cost a thousandth of that.
CREATE TABLE IF NOT EXISTS records (
  kind    TEXT    NOT NULL,
  key     BLOB    NOT NULL,
  version INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  value   BLOB    NOT NULL,
  PRIMARY KEY (kind, key)
) WITHOUT ROWID;
