-- People of the organisation, who log in with passkeys, and what let them in.

-- +goose Up

CREATE TABLE persons (
  seq     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id      TEXT COLLATE "C" NOT NULL UNIQUE,
  name    TEXT   NOT NULL,
  role    TEXT   NOT NULL,
  created BIGINT NOT NULL,
  seen    BIGINT NOT NULL          -- of the zero time: never
);

-- What belongs to a person goes with the row above, in the one statement that
-- deletes it: nothing can be added meanwhile.
CREATE TABLE passkeys (
  seq     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id      TEXT COLLATE "C" NOT NULL UNIQUE, -- base64url
  person  TEXT COLLATE "C" NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
  count   BIGINT NOT NULL,         -- signatures, as the authenticator says
  record  BYTEA,                   -- JSON of the library
  created BIGINT NOT NULL,
  used    BIGINT NOT NULL
);
CREATE INDEX passkeys_of ON passkeys (person, seq);

-- One a person; the code itself is nowhere.
CREATE TABLE invitations (
  code    TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- digest
  person  TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES persons (id) ON DELETE CASCADE,
  expires BIGINT NOT NULL
);

CREATE TABLE sessions (
  token  TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- digest
  person TEXT COLLATE "C" NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
  began  BIGINT NOT NULL,
  used   BIGINT NOT NULL
);
CREATE INDEX sessions_of ON sessions (person);

-- The policy that let a person do what an entry is about.
ALTER TABLE audit ADD COLUMN policy TEXT NOT NULL DEFAULT '';
