-- Paper 001: product lines, and what the ledger does not have of registrations.

-- +goose Up

CREATE TABLE lines (
  seq  INTEGER PRIMARY KEY,
  line TEXT   NOT NULL UNIQUE
);

-- The key of a line, sealed to one device. A row is never changed.
CREATE TABLE line_keys (
  line   TEXT   NOT NULL,
  device TEXT   NOT NULL,
  epoch  BIGINT NOT NULL,
  sealed BYTEA,
  PRIMARY KEY (line, device, epoch)
);

-- The organisation's own. A row counts from when the ledger has the registration;
-- it is written before.
CREATE TABLE registrations (
  seq         INTEGER PRIMARY KEY,
  id          TEXT   NOT NULL UNIQUE,
  root        TEXT   NOT NULL,
  consignment BYTEA,               -- sealed to the consignee
  created     BIGINT NOT NULL
);

-- Marks of a registration, 32 bytes each, and the root over those of a row.
CREATE TABLE mark_parts (
  registration BIGINT NOT NULL REFERENCES registrations (seq) ON DELETE CASCADE,
  part         BIGINT NOT NULL,
  root         BYTEA,
  leaves       BYTEA,
  PRIMARY KEY (registration, part)
);

-- What came of others' registrations, with the message that brought it.
CREATE TABLE consignments (
  registration TEXT   NOT NULL PRIMARY KEY,
  message      TEXT   NOT NULL,  -- anchor
  sealed       BYTEA
);
