-- The store of one organisation. A migration is never edited after its release:
-- what changes later is a new file, here and in the folder of the other engine.
--
-- Text is UTF-8 without NUL; what is neither is escaped (package query, Text).
-- Digests and identifiers are their text form, 43 and 22 characters of base64url.
-- Times are microseconds since 1970 UTC, block times milliseconds as the ledger
-- has them. Unsigned numbers are kept as the signed ones with the same bits.
-- JSON is canonical (RFC 8785) in BYTEA. Where NULL is allowed in BYTEA it is
-- Go's nil, which is not the empty slice.
--
-- seq counts up with every row written first: it is the order of all listings,
-- because a clock may be set back.

-- +goose Up

-- The mail. (id, issuer) is also the set of messages seen, for ever: no row is
-- deleted, so no message is taken twice.
CREATE TABLE messages (
  seq        INTEGER PRIMARY KEY,
  id         TEXT   NOT NULL,
  issuer     TEXT   NOT NULL,
  audience   TEXT   NOT NULL,
  type       TEXT   NOT NULL,
  case_id    TEXT   NOT NULL,
  prev       BYTEA,                -- JSON, an array of digests
  body       BYTEA  NOT NULL,      -- JSON, an array of fields
  status     TEXT   NOT NULL,      -- queued, then sent or refused; or received
  created    BIGINT NOT NULL,
  attempts   BIGINT NOT NULL,
  next       BIGINT NOT NULL,      -- when a queued one is due
  code       TEXT   NOT NULL,      -- of the last failure
  bc         TEXT   UNIQUE,        -- anchor; NULL until there is a receipt
  envelope   TEXT   NOT NULL,      -- the form that is anchored
  height     BIGINT NOT NULL,
  leaf       BIGINT NOT NULL,
  block_time BIGINT NOT NULL,
  UNIQUE (id, issuer)
);
CREATE INDEX messages_due ON messages (next, seq) WHERE status = 'queued';
CREATE INDEX messages_by_status ON messages (status, seq);
CREATE INDEX messages_by_type ON messages (type, seq);
CREATE INDEX messages_by_status_and_type ON messages (status, type, seq);
CREATE INDEX messages_by_case ON messages (case_id, seq);

-- Which messages follow an anchor: the digests of messages.prev.
CREATE TABLE follows (
  prev    TEXT   NOT NULL,
  message BIGINT NOT NULL REFERENCES messages (seq),
  PRIMARY KEY (prev, message)
);

CREATE TABLE batches (
  seq            INTEGER PRIMARY KEY,
  id             TEXT   NOT NULL UNIQUE,
  gtin           TEXT   NOT NULL,
  lot            TEXT   NOT NULL,
  expiry         TEXT   NOT NULL,
  size           BIGINT NOT NULL,
  certificate    TEXT   NOT NULL,
  transformation BYTEA,            -- the exact event
  document       TEXT   NOT NULL,  -- digest; of zeros: not captured
  created        BIGINT NOT NULL
);
CREATE INDEX batches_by_gtin ON batches (gtin, seq);

CREATE TABLE jobs (
  seq     INTEGER PRIMARY KEY,
  id      TEXT   NOT NULL UNIQUE,
  kind    TEXT   NOT NULL,
  state   TEXT   NOT NULL,         -- running, done, failed
  done    BIGINT NOT NULL,
  total   BIGINT NOT NULL,
  spec    BYTEA,                   -- JSON
  result  TEXT   NOT NULL,
  code    TEXT   NOT NULL,
  text    TEXT   NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL
);
CREATE INDEX jobs_running ON jobs (seq) WHERE state = 'running';

CREATE TABLE documents (
  seq        INTEGER PRIMARY KEY,
  digest     TEXT   NOT NULL UNIQUE,
  media      TEXT   NOT NULL,
  bytes      BYTEA,                -- as they came
  created    BIGINT NOT NULL,
  leaf       BIGINT NOT NULL,
  height     BIGINT NOT NULL,
  block_time BIGINT NOT NULL
);

-- What documents are about. An identifier may be longer than an index takes, so
-- its digest (SHA-256) stands here; in clear it is in the document.
CREATE TABLE mentions (
  identifier TEXT   NOT NULL,
  document   BIGINT NOT NULL REFERENCES documents (seq),
  event      BIGINT NOT NULL,
  role       TEXT   NOT NULL,
  PRIMARY KEY (identifier, document, event, role)
);

-- The audit book. Entries are never changed.
CREATE TABLE audit (
  seq     INTEGER PRIMARY KEY,
  time    BIGINT NOT NULL,
  actor   TEXT   NOT NULL,
  action  TEXT   NOT NULL,
  subject TEXT   NOT NULL,
  code    TEXT   NOT NULL,
  detail  TEXT   NOT NULL
);

CREATE TABLE applications (
  seq     INTEGER PRIMARY KEY,
  id      TEXT   NOT NULL UNIQUE,
  gln     TEXT   NOT NULL,
  message BYTEA,                   -- as it came
  content BYTEA  NOT NULL,         -- JSON
  created BIGINT NOT NULL
);

-- Answers by idempotency key. Status 0: being worked on since the time in at;
-- else answered then.
CREATE TABLE responses (
  key     TEXT   NOT NULL PRIMARY KEY,
  request TEXT   NOT NULL,         -- digest
  at      BIGINT NOT NULL,
  status  BIGINT NOT NULL,
  type    TEXT   NOT NULL,
  body    BYTEA
);
CREATE INDEX responses_by_age ON responses (at);
