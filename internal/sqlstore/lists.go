package sqlstore

import (
	"cmp"
	"context"
	"math"
	"slices"

	"theriac/canon"
	"theriac/internal/sqlstore/query"
	"theriac/internal/supply"
)

// A paged is a table that is listed by the places of its rows.
type paged[R, T any] struct {
	as   listing
	find func(before int64, count int32) ([]R, error)
	seq  func(*R) int64
	of   func(*R) (T, error)
}

// page reads one page. One row more than is asked for tells whether there is another.
func (p paged[R, T]) page(cursor string, limit int) ([]T, string, error) {
	before, err := p.as.place(cursor)
	if err != nil {
		return nil, "", err
	}
	count, err := rows(limit)
	if err != nil {
		return nil, "", err
	}
	found, err := p.find(before, count+1)
	if err != nil {
		return nil, "", fail("list", err)
	}
	next := ""
	if len(found) > int(count) {
		found = found[:count]
		next = p.as.cursor(p.seq(&found[count-1]))
	}
	out := make([]T, len(found))
	for i := range found {
		if out[i], err = p.of(&found[i]); err != nil {
			return nil, "", err
		}
	}
	return out, next, nil
}

// ListBatches implements supply.Lists.
func (s *Store) ListBatches(ctx context.Context, cursor string, limit int) ([]supply.Batch, string, error) {
	return paged[query.Batch, supply.Batch]{
		inBatches, func(before int64, count int32) ([]query.Batch, error) {
			return s.reader().ListBatches(ctx, query.ListBatchesParams{Before: before, Count: count})
		}, func(r *query.Batch) int64 { return r.Seq }, batch,
	}.page(cursor, limit)
}

// ListJobs implements supply.Lists.
func (s *Store) ListJobs(ctx context.Context, cursor string, limit int) ([]supply.Job, string, error) {
	return paged[query.ListJobsRow, supply.Job]{
		inJobs, func(before int64, count int32) ([]query.ListJobsRow, error) {
			return s.reader().ListJobs(ctx, query.ListJobsParams{Before: before, Count: count})
		}, func(r *query.ListJobsRow) int64 { return r.Seq }, listedJob,
	}.page(cursor, limit)
}

func listedJob(r *query.ListJobsRow) (supply.Job, error) {
	return job(&query.Job{
		ID: r.ID, Kind: r.Kind, State: r.State, Done: r.Done, Total: r.Total, Result: r.Result, Code: r.Code, Text: r.Text,
		Created: r.Created, Updated: r.Updated,
	})
}

// PutHolding implements supply.Lists.
func (s *Store) PutHolding(ctx context.Context, batch canon.Digest) error {
	return fail("put a holding", s.writer().PutHolding(ctx, query.Text(batch.String())))
}

// Holdings implements supply.Lists.
func (s *Store) Holdings(ctx context.Context, cursor string, limit int) ([]canon.Digest, string, error) {
	return paged[query.Holding, canon.Digest]{
		inStock, func(before int64, count int32) ([]query.Holding, error) {
			return s.reader().Holdings(ctx, query.HoldingsParams{Before: before, Count: count})
		}, func(r *query.Holding) int64 { return r.Seq }, func(r *query.Holding) (canon.Digest, error) { return digest(r.Batch) },
	}.page(cursor, limit)
}

// Waiting implements supply.Lists.
func (s *Store) Waiting(ctx context.Context, limit int) ([]supply.Backlog, error) {
	count, err := rows(limit)
	if err != nil {
		return nil, err
	}
	found, err := s.reader().Waiting(ctx, query.WaitingParams{Latest: math.MaxInt64, Count: count})
	if err != nil {
		return nil, fail("look at the outbox", err)
	}
	by := map[[2]string]*supply.Backlog{}
	for _, r := range found {
		key := [2]string{string(r.Audience), string(r.Code)}
		b := by[key]
		if b == nil { // the first is due first
			b = &supply.Backlog{Audience: key[0], Code: key[1], Oldest: moment(r.Created), Next: moment(r.Next)}
			by[key] = b
		}
		b.Messages++
		b.Attempts = max(b.Attempts, int(r.Attempts))
		if at := moment(r.Created); at.Before(b.Oldest) {
			b.Oldest = at
		}
	}
	out := make([]supply.Backlog, 0, len(by))
	for _, b := range by {
		out = append(out, *b)
	}
	slices.SortFunc(out, func(a, b supply.Backlog) int {
		return cmp.Or(cmp.Compare(a.Audience, b.Audience), cmp.Compare(a.Code, b.Code))
	})
	return out, nil
}
