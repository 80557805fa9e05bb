package memstore

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"theriac/canon"
	"theriac/internal/audit"
	"theriac/internal/idempotency"
	"theriac/internal/registry"
	"theriac/internal/supply"
)

// Record implements supply.Audit.
func (s *Store) Record(ctx context.Context, e audit.Entry) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	e.Time = moment(e.Time)
	s.entries = append(s.entries, e)
	return nil
}

// Entries implements supply.Audit.
func (s *Store) Entries(ctx context.Context, cursor string, limit int) ([]audit.Entry, string, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, "", err
	}
	defer end()
	places, next, err := inBook.page(cursor, limit, len(s.entries), func(int) bool { return true })
	out := make([]audit.Entry, len(places))
	for i, p := range places {
		out[i] = s.entries[p]
	}
	return out, next, err
}

// PutApplication implements registry.Applications.
func (s *Store) PutApplication(ctx context.Context, a *registry.Application) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	for i := range s.applications {
		if before := &s.applications[i]; before.ID == a.ID {
			if before.GLN != a.GLN || !bytes.Equal(before.Message, a.Message) {
				return supply.ErrExists
			}
			return nil
		}
	}
	kept := cloneApplication(a)
	kept.Created = moment(a.Created)
	s.applications = append(s.applications, kept)
	return nil
}

func cloneApplication(a *registry.Application) registry.Application {
	c := *a
	c.Message = bytes.Clone(a.Message)
	p := &c.Content
	p.Key, p.SealKey = bytes.Clone(p.Key), bytes.Clone(p.SealKey)
	p.Prefixes, p.Roles = slices.Clone(p.Prefixes), slices.Clone(p.Roles)
	return c
}

// Application implements registry.Applications.
func (s *Store) Application(ctx context.Context, id canon.ID) (*registry.Application, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	for i := range s.applications {
		if s.applications[i].ID == id {
			return new(cloneApplication(&s.applications[i])), nil
		}
	}
	return nil, registry.ErrUnknown
}

// Applications implements registry.Applications.
func (s *Store) Applications(ctx context.Context) ([]registry.Application, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var out []registry.Application
	for i := range slices.Backward(s.applications) {
		out = append(out, cloneApplication(&s.applications[i]))
	}
	return out, nil
}

// Begin takes an idempotency key, as sqlstore's does.
func (s *Store) Begin(ctx context.Context, key string, request canon.Digest, now time.Time) (*idempotency.Response, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	r, ok := s.responses[key]
	switch {
	case ok && r.request != request:
		return nil, idempotency.ErrConflict
	case ok && r.Status != 0:
		r.Body = bytes.Clone(r.Body)
		return &r.Response, nil
	case ok && r.at.After(moment(now.Add(-idempotency.Lease))):
		return nil, idempotency.ErrInProgress
	}
	s.responses[key] = response{request: request, at: moment(now)}
	return nil, nil
}

// Finish keeps the answer to the request of a key that was taken at began.
func (s *Store) Finish(ctx context.Context, key string, began time.Time, r idempotency.Response, now time.Time) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if r.Status == 0 {
		return errors.New("memstore: an answer has a status")
	}
	before, ok := s.responses[key]
	switch {
	case !ok:
		return supply.ErrUnknown
	case before.Status != 0:
		return supply.ErrExists
	case !before.at.Equal(moment(began)):
		return idempotency.ErrInProgress
	}
	r.Body = bytes.Clone(r.Body)
	s.responses[key] = response{Response: r, request: before.request, at: moment(now)}
	return nil
}

// Release gives up a key that was taken at began and is not answered yet.
func (s *Store) Release(ctx context.Context, key string, began time.Time) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if r := s.responses[key]; r.Status == 0 && r.at.Equal(moment(began)) {
		delete(s.responses, key)
	}
	return nil
}

// Prune forgets the keys that were taken or answered before a time.
func (s *Store) Prune(ctx context.Context, before time.Time) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	for key, r := range s.responses {
		if r.at.Before(moment(before)) {
			delete(s.responses, key)
		}
	}
	return nil
}
