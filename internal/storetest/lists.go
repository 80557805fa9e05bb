package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"theriac/canon"
	"theriac/internal/supply"
)

// Reports is the law of supply.Reports. What was put first stays.
func Reports(t *testing.T, s supply.Reports) {
	ctx := t.Context()
	_, err := s.Report(ctx, canon.ID{})
	wantErr(t, "Report", err, supply.ErrUnknown)
	wantErr(t, "Hand", s.Hand(ctx, canon.ID{}), supply.ErrUnknown)
	wantErr(t, "PutReport", s.PutReport(gone(t), &supply.Report{To: []string{}}), context.Canceled)

	var all []supply.Report
	rapid.Check(t, func(t *rapid.T) {
		_, id := named(fmt.Sprint("report ", rapid.IntRange(0, 30).Draw(t, "id")))
		r := supply.Report{
			ID: id, JWS: raws().Draw(t, "jws"), To: rapid.SliceOfN(rapid.StringMatching("[0-9]{13}"), 1, 4).Draw(t, "to"),
			Created: moments().Draw(t, "created"),
		}
		err := s.PutReport(ctx, &r)
		i := slices.IndexFunc(all, func(o supply.Report) bool { return o.ID == id })
		if i < 0 {
			must(t, "PutReport", err)
			r.Created = kept(r.Created)
			i, all = len(all), append(all, r)
		} else {
			wantErr(t, "PutReport again", err, supply.ErrExists)
		}
		if rapid.Bool().Draw(t, "hand") {
			must(t, "Hand", s.Hand(ctx, id))
			all[i].Handed = true
		}
		got, err := s.Report(ctx, id)
		must(t, "Report", err)
		same(t, "Report", *got, all[i])
		found, err := s.Unhanded(ctx)
		must(t, "Unhanded", err)
		same(t, "Unhanded", found, slices.DeleteFunc(slices.Clone(all), func(r supply.Report) bool { return r.Handed }))
	})

	_, id := named("raced report")
	one(t, supply.ErrExists, func(i int) error { return s.PutReport(ctx, &supply.Report{ID: id, To: []string{fmt.Sprint(i)}}) })
}

// A Desk is what the law of lists needs to fill them.
type Desk interface {
	Mail
	supply.Works
	supply.Jobs
	supply.Lists
}

// Lists is the law of supply.Lists.
func Lists(t *testing.T, s Desk) {
	ctx := t.Context()
	var batches, jobs, holdings []string
	for i := range 11 {
		digest, id := named(fmt.Sprint("listed ", i))
		must(t, "PutBatch", s.PutBatch(ctx, &supply.Batch{ID: digest, Size: uint64(i), Created: noon()}))
		must(t, "PutJob", s.PutJob(ctx, &supply.Job{ID: id, Total: uint64(i), Spec: []byte("{}"), Created: noon(), Updated: noon()}))
		must(t, "PutHolding", s.PutHolding(ctx, digest))
		batches, jobs, holdings = append(batches, digest.String()), append(jobs, id.String()), append(holdings, digest.String())
		// Again it stays where it is.
		first, firstID := named("listed 0")
		must(t, "PutBatch", s.PutBatch(ctx, &supply.Batch{ID: first, Created: noon()}))
		must(t, "PutJob", s.PutJob(ctx, &supply.Job{ID: firstID, Created: noon(), Updated: noon()}))
		must(t, "PutHolding", s.PutHolding(ctx, first))
	}
	listing(t, "ListBatches", batches, func(cursor string, limit int) ([]string, string, error) {
		found, next, err := s.ListBatches(ctx, cursor, limit)
		return names(found, func(b supply.Batch) string { return b.ID.String() }), next, err
	})
	listing(t, "ListJobs", jobs, func(cursor string, limit int) ([]string, string, error) {
		found, next, err := s.ListJobs(ctx, cursor, limit)
		for _, j := range found {
			if j.Spec != nil {
				t.Errorf("job %s comes with its spec", j.ID)
			}
		}
		return names(found, func(j supply.Job) string { return j.ID.String() }), next, err
	})
	listing(t, "Holdings", holdings, func(cursor string, limit int) ([]string, string, error) {
		found, next, err := s.Holdings(ctx, cursor, limit)
		return names(found, canon.Digest.String), next, err
	})
	_, other, err := s.ListJobs(ctx, "", 1)
	must(t, "ListJobs", err)
	_, _, err = s.ListBatches(ctx, other, 1)
	wantErr(t, "another listing's cursor", err, supply.ErrRequest)
	race(t, nil, func(int) error { return s.PutHolding(ctx, canon.Sum([]byte("raced"))) })
	waiting(t, s)
}

func names[T any](found []T, name func(T) string) []string {
	out := []string{}
	for _, v := range found {
		out = append(out, name(v))
	}
	return out
}

// listing holds that pages of any size give all, the newest first, and that only the
// cursors that were given are taken.
func listing(t *testing.T, what string, oldest []string, list func(cursor string, limit int) ([]string, string, error)) {
	t.Helper()
	want := slices.Clone(oldest)
	slices.Reverse(want)
	for _, limit := range []int{1, 4, len(want), 500} {
		var all []string
		for cursor := ""; ; {
			page, next, err := list(cursor, limit)
			must(t, what, err)
			if len(page) > limit {
				t.Fatalf("%s(limit %d) = %d", what, limit, len(page))
			}
			all = append(all, page...)
			if cursor = next; cursor == "" {
				break
			}
		}
		same(t, fmt.Sprintf("%s by %d", what, limit), all, want)
	}
	_, good, err := list("", 1)
	must(t, what, err)
	checkCursors(t, good, func(cursor string, limit int) error {
		_, _, err := list(cursor, limit)
		return err
	})
}

// waiting holds that what is queued is counted by receiver and reason, and nothing else.
func waiting(t *testing.T, s Desk) {
	ctx := t.Context()
	found, err := s.Waiting(ctx, 100)
	must(t, "Waiting", err)
	same(t, "Waiting of an empty outbox", found, nil)
	at := noon()
	for i, to := range []string{"b", "a", "b", "b"} {
		m := queued(fmt.Sprint("waiting ", i))
		m.Audience, m.Created, m.Next, m.Code, m.Attempts = to, at.Add(time.Duration(i)*time.Minute), at.Add(time.Duration(i)*time.Hour), "", 0
		must(t, "Queue", s.Queue(ctx, m))
		if i == 2 {
			must(t, "Defer", s.Defer(ctx, m.ID, at.Add(9*time.Hour), "unreachable"))
		}
	}
	must(t, "Settle", s.Settle(ctx, received("not waiting")))
	want := []supply.Backlog{
		{Audience: "a", Messages: 1, Oldest: at.Add(time.Minute), Next: at.Add(time.Hour)},
		{Audience: "b", Messages: 2, Oldest: at, Next: at},
		{Audience: "b", Code: "unreachable", Messages: 1, Oldest: at.Add(2 * time.Minute), Next: at.Add(9 * time.Hour), Attempts: 1},
	}
	found, err = s.Waiting(ctx, 100)
	must(t, "Waiting", err)
	same(t, "Waiting", found, want)
	found, err = s.Waiting(ctx, 2)
	must(t, "Waiting", err)
	want[1].Messages = 1
	same(t, "Waiting of the first two", found, want[:2])
	_, err = s.Waiting(ctx, 0)
	wantErr(t, "Waiting(0)", err, supply.ErrRequest)
}
