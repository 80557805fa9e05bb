package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"theriac/canon"
	"theriac/internal/idempotency"
	"theriac/internal/supply"
)

// An Answers is a store of answers by idempotency key.
type Answers interface {
	// Begin returns nil if the caller is to do the request and then Finish or
	// Release the key, or the answer that was given before; idempotency.ErrConflict
	// if the key stands for another request, and idempotency.ErrInProgress until
	// the lease of who began it has run out.
	Begin(ctx context.Context, key string, request canon.Digest, now time.Time) (*idempotency.Response, error)
	// Finish keeps the answer: the first (supply.ErrExists), of a key that was begun
	// (supply.ErrUnknown) then, and not again later (idempotency.ErrInProgress).
	Finish(ctx context.Context, key string, began time.Time, r idempotency.Response, now time.Time) error
	// Release gives up a key that was begun then and is not answered.
	Release(ctx context.Context, key string, began time.Time) error
	// Prune forgets what was begun or answered before a time.
	Prune(ctx context.Context, before time.Time) error
}

// Responses is the law of answers by idempotency key.
func Responses(t *testing.T, s Answers) {
	t.Run("as a map", func(t *testing.T) { answersAsMap(t, s) })
	t.Run("races", func(t *testing.T) { answerRaces(t, s) })
	t.Run("gone", func(t *testing.T) {
		_, err := s.Begin(gone(t), "gone", canon.Sum(nil), noon())
		wantErr(t, "Begin", err, context.Canceled)
		wantErr(t, "Finish", s.Finish(t.Context(), "gone", noon(), idempotency.Response{Status: 200}, noon()), supply.ErrUnknown)
	})
	t.Run("mistake", func(t *testing.T) {
		begin(t, s, "no status")
		if err := s.Finish(t.Context(), "no status", noon(), idempotency.Response{}, noon()); err == nil {
			t.Error("Finish without a status succeeded")
		}
	})
	t.Run("large", func(t *testing.T) {
		begin(t, s, "large")
		want := &idempotency.Response{Status: 200, Body: bytes.Repeat([]byte{0}, large)}
		must(t, "Finish", s.Finish(t.Context(), "large", noon(), *want, noon()))
		got, err := s.Begin(t.Context(), "large", canon.Sum(nil), noon())
		must(t, "Begin", err)
		if got.Status != 200 || !bytes.Equal(got.Body, want.Body) {
			t.Error("a large answer came back otherwise")
		}
	})
}

func begin(t *testing.T, s Answers, key string) {
	t.Helper()
	r, err := s.Begin(t.Context(), key, canon.Sum(nil), noon())
	must(t, "Begin", err)
	if r != nil {
		t.Fatalf("Begin of a new key = %v", r)
	}
}

func answerRaces(t *testing.T, s Answers) {
	own := func(key string, now time.Time) func(int) error {
		return func(int) error {
			r, err := s.Begin(t.Context(), key, canon.Sum(nil), now)
			if r != nil {
				return fmt.Errorf("an answer of status %d that nobody gave", r.Status)
			}
			return err
		}
	}
	one(t, idempotency.ErrInProgress, own("raced", noon()))
	// Whoever had it has crashed: one takes it over.
	later := noon().Add(idempotency.Lease)
	one(t, idempotency.ErrInProgress, own("raced", later))
	// Whoever had it has not crashed, but was slow: he changes nothing any more.
	race(t, idempotency.ErrInProgress, func(i int) error {
		if i%2 == 0 {
			return s.Release(t.Context(), "raced", noon())
		}
		return errors.Join(s.Finish(t.Context(), "raced", noon(), idempotency.Response{Status: 200}, later), own("raced", later)(i))
	})
	won := one(t, supply.ErrExists, func(i int) error {
		return s.Finish(t.Context(), "raced", later, idempotency.Response{Status: 200 + i}, noon())
	})
	got, err := s.Begin(t.Context(), "raced", canon.Sum(nil), noon())
	must(t, "Begin", err)
	same(t, "the first answer", got, &idempotency.Response{Status: 200 + won})
	// While keys are released and taken again, nobody hears of an unknown key.
	race(t, idempotency.ErrInProgress, func(i int) error {
		if i%2 == 0 {
			return s.Release(t.Context(), "released", noon())
		}
		return own("released", noon())(i)
	})
}

// An answer is what a store should know of a key.
type answer struct {
	request  canon.Digest
	at       time.Time
	response *idempotency.Response
}

// taken is when a key was taken, if it was.
func (a *answer) taken() time.Time {
	if a == nil {
		return noon()
	}
	return a.at
}

func answersAsMap(t *testing.T, s Answers) {
	ctx := t.Context()
	known := map[string]*answer{}
	now := noon()
	keys := []string{"k", "K", "k ", "", "\x00", "\xff", "Ünï"}
	key := rapid.SampledFrom(keys)
	// Who finishes or releases a key took it then, or before or after.
	began := rapid.SampledFrom([]time.Duration{0, 0, 0, -time.Microsecond, -idempotency.Lease, time.Hour})
	actions := map[string]func(*rapid.T){
		"begin": func(t *rapid.T) {
			k, request := key.Draw(t, "key"), canon.Sum([]byte{byte(rapid.IntRange(0, 1).Draw(t, "request"))})
			got, err := s.Begin(ctx, k, request, now)
			a := known[k]
			switch {
			case a != nil && a.request != request:
				wantErr(t, "Begin", err, idempotency.ErrConflict)
			case a != nil && a.response != nil:
				must(t, "Begin", err)
				same(t, "the answer", got, a.response)
			case a != nil && now.Sub(a.at) < idempotency.Lease:
				wantErr(t, "Begin", err, idempotency.ErrInProgress)
			default:
				must(t, "Begin", err)
				same(t, "no answer", got, nil)
				known[k] = &answer{request: request, at: now}
			}
		},
		"finish": func(t *rapid.T) {
			k, when := key.Draw(t, "key"), began.Draw(t, "began")
			r := idempotency.Response{
				Status: rapid.IntRange(100, 599).Draw(t, "status"), Type: texts().Draw(t, "type"), Body: raws().Draw(t, "body"),
			}
			a := known[k]
			err := s.Finish(ctx, k, a.taken().Add(when), r, now)
			switch {
			case a == nil:
				wantErr(t, "Finish", err, supply.ErrUnknown)
			case a.response != nil:
				wantErr(t, "Finish", err, supply.ErrExists)
			case when != 0:
				wantErr(t, "Finish", err, idempotency.ErrInProgress)
			default:
				must(t, "Finish", err)
				a.response, a.at = &r, now
			}
		},
		"release": func(t *rapid.T) {
			k, when := key.Draw(t, "key"), began.Draw(t, "began")
			a := known[k]
			must(t, "Release", s.Release(ctx, k, a.taken().Add(when)))
			if a != nil && a.response == nil && when == 0 {
				delete(known, k)
			}
		},
		"wait": func(t *rapid.T) {
			now = now.Add(rapid.SampledFrom([]time.Duration{time.Microsecond, idempotency.Lease, idempotency.Lease / 2}).Draw(t, "wait"))
		},
		"prune": func(t *rapid.T) {
			before := now.Add(-rapid.SampledFrom([]time.Duration{0, time.Minute, time.Hour}).Draw(t, "age"))
			must(t, "Prune", s.Prune(ctx, before))
			for k, a := range known {
				if a.at.Before(before) {
					delete(known, k)
				}
			}
		},
	}
	rapid.Check(t, func(t *rapid.T) { t.Repeat(actions) })
}
