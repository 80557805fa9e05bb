package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"theriac/canon"
	"theriac/chain"
	"theriac/internal/audit"
	"theriac/internal/registry"
	"theriac/internal/supply"
	"theriac/pedigree"
)

// Audit is the law of supply.Audit. An entry can be written whatever strangers
// put into it.
func Audit(t *testing.T, s supply.Audit) {
	ctx := t.Context()
	wantErr(t, "Record", s.Record(gone(t), audit.Entry{Action: "gone"}), context.Canceled)
	var all []audit.Entry
	rapid.Check(t, func(t *rapid.T) {
		e := audit.Entry{
			Time: moments().Draw(t, "time"), Actor: texts().Draw(t, "actor"), Action: texts().Draw(t, "action"),
			Subject: texts().Draw(t, "subject"), Code: texts().Draw(t, "code"), Detail: texts().Draw(t, "detail"),
			Policy: texts().Draw(t, "policy"),
		}
		must(t, "Record", s.Record(ctx, e))
		e.Time = kept(e.Time)
		all = append(all, e)
		last := slices.Clone(all[max(0, len(all)-3):])
		slices.Reverse(last)
		got, _, err := s.Entries(ctx, "", 3)
		must(t, "Entries", err)
		same(t, "the last entries", got, last)
	})
	large := audit.Entry{Time: noon(), Detail: strings.Repeat("x", large)}
	must(t, "Record", s.Record(ctx, large))
	all = append(all, large)
	slices.Reverse(all)
	for _, limit := range []int{1, 7, len(all), len(all) + 1} {
		same(t, fmt.Sprintf("the book by %d", limit), entries(t, s, limit, nil), all)
	}
	_, good, err := s.Entries(ctx, "", 1)
	must(t, "Entries", err)
	checkCursors(t, good, func(cursor string, limit int) error {
		_, _, err := s.Entries(ctx, cursor, limit)
		return err
	})

	race(t, nil, func(i int) error {
		return s.Record(ctx, audit.Entry{Time: noon(), Actor: "race", Subject: fmt.Sprint(i)})
	})
	// Who pages sees what was there once, although there are more at each page.
	got := entries(t, s, 3, func() { must(t, "Record", s.Record(ctx, audit.Entry{Time: noon(), Actor: "meanwhile"})) })
	seen := map[string]int{}
	for _, e := range got {
		switch e.Actor {
		case "meanwhile":
			t.Error("an entry came after newer ones were given")
		case "race":
			seen[e.Subject]++
		}
	}
	for i := range atOnce {
		if seen[fmt.Sprint(i)] != 1 {
			t.Errorf("entry %d came %d times", i, seen[fmt.Sprint(i)])
		}
	}
	same(t, "the older ones", got[len(got)-len(all):], all)
}

// entries reads the whole book, and calls between after each page.
func entries(t *testing.T, s supply.Audit, limit int, between func()) []audit.Entry {
	t.Helper()
	var all []audit.Entry
	for cursor := ""; ; {
		page, next, err := s.Entries(t.Context(), cursor, limit)
		must(t, "Entries", err)
		if len(page) > limit {
			t.Fatalf("Entries(limit %d) = %d entries", limit, len(page))
		}
		all = append(all, page...)
		if next == "" {
			return all
		}
		cursor = next
		if between != nil {
			between()
		}
	}
}

// Applications is the law of registry.Applications. Another message under an
// identifier that is taken is supply.ErrExists, and the first stays.
func Applications(t *testing.T, s registry.Applications) {
	ctx := t.Context()
	_, err := s.Application(ctx, canon.ID{})
	wantErr(t, "Application", err, registry.ErrUnknown)
	wantErr(t, "PutApplication", s.PutApplication(gone(t), &registry.Application{}), context.Canceled)

	var all []registry.Application
	rapid.Check(t, func(t *rapid.T) {
		_, id := named(fmt.Sprint("application ", rapid.IntRange(0, 30).Draw(t, "id")))
		a := registry.Application{
			ID: id, GLN: texts().Draw(t, "gln"), Message: raws().Draw(t, "message"), Content: contents().Draw(t, "content"),
			Created: moments().Draw(t, "created"),
		}
		err := s.PutApplication(ctx, &a)
		if i := slices.IndexFunc(all, func(o registry.Application) bool { return o.ID == id }); i < 0 {
			must(t, "PutApplication", err)
			a.Created = kept(a.Created)
			all = append(all, a)
		} else if before := &all[i]; a.GLN != before.GLN || string(a.Message) != string(before.Message) {
			wantErr(t, "PutApplication of another", err, supply.ErrExists)
		} else {
			must(t, "PutApplication again", err)
		}
		for _, want := range all {
			must(t, "PutApplication again", s.PutApplication(ctx, &want))
			got, err := s.Application(ctx, want.ID)
			must(t, "Application", err)
			same(t, "Application", *got, want)
		}
		found, err := s.Applications(ctx)
		must(t, "Applications", err)
		want := slices.Clone(all)
		slices.Reverse(want)
		same(t, "Applications", found, want)
	})

	_, id := named("raced")
	won := one(t, supply.ErrExists, func(i int) error {
		return s.PutApplication(ctx, &registry.Application{ID: id, Message: []byte{byte(i)}})
	})
	got, err := s.Application(ctx, id)
	must(t, "Application", err)
	same(t, "the winner's message", got.Message, []byte{byte(won)})
	if n := len(race(t, nil, func(int) error { return s.PutApplication(ctx, got) })); n != atOnce {
		t.Errorf("the same application again went well %d times of %d", n, atOnce)
	}
}

func contents() *rapid.Generator[pedigree.Application] {
	return rapid.Custom(func(t *rapid.T) pedigree.Application {
		return pedigree.Application{
			Chain: rapid.String().Draw(t, "chain"), Endpoint: rapid.String().Draw(t, "endpoint"), Key: raws().Draw(t, "key"),
			Name: rapid.String().Draw(t, "name"), SealKey: raws().Draw(t, "seal key"),
			Prefixes: rapid.OneOf(rapid.Just([]string(nil)), rapid.SliceOf(rapid.String())).Draw(t, "prefixes"),
			Roles:    rapid.OneOf(rapid.Just([]chain.Role(nil)), rapid.SliceOf(rapid.SampledFrom(chain.Roles()))).Draw(t, "roles"),
		}
	})
}
