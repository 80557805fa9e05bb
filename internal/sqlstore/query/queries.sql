-- One set of queries for both engines: ON CONFLICT and RETURNING, but no JSON
-- operators, arrays or now().

-- name: InsertMessage :one
INSERT INTO messages (
  id, issuer, audience, type, case_id, prev, body, status, created,
  attempts, next, code, bc, envelope, height, leaf, block_time
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
ON CONFLICT DO NOTHING
RETURNING seq;

-- name: InsertFollows :exec
INSERT INTO follows (prev, message) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- name: SettleMessage :execrows
UPDATE messages
SET status = $1, attempts = $2, next = $3, code = $4, bc = $5, envelope = $6, height = $7, leaf = $8, block_time = $9
WHERE id = $10 AND issuer = $11 AND status = 'queued';

-- name: DeferMessage :execrows
UPDATE messages SET attempts = attempts + 1, next = $1, code = $2
WHERE id = $3 AND status = 'queued';

-- name: DueMessages :many
SELECT seq FROM messages WHERE status = 'queued' AND next <= @now ORDER BY next, seq LIMIT @count;

-- name: Message :one
SELECT * FROM messages WHERE id = $1 AND issuer = $2;

-- name: MessageBySeq :one
SELECT * FROM messages WHERE seq = $1;

-- name: MessageByAnchor :one
SELECT * FROM messages WHERE bc = $1;

-- The listings name one page of messages. Each goes down one index, from the row
-- before the cursor to the last that it is about, and says so by comparing rows:
-- for (status = @status AND seq < @before ORDER BY seq DESC) PostgreSQL may walk all
-- messages by seq and throw away those of another status. Only within a case and
-- after one anchor is the rest looked at row by row (the empty text chooses all).

-- name: ListMessages :many
SELECT seq FROM messages WHERE seq < @before ORDER BY seq DESC LIMIT @count;

-- name: ListMessagesByType :many
SELECT seq FROM messages
WHERE type >= @type AND (type, seq) < (@type, CAST(@before AS BIGINT))
ORDER BY type DESC, seq DESC LIMIT @count;

-- name: ListMessagesByStatus :many
SELECT seq FROM messages
WHERE status >= @status AND (status, seq) < (@status, CAST(@before AS BIGINT))
ORDER BY status DESC, seq DESC LIMIT @count;

-- name: ListMessagesByStatusAndType :many
SELECT seq FROM messages
WHERE (status, type) >= (@status, CAST(@type AS TEXT)) AND (status, type, seq) < (@status, @type, CAST(@before AS BIGINT))
ORDER BY status DESC, type DESC, seq DESC LIMIT @count;

-- name: ListMessagesByCase :many
SELECT seq FROM messages
WHERE case_id >= @case_id AND (case_id, seq) < (@case_id, CAST(@before AS BIGINT))
  AND (status = @status OR @status = '') AND (type = @type OR @type = '')
ORDER BY case_id DESC, seq DESC LIMIT @count;

-- name: ListMessagesByPrev :many
SELECT message FROM follows
WHERE follows.prev >= @prev AND (follows.prev, message) < (@prev, CAST(@before AS BIGINT)) AND (
  SELECT (case_id = @case_id OR @case_id = '') AND (status = @status OR @status = '') AND (type = @type OR @type = '')
  FROM messages WHERE seq = message
)
ORDER BY follows.prev DESC, message DESC LIMIT @count;

-- name: PutBatch :exec
INSERT INTO batches (id, gtin, lot, expiry, size, certificate, transformation, document, created)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (id) DO UPDATE SET
  gtin = excluded.gtin, lot = excluded.lot, expiry = excluded.expiry, size = excluded.size, certificate = excluded.certificate,
  transformation = excluded.transformation, document = excluded.document, created = excluded.created;

-- name: Batch :one
SELECT * FROM batches WHERE id = $1;

-- name: Batches :many
SELECT * FROM batches ORDER BY seq DESC;

-- name: BatchesOf :many
SELECT * FROM batches WHERE gtin = $1 ORDER BY seq DESC;

-- name: PutJob :exec
INSERT INTO jobs (id, kind, state, done, total, spec, result, code, text, created, updated)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (id) DO UPDATE SET
  kind = excluded.kind, state = excluded.state, done = excluded.done, total = excluded.total, spec = excluded.spec,
  result = excluded.result, code = excluded.code, text = excluded.text, created = excluded.created, updated = excluded.updated;

-- name: Job :one
SELECT * FROM jobs WHERE id = $1;

-- name: RunningJobs :many
SELECT * FROM jobs WHERE state = 'running' ORDER BY seq;

-- name: InsertDocument :one
INSERT INTO documents (digest, media, bytes, created, leaf, height, block_time)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING
RETURNING seq;

-- name: InsertMention :exec
INSERT INTO mentions (identifier, document, event, role) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;

-- name: Document :one
SELECT * FROM documents WHERE digest = $1;

-- name: Mentioning :many
SELECT digest FROM documents
WHERE seq IN (SELECT document FROM mentions WHERE identifier = $1)
ORDER BY seq;

-- name: InsertEntry :exec
INSERT INTO audit (time, actor, action, subject, code, detail, policy) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: Entries :many
SELECT * FROM audit WHERE seq < @before ORDER BY seq DESC LIMIT @count;

-- name: InsertApplication :execrows
INSERT INTO applications (id, gln, message, content, created) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING;

-- name: Application :one
SELECT * FROM applications WHERE id = $1;

-- name: Applications :many
SELECT * FROM applications ORDER BY seq DESC;

-- Takes a new key, or one that was left unanswered for too long, for the same request.
-- name: TakeKey :execrows
INSERT INTO responses (key, request, at, status, type) VALUES (@key, @request, @now, 0, '')
ON CONFLICT (key) DO UPDATE SET at = excluded.at
WHERE responses.status = 0 AND responses.request = excluded.request AND responses.at <= @lapsed;

-- name: Response :one
SELECT * FROM responses WHERE key = $1;

-- Who has a key is told by when he took it: whoever takes it over does so later.
-- name: AnswerKey :execrows
UPDATE responses SET at = @at, status = @status, type = @type, body = @body WHERE key = @key AND status = 0 AND at = @began;

-- name: ReleaseKey :exec
DELETE FROM responses WHERE key = @key AND status = 0 AND at = @began;

-- name: LapseKeys :exec
UPDATE responses SET at = @lapsed WHERE status = 0 AND at > @lapsed;

-- name: PruneResponses :exec
DELETE FROM responses WHERE at < @before;

-- name: InsertPerson :exec
INSERT INTO persons (id, name, role, created, seen) VALUES ($1, $2, $3, $4, $5);

-- name: Person :one
SELECT persons.*, (SELECT COUNT(*) FROM passkeys WHERE person = persons.id) AS passkeys,
  CAST(COALESCE((SELECT expires FROM invitations WHERE person = persons.id), 0) AS BIGINT) AS invited
FROM persons WHERE persons.id = $1;

-- name: People :many
SELECT persons.*, (SELECT COUNT(*) FROM passkeys WHERE person = persons.id) AS passkeys,
  CAST(COALESCE((SELECT expires FROM invitations WHERE person = persons.id), 0) AS BIGINT) AS invited
FROM persons ORDER BY persons.seq;

-- name: HoldPerson :execrows
UPDATE persons SET role = role WHERE id = $1;

-- name: SetRole :execrows
UPDATE persons SET role = $1 WHERE id = $2;

-- name: SetSeen :exec
UPDATE persons SET seen = @now WHERE id = @id AND seen < @now;

-- name: DeletePerson :execrows
DELETE FROM persons WHERE id = $1;

-- name: PutInvitation :exec
INSERT INTO invitations (code, person, expires) VALUES ($1, $2, $3)
ON CONFLICT (person) DO UPDATE SET code = excluded.code, expires = excluded.expires;

-- name: Invitation :one
SELECT * FROM invitations WHERE code = $1;

-- name: TakeInvitation :execrows
DELETE FROM invitations WHERE code = @code AND person = @person AND expires > @now;

-- name: PruneInvitations :exec
DELETE FROM invitations WHERE expires <= @now;

-- name: InsertPasskey :exec
INSERT INTO passkeys (id, person, count, record, created, used) VALUES ($1, $2, $3, $4, $5, $6);

-- name: Passkey :one
SELECT * FROM passkeys WHERE id = $1;

-- name: PasskeysOf :many
SELECT * FROM passkeys WHERE person = $1 ORDER BY seq;

-- name: UsePasskey :execrows
UPDATE passkeys SET count = @count, record = @record, used = @used
WHERE id = @id AND person = @person AND count = @was;

-- name: DeletePasskeysOf :exec
DELETE FROM passkeys WHERE person = $1;

-- name: InsertSession :exec
INSERT INTO sessions (token, person, began, used) VALUES ($1, $2, $3, $4);

-- name: Session :one
SELECT * FROM sessions WHERE token = $1;

-- name: TouchSession :execrows
UPDATE sessions SET used = @now WHERE token = @token AND used < @now;

-- name: DeleteSession :exec
DELETE FROM sessions WHERE token = $1;

-- name: DeleteSessionsOf :exec
DELETE FROM sessions WHERE person = $1;

-- name: PruneSessions :exec
DELETE FROM sessions WHERE began <= @began OR used <= @used;

-- name: InsertReport :execrows
INSERT INTO reports (id, jws, sent_to, created, handed) VALUES ($1, $2, $3, $4, 0) ON CONFLICT DO NOTHING;

-- name: Report :one
SELECT * FROM reports WHERE id = $1;

-- name: HandReport :execrows
UPDATE reports SET handed = 1 WHERE id = $1;

-- name: UnhandedReports :many
SELECT * FROM reports WHERE handed = 0 ORDER BY seq;

-- name: PutHolding :exec
INSERT INTO holdings (batch) VALUES ($1) ON CONFLICT DO NOTHING;

-- name: Holdings :many
SELECT * FROM holdings WHERE seq < @before ORDER BY seq DESC LIMIT @count;

-- name: ListBatches :many
SELECT * FROM batches WHERE seq < @before ORDER BY seq DESC LIMIT @count;

-- Without the specs: that of a release may name millions of serial numbers.
-- name: ListJobs :many
SELECT seq, id, kind, state, done, total, result, code, text, created, updated FROM jobs WHERE seq < @before ORDER BY seq DESC LIMIT @count;

-- By the index of what is due; @latest is later than everything.
-- name: Waiting :many
SELECT audience, code, created, next, attempts FROM messages WHERE status = 'queued' AND next <= @latest ORDER BY next, seq LIMIT @count;

-- name: PutLine :exec
INSERT INTO lines (line) VALUES ($1) ON CONFLICT DO NOTHING;

-- name: Lines :many
SELECT line FROM lines ORDER BY seq DESC;

-- name: InsertLineKey :exec
INSERT INTO line_keys (line, device, epoch, sealed) VALUES ($1, $2, $3, $4);

-- name: LineKeys :many
SELECT * FROM line_keys WHERE line = $1 AND device = $2 ORDER BY epoch DESC;

-- name: InsertRegistration :one
INSERT INTO registrations (id, root, consignment, created) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING
RETURNING seq;

-- name: InsertMarkPart :exec
INSERT INTO mark_parts (registration, part, root, leaves) VALUES ($1, $2, $3, $4);

-- name: Registration :one
SELECT * FROM registrations WHERE id = $1;

-- name: MarkPart :one
SELECT leaves FROM mark_parts WHERE registration = (SELECT seq FROM registrations WHERE id = $1) AND part = $2;

-- name: MarkRoots :many
SELECT root FROM mark_parts WHERE registration = (SELECT seq FROM registrations WHERE id = $1) ORDER BY part;

-- name: DeleteRegistration :exec
DELETE FROM registrations WHERE id = $1;

-- name: PutConsignment :exec
INSERT INTO consignments (registration, message, sealed) VALUES ($1, $2, $3)
ON CONFLICT (registration) DO UPDATE SET message = excluded.message, sealed = excluded.sealed;

-- name: Consignment :one
SELECT * FROM consignments WHERE registration = $1;
