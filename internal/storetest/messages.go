package storetest

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"theriac/api"
	"theriac/canon"
	"theriac/envelope"
	"theriac/internal/supply"
)

// A Mail is a store of messages.
type Mail interface {
	supply.Messages
	supply.Archive
}

// queued returns a message that is to be sent.
func queued(name string) *supply.Message {
	prev, id := named(name)
	return &supply.Message{
		ID: id, Issuer: "own", Audience: "other", Type: "dmms/1", Case: "case", Prev: []canon.Digest{prev},
		Body:   envelope.Body{{Name: "n", Salt: id, Value: canon.RawJSON(`"ü"`)}, {Hash: prev}},
		Status: supply.Queued, Created: noon(), Next: noon(),
	}
}

// settled returns a message with a new status, and its receipt unless it is refused.
func settled(m *supply.Message, status supply.Status) *supply.Message {
	c := *m
	c.Status, c.Code = status, "refused_for_a_reason"
	if status != supply.Refused {
		c.Code = ""
		c.Receipt = api.Receipt{
			BC: canon.Hash("anchor", []byte(m.Issuer), m.ID[:]), Envelope: "a.b.c", Height: 7, Index: 9, Time: noon().UnixMilli(),
		}
	}
	return &c
}

// received returns a message that came.
func received(name string) *supply.Message {
	m := queued(name)
	m.Issuer, m.Audience, m.Next = "other", "own", time.Time{}
	return settled(m, supply.Received)
}

// Messages is the law of supply.Messages.
func Messages(t *testing.T, s Mail) {
	for name, law := range map[string]func(*testing.T, Mail){
		"unknown":     unknownMessages,
		"once":        messagesOnce,
		"mistakes":    mistakenMessages,
		"races":       messageRaces,
		"gone":        messagesOfTheGone,
		"shared":      messagesAreNotShared,
		"large":       largeMessages,
		"due":         dueMessages,
		"as a map":    messagesAsMap,
		"bytes":       messagesToTheByte,
		"one anchor":  oneAnchor,
		"many follow": manyPredecessors,
	} {
		t.Run(name, func(t *testing.T) { law(t, s) })
	}
}

func message(t failing, s Mail, m *supply.Message) *supply.Message {
	t.Helper()
	got, err := s.Message(context.Background(), m.Issuer, m.ID)
	must(t, "Message", err)
	return got
}

func unknownMessages(t *testing.T, s Mail) {
	m := queued("nobody")
	_, err := s.Message(t.Context(), m.Issuer, m.ID)
	wantErr(t, "Message", err, supply.ErrUnknown)
	wantErr(t, "Settle", s.Settle(t.Context(), settled(m, supply.Sent)), supply.ErrUnknown)
	wantErr(t, "Settle", s.Settle(t.Context(), settled(m, supply.Refused)), supply.ErrUnknown)
	wantErr(t, "Defer", s.Defer(t.Context(), m.ID, noon(), "c"), supply.ErrUnknown)
	// A message of another with the same identifier is another message.
	m = received("another's")
	must(t, "Settle", s.Settle(t.Context(), m))
	_, err = s.Message(t.Context(), "own", m.ID)
	wantErr(t, "Message", err, supply.ErrUnknown)
	wantErr(t, "Defer", s.Defer(t.Context(), m.ID, noon(), "c"), supply.ErrUnknown)
}

func messagesOnce(t *testing.T, s Mail) {
	in, out, no := received("once in"), queued("once out"), queued("once not")
	must(t, "Settle", s.Settle(t.Context(), in))
	must(t, "Queue", s.Queue(t.Context(), out))
	must(t, "Queue", s.Queue(t.Context(), no))
	sent, refused := settled(out, supply.Sent), settled(no, supply.Refused)
	must(t, "Settle", s.Settle(t.Context(), sent))
	must(t, "Settle", s.Settle(t.Context(), refused))
	for _, m := range []*supply.Message{in, sent, refused} {
		again := *m
		again.Body, again.Code = envelope.Body{{Hash: canon.Sum([]byte("replay"))}}, "again"
		again.Receipt.BC = canon.Sum([]byte("again"))
		for _, status := range []supply.Status{supply.Sent, supply.Refused, supply.Received} {
			again.Status = status
			wantErr(t, "Settle as "+string(status), s.Settle(t.Context(), &again), supply.ErrExists)
		}
		again.Status = supply.Queued
		wantErr(t, "Queue", s.Queue(t.Context(), &again), supply.ErrExists)
		wantErr(t, "Defer", s.Defer(t.Context(), m.ID, noon(), "c"), supply.ErrUnknown)
		same(t, "a settled message", message(t, s, m), m)
	}
}

func mistakenMessages(t *testing.T, s Mail) {
	m := queued("mistake")
	if err := s.Queue(t.Context(), settled(m, supply.Sent)); err == nil {
		t.Error("Queue of a sent message succeeded")
	}
	must(t, "Queue", s.Queue(t.Context(), m))
	for _, status := range []supply.Status{supply.Queued, "", "lost"} {
		c := *m
		c.Status, c.Code = status, "changed"
		if err := s.Settle(t.Context(), &c); err == nil {
			t.Errorf("Settle as %q succeeded", status)
		}
	}
	same(t, "the message", message(t, s, m), m)
	// A body whose values are not canonical would come back with another digest.
	loose := queued("loose")
	loose.Body[0].Value = canon.RawJSON(`1.0`)
	wantErr(t, "Queue", s.Queue(t.Context(), loose), canon.ErrNotCanonical)
	loose.Status = supply.Received
	wantErr(t, "Settle", s.Settle(t.Context(), loose), canon.ErrNotCanonical)
	_, err := s.Due(t.Context(), noon(), 0)
	wantErr(t, "Due of none", err, supply.ErrRequest)
}

func messageRaces(t *testing.T, s Mail) {
	m := queued("race")
	one(t, supply.ErrExists, func(i int) error {
		c := *m
		c.Attempts = i
		return s.Queue(t.Context(), &c)
	})
	won := one(t, supply.ErrExists, func(i int) error {
		c := settled(m, []supply.Status{supply.Sent, supply.Refused}[i%2])
		c.Attempts, c.Receipt.Height = i, int64(i)
		return s.Settle(t.Context(), c)
	})
	if got := message(t, s, m); got.Attempts != won || got.Receipt.Height != int64(won) || got.Status == supply.Queued {
		t.Errorf("%d won, and the message is %s after attempt %d with height %d", won, got.Status, got.Attempts, got.Receipt.Height)
	}
	in := received("race in")
	won = one(t, supply.ErrExists, func(i int) error {
		c := *in
		c.Receipt.Height = int64(i)
		return s.Settle(t.Context(), &c)
	})
	if got := message(t, s, in); got.Receipt.Height != int64(won) {
		t.Errorf("%d won, and %d was kept", won, got.Receipt.Height)
	}
	// Whatever a late Defer meets, the message stays sent.
	m = queued("race with defer")
	must(t, "Queue", s.Queue(t.Context(), m))
	race(t, supply.ErrUnknown, func(i int) error {
		if i == atOnce/2 {
			return s.Settle(t.Context(), settled(m, supply.Sent))
		}
		return s.Defer(t.Context(), m.ID, noon(), "late")
	})
	if got := message(t, s, m); got.Status != supply.Sent {
		t.Errorf("the message is %s, want sent", got.Status)
	}
}

func messagesOfTheGone(t *testing.T, s Mail) {
	m, there := queued("gone"), queued("gone, but queued")
	must(t, "Queue", s.Queue(t.Context(), there))
	ctx := gone(t)
	for what, err := range map[string]error{
		"Queue":  s.Queue(ctx, m),
		"Settle": s.Settle(ctx, settled(there, supply.Sent)),
		"in":     s.Settle(ctx, settled(m, supply.Received)),
		"Defer":  s.Defer(ctx, there.ID, noon(), "c"),
	} {
		wantErr(t, what, err, context.Canceled)
	}
	_, err := s.Message(t.Context(), m.Issuer, m.ID)
	wantErr(t, "Message", err, supply.ErrUnknown)
	same(t, "the queued one", message(t, s, there), there)
}

func messagesAreNotShared(t *testing.T, s Mail) {
	m := queued("shared")
	want := queued("shared")
	must(t, "Queue", s.Queue(t.Context(), m))
	spoil := func(m *supply.Message) {
		m.Prev[0] = canon.Digest{}
		m.Body[0].Value[1] = 'X'
		m.Body[1] = envelope.Field{}
	}
	spoil(m)
	got := message(t, s, want)
	same(t, "after the caller changed his", got, want)
	spoil(got)
	same(t, "after the reader changed hers", message(t, s, want), want)
}

func largeMessages(t *testing.T, s Mail) {
	m := received("large")
	m.Body[0].Value = canon.RawJSON(`"` + strings.Repeat("x", large) + `"`)
	must(t, "Settle", s.Settle(t.Context(), m))
	got := message(t, s, m)
	if !bytes.Equal(got.Body[0].Value, m.Body[0].Value) || got.Body.Digest() != m.Body.Digest() {
		t.Error("a large body came back otherwise")
	}
}

func dueMessages(t *testing.T, s Mail) {
	at := noon().Add(-24 * time.Hour) // before all other laws' messages
	var all []*supply.Message
	for i, wait := range []time.Duration{3, 1, 2, 1} {
		m := queued("due " + string(rune('0'+i)))
		m.Next = at.Add(wait * time.Microsecond)
		must(t, "Queue", s.Queue(t.Context(), m))
		all = append(all, m)
	}
	due := func(now time.Time, limit int) string {
		found, err := s.Due(t.Context(), now, limit)
		must(t, "Due", err)
		var order strings.Builder
		for i := range found {
			order.WriteByte('0' + byte(slices.IndexFunc(all, func(m *supply.Message) bool { return m.ID == found[i].ID })))
		}
		return order.String()
	}
	for _, tt := range []struct {
		after time.Duration
		limit int
		want  string
	}{{0, 9, ""}, {1, 9, "13"}, {2, 9, "132"}, {3, 9, "1320"}, {3, 1, "1"}, {3, 3, "132"}} {
		if got := due(at.Add(tt.after*time.Microsecond), tt.limit); got != tt.want {
			t.Errorf("Due(+%d µs, %d) = %s, want %s", tt.after, tt.limit, got, tt.want)
		}
	}
	must(t, "Defer", s.Defer(t.Context(), all[1].ID, at.Add(2*time.Microsecond), "unreachable"))
	want := *all[1]
	want.Attempts, want.Next, want.Code = 1, at.Add(2*time.Microsecond), "unreachable"
	same(t, "a deferred message", message(t, s, &want), &want)
	must(t, "Settle", s.Settle(t.Context(), settled(all[0], supply.Refused)))
	if got := due(at.Add(3*time.Microsecond), 9); got != "312" {
		t.Errorf("Due after a deferral and a refusal = %s, want 312", got)
	}
}

func oneAnchor(t *testing.T, s Mail) {
	first, in, out := received("anchor 1"), received("anchor 2"), queued("anchor 3")
	must(t, "Settle", s.Settle(t.Context(), first))
	must(t, "Queue", s.Queue(t.Context(), out))
	sent := settled(out, supply.Sent)
	in.Receipt.BC, sent.Receipt.BC = first.Receipt.BC, first.Receipt.BC
	wantErr(t, "Settle", s.Settle(t.Context(), in), supply.ErrExists)
	wantErr(t, "Settle", s.Settle(t.Context(), sent), supply.ErrExists)
	same(t, "the queued one", message(t, s, out), out)
}

func manyPredecessors(t *testing.T, s Mail) {
	m := queued("many")
	m.Prev = nil
	for i := range 64 {
		m.Prev = append(m.Prev, canon.Sum([]byte{byte(i)}))
	}
	m.Prev = append(m.Prev, m.Prev[0]) // in order, and as often as it is named
	must(t, "Queue", s.Queue(t.Context(), m))
	same(t, "the message", message(t, s, m), m)
}

// messagesToTheByte is about everything that a message holds.
func messagesToTheByte(t *testing.T, s Mail) {
	ctx := t.Context()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		_, id := named("bytes " + string(rune(n)))
		m := &supply.Message{
			ID: id, Issuer: texts().Draw(t, "issuer"), Audience: texts().Draw(t, "audience"), Type: texts().Draw(t, "type"),
			Case: texts().Draw(t, "case"), Body: bodies().Draw(t, "body"), Status: supply.Queued, Code: texts().Draw(t, "code"),
			Prev:    rapid.OneOf(rapid.Just([]canon.Digest(nil)), rapid.SliceOfN(digests(), 0, 3)).Draw(t, "prev"),
			Created: moments().Draw(t, "created"), Next: moments().Draw(t, "next"), Attempts: rapid.Int().Draw(t, "attempts"),
		}
		must(t, "Queue", s.Queue(ctx, m))
		m.Created, m.Next = kept(m.Created), kept(m.Next)
		got := message(t, s, m)
		same(t, "a queued message", got, m)
		if got.Body.Digest() != m.Body.Digest() {
			t.Fatalf("the body's digest changed")
		}
		m.Status, m.Code, m.Next = supply.Sent, texts().Draw(t, "code 2"), moments().Draw(t, "next 2")
		m.Receipt = api.Receipt{
			BC: canon.Sum(id[:]), Envelope: texts().Draw(t, "envelope"), Height: rapid.Int64().Draw(t, "height"),
			Index: counts().Draw(t, "index"), Time: rapid.Int64().Draw(t, "time"),
		}
		must(t, "Settle", s.Settle(ctx, m))
		m.Next = kept(m.Next)
		same(t, "a settled message", message(t, s, m), m)
		got, err := s.ByDigest(ctx, m.Receipt.BC)
		must(t, "ByDigest", err)
		same(t, "by its anchor", got, m)
	})
}
