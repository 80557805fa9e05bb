package memstore

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"theriac/canon"
	"theriac/internal/supply"
)

// Queue implements supply.Messages.
func (s *Store) Queue(ctx context.Context, m *supply.Message) error {
	if m.Status != supply.Queued {
		return fmt.Errorf("memstore: queue a message that is %q", m.Status)
	}
	return s.insert(ctx, m)
}

// Settle implements supply.Messages.
func (s *Store) Settle(ctx context.Context, m *supply.Message) error {
	switch m.Status {
	case supply.Received:
		return s.insert(ctx, m)
	case supply.Sent, supply.Refused:
	default:
		return fmt.Errorf("memstore: settle a message as %q", m.Status)
	}
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	i := s.find(m.Issuer, m.ID)
	switch {
	case i < 0:
		return supply.ErrUnknown
	case s.messages[i].Status != supply.Queued || s.anchored(m.Receipt.BC):
		return supply.ErrExists
	}
	was := &s.messages[i]
	was.Status, was.Attempts, was.Next, was.Code, was.Receipt = m.Status, m.Attempts, moment(m.Next), m.Code, m.Receipt
	return nil
}

// Defer implements supply.Messages.
func (s *Store) Defer(ctx context.Context, id canon.ID, next time.Time, code string) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	for i := range s.messages {
		if m := &s.messages[i]; m.ID == id && m.Status == supply.Queued {
			m.Attempts, m.Next, m.Code = m.Attempts+1, moment(next), code
			return nil
		}
	}
	return supply.ErrUnknown
}

// Due implements supply.Messages.
func (s *Store) Due(ctx context.Context, now time.Time, limit int) ([]supply.Message, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	if limit < 1 {
		return nil, fmt.Errorf("%w: a limit of %d", supply.ErrRequest, limit)
	}
	var due []int
	for i := range s.messages {
		if m := &s.messages[i]; m.Status == supply.Queued && !m.Next.After(moment(now)) {
			due = append(due, i)
		}
	}
	slices.SortStableFunc(due, func(a, b int) int { return s.messages[a].Next.Compare(s.messages[b].Next) })
	return s.copies(due[:min(limit, len(due))]), nil
}

// Message implements supply.Messages.
func (s *Store) Message(ctx context.Context, issuer string, id canon.ID) (*supply.Message, error) {
	return s.one(ctx, func(m *supply.Message) bool { return m.Issuer == issuer && m.ID == id })
}

// ByDigest implements supply.Archive.
func (s *Store) ByDigest(ctx context.Context, bc canon.Digest) (*supply.Message, error) {
	return s.one(ctx, func(m *supply.Message) bool { return !bc.IsZero() && m.Receipt.BC == bc })
}

// List implements supply.Archive.
func (s *Store) List(ctx context.Context, f supply.Filter, cursor string, limit int) ([]supply.Message, string, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, "", err
	}
	defer end()
	places, next, err := inMail.page(cursor, limit, len(s.messages), func(i int) bool {
		m := &s.messages[i]
		return cmp.Or(f.Type, m.Type) == m.Type && cmp.Or(f.Case, m.Case) == m.Case && cmp.Or(f.Status, m.Status) == m.Status &&
			!(f.Out && m.Status == supply.Received) && (f.Prev.IsZero() || slices.Contains(m.Prev, f.Prev))
	})
	return s.copies(places), next, err
}

func (s *Store) insert(ctx context.Context, m *supply.Message) error {
	for i := range m.Body {
		if f := &m.Body[i]; !f.Withheld() {
			if err := canon.CheckJSON(f.Value); err != nil {
				return fmt.Errorf("memstore: field %q: %w", f.Name, err)
			}
		}
	}
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if s.find(m.Issuer, m.ID) >= 0 || s.anchored(m.Receipt.BC) {
		return supply.ErrExists
	}
	kept := clone(m)
	kept.Created, kept.Next = moment(m.Created), moment(m.Next)
	s.messages = append(s.messages, kept)
	return nil
}

func (s *Store) find(issuer string, id canon.ID) int {
	return slices.IndexFunc(s.messages, func(m supply.Message) bool { return m.Issuer == issuer && m.ID == id })
}

// anchored reports whether a message has the anchor.
func (s *Store) anchored(bc canon.Digest) bool {
	return !bc.IsZero() && slices.ContainsFunc(s.messages, func(m supply.Message) bool { return m.Receipt.BC == bc })
}

func (s *Store) one(ctx context.Context, match func(*supply.Message) bool) (*supply.Message, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	for i := range s.messages {
		if match(&s.messages[i]) {
			return new(clone(&s.messages[i])), nil
		}
	}
	return nil, supply.ErrUnknown
}

func (s *Store) copies(places []int) []supply.Message {
	out := make([]supply.Message, len(places))
	for i, p := range places {
		out[i] = clone(&s.messages[p])
	}
	return out
}

// clone returns a message that shares nothing with m.
func clone(m *supply.Message) supply.Message {
	c := *m
	c.Prev, c.Body = slices.Clone(m.Prev), slices.Clone(m.Body)
	for i := range c.Body {
		c.Body[i].Value = bytes.Clone(c.Body[i].Value)
	}
	return c
}
