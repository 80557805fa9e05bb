package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"theriac/canon"
	"theriac/internal/idempotency"
	"theriac/internal/sqlstore/query"
	"theriac/internal/supply"
)

// Begin takes an idempotency key for a request: nil if the caller is to do the
// request and then Finish or Release the key, else the answer that was given
// before. It returns idempotency.ErrConflict if the key stands for another
// request, and idempotency.ErrInProgress while its lease runs.
func (s *Store) Begin(ctx context.Context, key string, request canon.Digest, now time.Time) (*idempotency.Response, error) {
	const doing = "take a key"
	for {
		n, err := s.writer().TakeKey(ctx, query.TakeKeyParams{
			Key: query.Text(key), Request: query.Text(request.String()), Now: now.UnixMicro(), Lapsed: now.Add(-idempotency.Lease).UnixMicro(),
		})
		if err != nil {
			return nil, fail(doing, err)
		}
		if n == 1 {
			return nil, nil
		}
		r, err := s.reader().Response(ctx, query.Text(key))
		switch {
		case errors.Is(err, sql.ErrNoRows): // released in between
			continue
		case err != nil:
			return nil, fail(doing, err)
		case string(r.Request) != request.String():
			return nil, idempotency.ErrConflict
		case r.Status == 0:
			return nil, idempotency.ErrInProgress
		}
		return &idempotency.Response{Status: int(r.Status), Type: string(r.Type), Body: r.Body}, nil
	}
}

// Finish keeps the answer to the request of a key that was taken at began. The
// first answer stays (supply.ErrExists). Who was taken for dead meanwhile, and
// comes too late, has no say: the key is another's (idempotency.ErrInProgress),
// perhaps for another request.
func (s *Store) Finish(ctx context.Context, key string, began time.Time, r idempotency.Response, now time.Time) error {
	const doing = "answer a key"
	if r.Status == 0 {
		return errors.New("store: an answer has a status")
	}
	n, err := s.writer().AnswerKey(ctx, query.AnswerKeyParams{
		At: now.UnixMicro(), Status: int64(r.Status), Type: query.Text(r.Type), Body: r.Body, Key: query.Text(key), Began: began.UnixMicro(),
	})
	if err != nil || n == 1 {
		return fail(doing, err)
	}
	there, err := s.reader().Response(ctx, query.Text(key))
	switch {
	case err != nil:
		return failOne(doing, err, supply.ErrUnknown)
	case there.Status == 0:
		return idempotency.ErrInProgress
	}
	return fmt.Errorf("answer: %w", supply.ErrExists)
}

// Release gives up a key that was taken at began and is not answered yet; its
// request may be sent again. A key that another has taken over stays his.
func (s *Store) Release(ctx context.Context, key string, began time.Time) error {
	return fail("release a key", s.writer().ReleaseKey(ctx, query.ReleaseKeyParams{Key: query.Text(key), Began: began.UnixMicro()}))
}

// Lapse ends the leases of all keys that are not answered, when a process begins:
// whoever began those requests has died, for nobody else uses the store.
func (s *Store) Lapse(ctx context.Context, now time.Time) error {
	return fail("end leases", s.writer().LapseKeys(ctx, now.Add(-idempotency.Lease).UnixMicro()))
}

// Prune forgets the keys that were taken or answered before a time, and nothing else.
func (s *Store) Prune(ctx context.Context, before time.Time) error {
	return fail("prune", s.writer().PruneResponses(ctx, before.UnixMicro()))
}
