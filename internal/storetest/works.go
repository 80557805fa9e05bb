package storetest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"theriac/canon"
	"theriac/gs1"
	"theriac/internal/supply"
)

// Works is the law of supply.Works. A batch that is put again is replaced where
// it stands in the order.
func Works(t *testing.T, s supply.Works) {
	ctx := t.Context()
	_, err := s.Batch(ctx, canon.Sum(nil))
	wantErr(t, "Batch", err, supply.ErrUnknown)
	wantErr(t, "PutBatch", s.PutBatch(gone(t), &supply.Batch{ID: canon.Sum(nil)}), context.Canceled)

	var all []supply.Batch
	rapid.Check(t, func(t *rapid.T) {
		id, _ := named(fmt.Sprint("batch ", rapid.IntRange(0, 19).Draw(t, "id")))
		b := supply.Batch{
			ID: id, GTIN: gs1.GTIN(rapid.SampledFrom([]string{"04012345000009", "09521321000006"}).Draw(t, "gtin")),
			Lot: gs1.Lot(texts().Draw(t, "lot")), Expiry: texts().Draw(t, "expiry"), Size: counts().Draw(t, "size"),
			Certificate: texts().Draw(t, "certificate"), Transformation: raws().Draw(t, "transformation"),
			Document: rapid.OneOf(rapid.Just(canon.Digest{}), digests()).Draw(t, "document"), Created: moments().Draw(t, "created"),
		}
		must(t, "PutBatch", s.PutBatch(ctx, &b))
		b.Created = kept(b.Created)
		got, err := s.Batch(ctx, id)
		must(t, "Batch", err)
		same(t, "Batch", *got, b)
		if i := slices.IndexFunc(all, func(o supply.Batch) bool { return o.ID == id }); i >= 0 {
			all[i] = b
		} else {
			all = append(all, b)
		}
		for _, gtin := range []gs1.GTIN{"", b.GTIN, "00000000000000"} {
			found, err := s.Batches(ctx, gtin)
			must(t, "Batches", err)
			var want []supply.Batch
			for _, b := range slices.Backward(all) {
				if gtin == "" || b.GTIN == gtin {
					want = append(want, b)
				}
			}
			same(t, "Batches", found, want)
		}
	})

	id, _ := named("raced")
	race(t, nil, func(i int) error { return s.PutBatch(ctx, &supply.Batch{ID: id, GTIN: "x", Size: uint64(i)}) })
	found, err := s.Batches(ctx, "x")
	must(t, "Batches", err)
	if len(found) != 1 {
		t.Errorf("a batch that was put %d times at once is there %d times", atOnce, len(found))
	}

	b := &supply.Batch{ID: id, Transformation: []byte("event")}
	must(t, "PutBatch", s.PutBatch(ctx, b))
	b.Transformation[0] = 'X'
	for range 2 { // the second after the first reader changed what he got
		got, err := s.Batch(ctx, id)
		must(t, "Batch", err)
		same(t, "the transformation", string(got.Transformation), "event")
		got.Transformation[0] = 'X'
	}
}

// Jobs is the law of supply.Jobs. Unfinished are those that were left running,
// the oldest first.
func Jobs(t *testing.T, s supply.Jobs) {
	ctx := t.Context()
	_, err := s.Job(ctx, canon.ID{})
	wantErr(t, "Job", err, supply.ErrUnknown)
	wantErr(t, "PutJob", s.PutJob(gone(t), &supply.Job{State: supply.Running}), context.Canceled)
	found, err := s.Unfinished(ctx)
	must(t, "Unfinished", err)
	same(t, "Unfinished of an empty store", found, nil)

	var all []supply.Job
	rapid.Check(t, func(t *rapid.T) {
		_, id := named(fmt.Sprint("job ", rapid.IntRange(0, 19).Draw(t, "id")))
		j := supply.Job{
			ID: id, Kind: texts().Draw(t, "kind"),
			State: rapid.SampledFrom([]supply.JobState{supply.Running, supply.Finished, supply.Failed}).Draw(t, "state"),
			Done:  counts().Draw(t, "done"), Total: counts().Draw(t, "total"), Spec: raws().Draw(t, "spec"),
			Result: texts().Draw(t, "result"), Code: texts().Draw(t, "code"), Text: texts().Draw(t, "text"),
			Created: moments().Draw(t, "created"), Updated: moments().Draw(t, "updated"),
		}
		must(t, "PutJob", s.PutJob(ctx, &j))
		j.Created, j.Updated = kept(j.Created), kept(j.Updated)
		got, err := s.Job(ctx, id)
		must(t, "Job", err)
		same(t, "Job", *got, j)
		if i := slices.IndexFunc(all, func(o supply.Job) bool { return o.ID == id }); i >= 0 {
			all[i] = j
		} else {
			all = append(all, j)
		}
		found, err := s.Unfinished(ctx)
		must(t, "Unfinished", err)
		same(t, "Unfinished", found, slices.DeleteFunc(slices.Clone(all), func(j supply.Job) bool { return j.State != supply.Running }))
	})

	j := supply.Job{ID: canon.ID{1}, State: supply.Finished, Spec: bytes.Repeat([]byte{0}, large)}
	must(t, "PutJob", s.PutJob(ctx, &j))
	got, err := s.Job(ctx, j.ID)
	must(t, "Job", err)
	if !bytes.Equal(got.Spec, j.Spec) {
		t.Error("a large spec came back otherwise")
	}
}
