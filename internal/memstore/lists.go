package memstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"theriac/canon"
	"theriac/internal/supply"
)

func every(int) bool { return true }

// ListBatches implements supply.Lists.
func (s *Store) ListBatches(ctx context.Context, cursor string, limit int) ([]supply.Batch, string, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, "", err
	}
	defer end()
	places, next, err := inBatches.page(cursor, limit, len(s.batches), every)
	out := make([]supply.Batch, len(places))
	for i, p := range places {
		out[i] = cloneBatch(&s.batches[p])
	}
	return out, next, err
}

// ListJobs implements supply.Lists.
func (s *Store) ListJobs(ctx context.Context, cursor string, limit int) ([]supply.Job, string, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, "", err
	}
	defer end()
	places, next, err := inJobs.page(cursor, limit, len(s.jobs), every)
	out := make([]supply.Job, len(places))
	for i, p := range places {
		out[i] = s.jobs[p]
		out[i].Spec = nil
	}
	return out, next, err
}

// PutHolding implements supply.Lists.
func (s *Store) PutHolding(ctx context.Context, batch canon.Digest) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if !slices.Contains(s.holdings, batch) {
		s.holdings = append(s.holdings, batch)
	}
	return nil
}

// Holdings implements supply.Lists.
func (s *Store) Holdings(ctx context.Context, cursor string, limit int) ([]canon.Digest, string, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, "", err
	}
	defer end()
	places, next, err := inStock.page(cursor, limit, len(s.holdings), every)
	out := make([]canon.Digest, len(places))
	for i, p := range places {
		out[i] = s.holdings[p]
	}
	return out, next, err
}

// Waiting implements supply.Lists.
func (s *Store) Waiting(ctx context.Context, limit int) ([]supply.Backlog, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	if limit < 1 {
		return nil, fmt.Errorf("%w: a limit of %d", supply.ErrRequest, limit)
	}
	var due []*supply.Message
	for i := range s.messages {
		if s.messages[i].Status == supply.Queued {
			due = append(due, &s.messages[i])
		}
	}
	slices.SortStableFunc(due, func(a, b *supply.Message) int { return a.Next.Compare(b.Next) })
	var out []supply.Backlog
	for _, m := range due[:min(limit, len(due))] {
		i := slices.IndexFunc(out, func(b supply.Backlog) bool { return b.Audience == m.Audience && b.Code == m.Code })
		if i < 0 {
			i = len(out)
			out = append(out, supply.Backlog{Audience: m.Audience, Code: m.Code, Oldest: m.Created, Next: m.Next})
		}
		b := &out[i]
		b.Messages++
		b.Attempts = max(b.Attempts, m.Attempts)
		if m.Created.Before(b.Oldest) {
			b.Oldest = m.Created
		}
	}
	slices.SortFunc(out, func(a, b supply.Backlog) int {
		return cmp.Or(cmp.Compare(a.Audience, b.Audience), cmp.Compare(a.Code, b.Code))
	})
	return out, nil
}
