-- Paper 001: product lines, and what the ledger does not have of registrations.

-- +goose Up

CREATE TABLE lines (
  seq  BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  line TEXT COLLATE "C" NOT NULL UNIQUE
);

-- The key of a line, sealed to one device. A row is never changed.
CREATE TABLE line_keys (
  line   TEXT COLLATE "C" NOT NULL,
  device TEXT COLLATE "C" NOT NULL,
  epoch  BIGINT NOT NULL,
  sealed BYTEA,
  PRIMARY KEY (line, device, epoch)
);

-- The organisation's own. A row counts from when the ledger has the registration;
-- it is written before.
CREATE TABLE registrations (
  seq         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id          TEXT COLLATE "C" NOT NULL UNIQUE,
  root        TEXT COLLATE "C" NOT NULL,
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
  registration TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  message      TEXT COLLATE "C" NOT NULL,  -- anchor
  sealed       BYTEA
);
