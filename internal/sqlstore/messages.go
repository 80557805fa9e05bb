package sqlstore

import (
	"context"
	"fmt"
	"time"

	"theriac/canon"
	"theriac/envelope"
	"theriac/internal/sqlstore/query"
	"theriac/internal/supply"
)

// Queue implements supply.Messages.
func (s *Store) Queue(ctx context.Context, m *supply.Message) error {
	if m.Status != supply.Queued {
		return fmt.Errorf("store: queue a message that is %q", m.Status)
	}
	return s.insertMessage(ctx, "queue a message", m)
}

// Settle implements supply.Messages. Of a queued message it writes what the
// sending changed: status, attempts, code and receipt. Two messages cannot have
// one anchor (ErrExists).
func (s *Store) Settle(ctx context.Context, m *supply.Message) error {
	const doing = "settle a message"
	switch m.Status {
	case supply.Received:
		return s.insertMessage(ctx, doing, m)
	case supply.Sent, supply.Refused:
	default:
		return fmt.Errorf("store: settle a message as %q", m.Status)
	}
	r := &m.Receipt
	n, err := s.writer().SettleMessage(ctx, query.SettleMessageParams{
		Status: query.Text(m.Status), Attempts: int64(m.Attempts), Next: m.Next.UnixMicro(), Code: query.Text(m.Code), BC: anchor(r.BC),
		Envelope: query.Text(r.Envelope), Height: r.Height, Leaf: int64(r.Index), BlockTime: r.Time,
		ID: query.Text(m.ID.String()), Issuer: query.Text(m.Issuer),
	})
	if err != nil || n == 1 {
		return fail(doing, err)
	}
	// No row was queued, and none will be: what was settled stays so.
	if _, err := s.Message(ctx, m.Issuer, m.ID); err != nil {
		return err
	}
	return fmt.Errorf("message %s: %w", m.ID, supply.ErrExists)
}

// Defer implements supply.Messages. A message that is not queued is unknown.
func (s *Store) Defer(ctx context.Context, id canon.ID, next time.Time, code string) error {
	n, err := s.writer().DeferMessage(ctx, query.DeferMessageParams{
		Next: next.UnixMicro(), Code: query.Text(code), ID: query.Text(id.String()),
	})
	if err == nil && n == 0 {
		return fmt.Errorf("queued message %s: %w", id, supply.ErrUnknown)
	}
	return fail("defer a message", err)
}

// Due implements supply.Messages: what has been due longest comes first. There
// may be fewer than the limit although more are due.
func (s *Store) Due(ctx context.Context, now time.Time, limit int) ([]supply.Message, error) {
	const doing = "look for due messages"
	count, err := rows(limit)
	if err != nil {
		return nil, err
	}
	var out []supply.Message
	// On one state: what is settled meanwhile must not come as if it were due.
	err = s.look(ctx, doing, func(q *query.Queries) error {
		seqs, err := q.DueMessages(ctx, query.DueMessagesParams{Now: now.UnixMicro(), Count: count})
		if err != nil {
			return fail(doing, err)
		}
		out, err = page(ctx, q, seqs)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Message implements supply.Messages.
func (s *Store) Message(ctx context.Context, issuer string, id canon.ID) (*supply.Message, error) {
	r, err := s.reader().Message(ctx, query.MessageParams{ID: query.Text(id.String()), Issuer: query.Text(issuer)})
	return oneMessage(&r, err)
}

func oneMessage(r *query.Message, err error) (*supply.Message, error) {
	if err != nil {
		return nil, failOne("read a message", err, supply.ErrUnknown)
	}
	m, err := message(r)
	if err != nil {
		return nil, err
	}
	return &m, nil
}

// anchor returns an anchor as its column has it: NULL is no message's.
func anchor(bc canon.Digest) *query.Text {
	if bc.IsZero() {
		return nil
	}
	return new(query.Text(bc.String()))
}

func (s *Store) insertMessage(ctx context.Context, doing string, m *supply.Message) error {
	row, err := messageRow(m)
	if err != nil {
		return fmt.Errorf("message %s: %w", m.ID, err)
	}
	if len(m.Prev) == 0 {
		_, err := s.writer().InsertMessage(ctx, *row)
		return failOne(doing, err, supply.ErrExists)
	}
	return s.change(ctx, doing, func(q *query.Queries) error {
		seq, err := q.InsertMessage(ctx, *row)
		for i := 0; err == nil && i < len(m.Prev); i++ {
			err = q.InsertFollows(ctx, query.InsertFollowsParams{Prev: query.Text(m.Prev[i].String()), Message: seq})
		}
		return failOne(doing, err, supply.ErrExists)
	})
}

func messageRow(m *supply.Message) (*query.InsertMessageParams, error) {
	body, err := encodeBody(m.Body)
	if err != nil {
		return nil, err
	}
	var prev []byte
	if m.Prev != nil {
		if prev, err = canon.JSON(m.Prev); err != nil {
			return nil, err
		}
	}
	r := &m.Receipt
	return &query.InsertMessageParams{
		ID: query.Text(m.ID.String()), Issuer: query.Text(m.Issuer), Audience: query.Text(m.Audience), Type: query.Text(m.Type),
		CaseID: query.Text(m.Case), Prev: prev, Body: body, Status: query.Text(m.Status), Created: m.Created.UnixMicro(),
		Attempts: int64(m.Attempts), Next: m.Next.UnixMicro(), Code: query.Text(m.Code), BC: anchor(r.BC), Envelope: query.Text(r.Envelope),
		Height: r.Height, Leaf: int64(r.Index), BlockTime: r.Time,
	}, nil
}

// encodeBody refuses a value that is not canonical: written, it would become so,
// and the body's digest another.
func encodeBody(b envelope.Body) ([]byte, error) {
	for i := range b {
		if b[i].Withheld() {
			continue
		}
		if err := canon.CheckJSON(b[i].Value); err != nil {
			return nil, fmt.Errorf("field %.70q: %w", b[i].Name, err)
		}
	}
	return canon.JSON(b)
}

func message(r *query.Message) (supply.Message, error) {
	m := supply.Message{
		Issuer: string(r.Issuer), Audience: string(r.Audience), Type: string(r.Type), Case: string(r.CaseID),
		Status: supply.Status(r.Status), Created: moment(r.Created), Attempts: int(r.Attempts), Next: moment(r.Next), Code: string(r.Code),
	}
	var err error
	if m.ID, err = id(r.ID); err != nil {
		return m, err
	}
	if r.Prev != nil {
		err = canon.DecodeJSON(r.Prev, &m.Prev)
	}
	if err == nil {
		err = canon.DecodeJSON(r.Body, &m.Body)
	}
	if err == nil && r.BC != nil {
		m.Receipt.BC, err = digest(*r.BC)
	}
	m.Receipt.Envelope, m.Receipt.Height, m.Receipt.Index, m.Receipt.Time = string(r.Envelope), r.Height, uint64(r.Leaf), r.BlockTime
	if err != nil {
		err = fmt.Errorf("stored message %s: %w", m.ID, err)
	}
	return m, err
}
