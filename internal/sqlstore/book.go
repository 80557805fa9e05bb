package sqlstore

import (
	"bytes"
	"context"
	"fmt"

	"theriac/canon"
	"theriac/internal/audit"
	"theriac/internal/registry"
	"theriac/internal/sqlstore/query"
	"theriac/internal/supply"
)

// Record implements supply.Audit.
func (s *Store) Record(ctx context.Context, e audit.Entry) error {
	return fail("record an entry", s.writer().InsertEntry(ctx, query.InsertEntryParams{
		Time: e.Time.UnixMicro(), Actor: query.Text(e.Actor), Action: query.Text(e.Action), Subject: query.Text(e.Subject),
		Code: query.Text(e.Code), Detail: query.Text(e.Detail), Policy: query.Text(e.Policy),
	}))
}

// Entries implements supply.Audit.
func (s *Store) Entries(ctx context.Context, cursor string, limit int) ([]audit.Entry, string, error) {
	before, err := inBook.place(cursor)
	if err != nil {
		return nil, "", err
	}
	count, err := rows(limit)
	if err != nil {
		return nil, "", err
	}
	// One more tells whether there is another page.
	found, err := s.reader().Entries(ctx, query.EntriesParams{Before: before, Count: count + 1})
	if err != nil {
		return nil, "", fail("list entries", err)
	}
	next := ""
	if len(found) > int(count) {
		found = found[:count]
		next = inBook.cursor(found[count-1].Seq)
	}
	out := make([]audit.Entry, len(found))
	for i, r := range found {
		out[i] = audit.Entry{
			Time: moment(r.Time), Actor: string(r.Actor), Action: string(r.Action), Subject: string(r.Subject),
			Code: string(r.Code), Detail: string(r.Detail), Policy: string(r.Policy),
		}
	}
	return out, next, nil
}

// PutApplication implements registry.Applications. Another message under an
// identifier that is taken is supply.ErrExists: who applies chooses it, and must
// not displace an application that the governors are looking at.
func (s *Store) PutApplication(ctx context.Context, a *registry.Application) error {
	content, err := canon.JSON(a.Content)
	if err != nil {
		return fmt.Errorf("application %s: %w", a.ID, err)
	}
	n, err := s.writer().InsertApplication(ctx, query.InsertApplicationParams{
		ID: query.Text(a.ID.String()), GLN: query.Text(a.GLN), Message: a.Message, Content: content, Created: a.Created.UnixMicro(),
	})
	if err != nil || n == 1 {
		return fail("put an application", err)
	}
	before, err := s.Application(ctx, a.ID)
	if err != nil {
		return err
	}
	if before.GLN != a.GLN || !bytes.Equal(before.Message, a.Message) {
		return fmt.Errorf("application %s: %w", a.ID, supply.ErrExists)
	}
	return nil
}

// Application implements registry.Applications.
func (s *Store) Application(ctx context.Context, id canon.ID) (*registry.Application, error) {
	r, err := s.reader().Application(ctx, query.Text(id.String()))
	if err != nil {
		return nil, failOne("read an application", err, registry.ErrUnknown)
	}
	a, err := application(&r)
	return &a, err
}

// Applications implements registry.Applications.
func (s *Store) Applications(ctx context.Context) ([]registry.Application, error) {
	found, err := s.reader().Applications(ctx)
	if err != nil {
		return nil, fail("list applications", err)
	}
	out := make([]registry.Application, len(found))
	for i := range found {
		if out[i], err = application(&found[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func application(r *query.Application) (registry.Application, error) {
	a := registry.Application{GLN: string(r.GLN), Message: r.Message, Created: moment(r.Created)}
	var err error
	if a.ID, err = id(r.ID); err == nil {
		err = canon.DecodeJSON(r.Content, &a.Content)
	}
	if err != nil {
		err = fmt.Errorf("stored application %s: %w", r.ID, err)
	}
	return a, err
}
