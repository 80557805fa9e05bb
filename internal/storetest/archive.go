package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"theriac/canon"
	"theriac/internal/supply"
)

// Archive is the law of supply.Archive. A page may be shorter than the limit; only
// an empty cursor ends.
func Archive(t *testing.T, s Mail) {
	t.Run("unknown", func(t *testing.T) {
		must(t, "Queue", s.Queue(t.Context(), queued("without a receipt")))
		for _, bc := range []canon.Digest{{}, canon.Sum(nil)} {
			_, err := s.ByDigest(t.Context(), bc)
			wantErr(t, "ByDigest", err, supply.ErrUnknown)
		}
	})
	for name, law := range map[string]func(*testing.T, Mail){
		"cursors": mailCursors,
		"pages":   pagesWhileWriting,
		"chosen":  chosenMessages,
		"large":   largePages,
		"strange": strangeFilters,
	} {
		t.Run(name, func(t *testing.T) { law(t, s) })
	}
}

// pages reads a whole listing, page by page.
func pages(t failing, s supply.Archive, f supply.Filter, limit int) []supply.Message {
	t.Helper()
	var all []supply.Message
	for cursor := ""; ; {
		page, next, err := s.List(context.Background(), f, cursor, limit)
		must(t, "List", err)
		if len(page) > limit {
			t.Fatalf("List(limit %d) = %d messages", limit, len(page))
		}
		all = append(all, page...)
		if next == "" {
			return all
		}
		if next == cursor {
			t.Fatalf("List stands still at %s", cursor)
		}
		cursor = next
	}
}

func mailCursors(t *testing.T, s Mail) {
	for i := range 3 {
		must(t, "Settle", s.Settle(t.Context(), received(fmt.Sprint("cursor ", i))))
	}
	_, good, err := s.List(t.Context(), supply.Filter{}, "", 1)
	must(t, "List", err)
	checkCursors(t, good, func(cursor string, limit int) error {
		_, _, err := s.List(t.Context(), supply.Filter{}, cursor, limit)
		return err
	})
}

// checkCursors holds that a listing takes the cursors that it gave and no others.
func checkCursors(t *testing.T, good string, list func(cursor string, limit int) error) {
	t.Helper()
	must(t, "the cursor that was given", list(good, 1))
	raw, err := canon.ParseText(good)
	must(t, "ParseText(cursor)", err)
	otherKind := slices.Clone(raw)
	otherKind[0] ^= 7
	negative := slices.Clone(raw)
	negative[1] |= 0x80
	for _, bad := range []string{
		"x", "0", "-1", "1", good + "A", good[1:], good + "\n", " " + good, strings.ToUpper(good) + "_", "' OR 1=1",
		canon.Text(otherKind), canon.Text(negative), canon.Text(raw[:8]), canon.Text(append(slices.Clone(raw), 0)),
	} {
		wantErr(t, fmt.Sprintf("cursor %q", bad), list(bad, 1), supply.ErrRequest)
	}
	for _, limit := range []int{0, -1} {
		wantErr(t, fmt.Sprint("limit ", limit), list("", limit), supply.ErrRequest)
	}
}

// pagesWhileWriting holds that who pages through what was there sees each once,
// whatever is written meanwhile.
func pagesWhileWriting(t *testing.T, s Mail) {
	const there = 40
	f := supply.Filter{Type: "paged/1"}
	add := func(name string) {
		m := received(name)
		m.Type = f.Type
		must(t, "Settle", s.Settle(t.Context(), m))
	}
	for i := range there {
		add(fmt.Sprint("page ", i))
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				m := received(fmt.Sprint("meanwhile ", i))
				m.Type = f.Type
				if err := s.Settle(context.Background(), m); err != nil {
					t.Errorf("Settle = %v", err)
					return
				}
			}
		}
	}()
	var all []canon.ID
	cursor := ""
	for first := true; first || cursor != ""; first = false {
		page, next, err := s.List(t.Context(), f, cursor, 7)
		must(t, "List", err)
		for i := range page {
			all = append(all, page[i].ID)
		}
		add(fmt.Sprint("between ", len(all)))
		cursor = next
	}
	close(stop)
	<-stopped
	seen := map[canon.ID]int{}
	for _, id := range all {
		if seen[id]++; seen[id] > 1 {
			t.Fatal("a message came twice")
		}
	}
	var got, want []canon.ID
	for i := range there {
		_, id := named(fmt.Sprint("page ", i))
		want = append(want, id)
	}
	for _, id := range slices.Backward(all) {
		if slices.Contains(want, id) {
			got = append(got, id)
		}
	}
	same(t, "what was there", got, want)
}

// chosenMessages asks for each kind of filter among messages that match others.
func chosenMessages(t *testing.T, s Mail) {
	prev, _ := named("chosen")
	var all []*supply.Message
	for i := range 24 {
		m := received(fmt.Sprint("chosen ", i))
		m.Type, m.Case = []string{"chosen-a/1", "chosen-b/1"}[i%2], []string{"chosen", "chosen too", "third"}[i%3]
		if i%4 == 0 {
			m.Prev = append(m.Prev, prev)
		}
		if i%5 == 0 {
			m = settled(m, supply.Refused)
			m.Status, m.Receipt = supply.Queued, received("").Receipt
			m.Receipt.BC = canon.Digest{}
			must(t, "Queue", s.Queue(t.Context(), m))
		} else {
			must(t, "Settle", s.Settle(t.Context(), m))
		}
		all = append(all, m)
	}
	for _, f := range []supply.Filter{
		{Type: "chosen-a/1"},
		{Case: "chosen"},
		{Case: "chosen too", Type: "chosen-a/1"},
		{Case: "chosen", Status: supply.Queued},
		{Status: supply.Queued, Type: "chosen-b/1"},
		{Prev: prev},
		{Prev: prev, Case: "chosen", Type: "chosen-a/1", Status: supply.Received},
		{Prev: prev, Status: supply.Sent},
		{Type: "chosen-b/1", Out: true},
		{Case: "chosen", Out: true},
		{Prev: prev, Out: true},
		{Type: "chosen-a/1", Out: true, Status: supply.Queued},
		{Type: "chosen-a/1", Out: true, Status: supply.Received},
		{Type: "chosen-"},
		{Prev: canon.Sum([]byte("nobody"))},
	} {
		var want []supply.Message
		for _, m := range slices.Backward(all) {
			if matches(f, m) {
				want = append(want, *m)
			}
		}
		for _, limit := range []int{1, 4, 500} {
			same(t, fmt.Sprintf("List(%+v)", f), pages(t, s, f, limit), want)
		}
	}
	// Without a filter, and by status alone, other laws' messages come too.
	for _, f := range []supply.Filter{{}, {Status: supply.Received}, {Out: true}} {
		var got, want []canon.ID
		for _, m := range pages(t, s, f, 5) {
			if strings.HasPrefix(m.Type, "chosen-") {
				got = append(got, m.ID)
			}
		}
		for _, m := range slices.Backward(all) {
			if matches(f, m) {
				want = append(want, m.ID)
			}
		}
		same(t, fmt.Sprintf("List(%+v)", f), got, want)
	}
}

func largePages(t *testing.T, s Mail) {
	var want []canon.ID
	for _, name := range []string{"heavy 1", "heavy 2", "heavy 3"} {
		m := received(name)
		m.Case = "heavy"
		m.Body[0].Value = canon.RawJSON(`"` + strings.Repeat("x", large) + `"`)
		must(t, "Settle", s.Settle(t.Context(), m))
		want = append([]canon.ID{m.ID}, want...)
	}
	var got []canon.ID
	for _, m := range pages(t, s, supply.Filter{Case: "heavy"}, 500) {
		got = append(got, m.ID)
	}
	same(t, "large messages", got, want)
}

// strangeFilters holds that what a stranger may ask for finds nothing, and breaks nothing.
func strangeFilters(t *testing.T, s Mail) {
	for _, text := range []string{"\x00", "\xff", "%", "' OR ''='", "\U0010ff00", strings.Repeat("long", 10_000)} {
		for _, f := range []supply.Filter{{Type: text}, {Case: text}, {Status: supply.Status(text)}} {
			if found := pages(t, s, f, 10); len(found) > 0 {
				t.Errorf("List(%.40q) found %d messages", text, len(found))
			}
		}
		_, err := s.Message(t.Context(), text, canon.ID{})
		wantErr(t, "Message", err, supply.ErrUnknown)
	}
}
