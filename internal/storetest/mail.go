package storetest

import (
	"cmp"
	"context"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"theriac/canon"
	"theriac/internal/supply"
)

// messagesAsMap does any calls in any order and looks after each.
func messagesAsMap(t *testing.T, s Mail) {
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		x := &mail{s: s, name: "map " + string(rune(round))}
		t.Repeat(map[string]func(*rapid.T){
			"queue":  x.queue,
			"settle": x.settle,
			"defer":  x.postpone,
			"due":    x.due,
			"list":   x.list,
			"":       x.check,
		})
		x.end(t)
	})
}

// A mail is a store and what it should hold of one case, in order of writing.
type mail struct {
	s    Mail
	name string // of the case
	all  []*supply.Message
}

func (x *mail) find(issuer string, id canon.ID) *supply.Message {
	for _, m := range x.all {
		if m.Issuer == issuer && m.ID == id {
			return m
		}
	}
	return nil
}

// any returns a message of the case, there or not.
func (x *mail) any(t *rapid.T) *supply.Message {
	m := queued(x.name + rapid.SampledFrom([]string{"1", "2", "3", "4"}).Draw(t, "id"))
	m.Issuer = rapid.SampledFrom([]string{"own", "other"}).Draw(t, "issuer")
	m.Case, m.Type = x.name, rapid.SampledFrom([]string{"dmms/1", "msdm/1"}).Draw(t, "type")
	prev, _ := named(x.name)
	m.Prev = [][]canon.Digest{{}, {prev}, {m.Prev[0], prev}}[rapid.IntRange(0, 2).Draw(t, "prev")]
	m.Next = noon().Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "next")) * time.Second)
	return m
}

// wrote notes a new message, or that there was one.
func (x *mail) wrote(t *rapid.T, err error, m *supply.Message) {
	if x.find(m.Issuer, m.ID) != nil {
		wantErr(t, "writing it again", err, supply.ErrExists)
		return
	}
	must(t, "writing", err)
	x.all = append(x.all, m)
}

func (x *mail) queue(t *rapid.T) {
	m := x.any(t)
	m.Issuer = "own"
	x.wrote(t, x.s.Queue(context.Background(), m), m)
}

func (x *mail) settle(t *rapid.T) {
	m := settled(x.any(t), rapid.SampledFrom([]supply.Status{supply.Sent, supply.Refused, supply.Received}).Draw(t, "status"))
	err := x.s.Settle(context.Background(), m)
	if m.Status == supply.Received {
		x.wrote(t, err, m)
		return
	}
	was := x.find(m.Issuer, m.ID)
	switch {
	case was == nil:
		wantErr(t, "Settle", err, supply.ErrUnknown)
	case was.Status != supply.Queued:
		wantErr(t, "Settle", err, supply.ErrExists)
	default:
		must(t, "Settle", err)
		was.Status, was.Attempts, was.Next, was.Code, was.Receipt = m.Status, m.Attempts, m.Next, m.Code, m.Receipt
	}
}

func (x *mail) postpone(t *rapid.T) {
	m := x.any(t)
	err := x.s.Defer(context.Background(), m.ID, m.Next, "unreachable")
	was := x.find("own", m.ID)
	if was == nil || was.Status != supply.Queued {
		wantErr(t, "Defer", err, supply.ErrUnknown)
		return
	}
	must(t, "Defer", err)
	was.Attempts, was.Next, was.Code = was.Attempts+1, m.Next, "unreachable"
}

func (x *mail) due(t *rapid.T) {
	now := noon().Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "now")) * time.Second)
	found, err := x.s.Due(context.Background(), now, 1000)
	must(t, "Due", err)
	found = slices.DeleteFunc(found, func(m supply.Message) bool { return m.Case != x.name })
	var want []supply.Message
	for _, m := range x.all {
		if m.Status == supply.Queued && !m.Next.After(now) {
			want = append(want, *m)
		}
	}
	slices.SortStableFunc(want, func(a, b supply.Message) int { return a.Next.Compare(b.Next) })
	same(t, "Due", found, want)
}

func (x *mail) list(t *rapid.T) {
	prev, _ := named(x.name)
	f := supply.Filter{
		Case: rapid.SampledFrom([]string{x.name, ""}).Draw(t, "case"), Type: rapid.SampledFrom([]string{"", "dmms/1", "nil/1"}).Draw(t, "type"),
		Status: rapid.SampledFrom([]supply.Status{"", supply.Queued, supply.Sent, supply.Refused, supply.Received}).Draw(t, "status"),
		Prev:   rapid.SampledFrom([]canon.Digest{{}, prev}).Draw(t, "follows"),
	}
	if f.Case == "" {
		f.Prev = prev // which only this case has
	}
	var want []supply.Message
	for _, m := range slices.Backward(x.all) {
		if matches(f, m) {
			want = append(want, *m)
		}
	}
	same(t, "List", pages(t, x.s, f, rapid.IntRange(1, 5).Draw(t, "limit")), want)
}

// matches reports whether a filter chooses a message.
func matches(f supply.Filter, m *supply.Message) bool {
	return cmp.Or(f.Type, m.Type) == m.Type && cmp.Or(f.Case, m.Case) == m.Case && cmp.Or(f.Status, m.Status) == m.Status &&
		!(f.Out && m.Status == supply.Received) && (f.Prev.IsZero() || slices.Contains(m.Prev, f.Prev))
}

func (x *mail) check(t *rapid.T) {
	for _, m := range x.all {
		same(t, "Message", message(t, x.s, m), m)
	}
}

// end leaves nothing in the outbox for the next round.
func (x *mail) end(t *rapid.T) {
	for _, m := range x.all {
		if m.Status == supply.Queued {
			must(t, "Settle", x.s.Settle(context.Background(), settled(m, supply.Refused)))
		}
	}
}
