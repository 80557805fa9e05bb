package sqlstore

import (
	"cmp"
	"context"
	"slices"

	"theriac/canon"
	"theriac/internal/sqlstore/query"
	"theriac/internal/supply"
)

// ByDigest implements supply.Archive.
func (s *Store) ByDigest(ctx context.Context, bc canon.Digest) (*supply.Message, error) {
	r, err := s.reader().MessageByAnchor(ctx, anchor(bc))
	return oneMessage(&r, err)
}

// List implements supply.Archive. A page may be shorter than the limit.
func (s *Store) List(ctx context.Context, f supply.Filter, cursor string, limit int) ([]supply.Message, string, error) {
	const doing = "list messages"
	before, err := inMail.place(cursor)
	if err != nil {
		return nil, "", err
	}
	count, err := rows(limit)
	if err != nil {
		return nil, "", err
	}
	var out []supply.Message
	next := ""
	err = s.look(ctx, doing, func(q *query.Queries) error {
		// One more tells whether there is another page.
		seqs, err := choose(ctx, q, f, before, count+1)
		if err != nil {
			return fail(doing, err)
		}
		if out, err = page(ctx, q, seqs[:min(len(seqs), int(count))]); err != nil {
			return err
		}
		if len(out) < len(seqs) {
			next = inMail.cursor(seqs[len(out)-1])
		}
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	return out, next, nil
}

// pageBytes is how much of bodies a page holds before it ends early: a dossier
// may be as large as this.
const pageBytes = 32 << 20

// page returns the messages at places, as many as a page holds, and at least one.
func page(ctx context.Context, q *query.Queries, seqs []int64) ([]supply.Message, error) {
	var out []supply.Message
	for i, size := 0, 0; i < len(seqs) && size < pageBytes; i++ {
		r, err := q.MessageBySeq(ctx, seqs[i])
		if err != nil {
			return nil, fail("read a message", err)
		}
		m, err := message(&r)
		if err != nil {
			return nil, err
		}
		size += len(r.Body)
		out = append(out, m)
	}
	return out, nil
}

// choose returns the places of messages. Those that go out are of three statuses,
// each of which has its index.
func choose(ctx context.Context, q *query.Queries, f supply.Filter, before int64, count int32) ([]int64, error) {
	if !f.Out || f.Status != "" && f.Status != supply.Received {
		return chooseOf(ctx, q, f, before, count)
	}
	var all []int64
	if f.Status == supply.Received {
		return all, nil
	}
	for _, status := range []supply.Status{supply.Queued, supply.Sent, supply.Refused} {
		f.Status = status
		seqs, err := chooseOf(ctx, q, f, before, count)
		if err != nil {
			return nil, err
		}
		all = append(all, seqs...)
	}
	slices.SortFunc(all, func(a, b int64) int { return cmp.Compare(b, a) })
	return all[:min(len(all), int(count))], nil
}

// chooseOf asks by the query that looks at fewest rows.
func chooseOf(ctx context.Context, q *query.Queries, f supply.Filter, before int64, count int32) ([]int64, error) {
	thread, status, typ := query.Text(f.Case), query.Text(f.Status), query.Text(f.Type)
	switch {
	case !f.Prev.IsZero():
		return q.ListMessagesByPrev(ctx, query.ListMessagesByPrevParams{
			Prev: query.Text(f.Prev.String()), CaseID: thread, Status: status, Type: typ, Before: before, Count: count,
		})
	case thread != "":
		return q.ListMessagesByCase(ctx, query.ListMessagesByCaseParams{CaseID: thread, Status: status, Type: typ, Before: before, Count: count})
	case status != "" && typ != "":
		return q.ListMessagesByStatusAndType(ctx, query.ListMessagesByStatusAndTypeParams{
			Status: status, Type: typ, Before: before, Count: count,
		})
	case status != "":
		return q.ListMessagesByStatus(ctx, query.ListMessagesByStatusParams{Status: status, Before: before, Count: count})
	case typ != "":
		return q.ListMessagesByType(ctx, query.ListMessagesByTypeParams{Type: typ, Before: before, Count: count})
	}
	return q.ListMessages(ctx, query.ListMessagesParams{Before: before, Count: count})
}
