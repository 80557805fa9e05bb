-- +goose Up

-- What reporters handed in. No row is deleted, so no report is taken twice.
CREATE TABLE reports (
  seq     INTEGER PRIMARY KEY,
  id      TEXT   NOT NULL UNIQUE,
  jws     BYTEA,                   -- as it came
  sent_to BYTEA  NOT NULL,         -- JSON, an array of GLN
  created BIGINT NOT NULL,
  handed  BIGINT NOT NULL          -- 1 when each receiver has its notice
);
CREATE INDEX reports_unhanded ON reports (seq) WHERE handed = 0;

-- Batches of which the organisation has, or had, packs.
CREATE TABLE holdings (
  seq     INTEGER PRIMARY KEY,
  batch   TEXT   NOT NULL UNIQUE
);
INSERT INTO holdings (batch) SELECT id FROM batches WHERE certificate <> '' ORDER BY seq;
