package storetest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/internal/supply"
	"theriac/merkle"
)

// Lines is the law of supply.Lines.
func Lines(t *testing.T, s supply.Lines) {
	ctx := t.Context()
	found, err := s.Lines(ctx)
	must(t, "Lines", err)
	same(t, "Lines of an empty store", found, nil)
	keys, err := s.LineKeys(ctx, canon.Digest{}, canon.Digest{})
	must(t, "LineKeys", err)
	same(t, "LineKeys of an empty store", keys, nil)
	wantErr(t, "PutLine", s.PutLine(gone(t), canon.Sum(nil)), context.Canceled)

	var noted []canon.Digest
	all := map[canon.Digest][]api.LineKey{}
	rapid.Check(t, func(t *rapid.T) {
		line, _ := named(fmt.Sprint("line ", rapid.IntRange(0, 3).Draw(t, "line")))
		must(t, "PutLine", s.PutLine(ctx, line))
		if !slices.Contains(noted, line) {
			noted = slices.Insert(noted, 0, line)
		}
		found, err := s.Lines(ctx)
		must(t, "Lines", err)
		same(t, "Lines", found, noted)

		fresh := rapid.SliceOfNDistinct(lineKeys(), 0, 4, func(k api.LineKey) string { return fmt.Sprint(k.Device, k.Epoch) }).Draw(t, "keys")
		err = s.PutLineKeys(ctx, line, fresh)
		if slices.ContainsFunc(fresh, func(k api.LineKey) bool {
			return slices.ContainsFunc(all[line], func(o api.LineKey) bool { return o.Device == k.Device && o.Epoch == k.Epoch })
		}) {
			wantErr(t, "PutLineKeys where one is", err, supply.ErrExists)
		} else {
			must(t, "PutLineKeys", err)
			all[line] = append(all[line], fresh...)
		}
		device := lineKeys().Draw(t, "of").Device
		got, err := s.LineKeys(ctx, line, device)
		must(t, "LineKeys", err)
		want := slices.DeleteFunc(slices.Clone(all[line]), func(k api.LineKey) bool { return k.Device != device })
		slices.SortFunc(want, func(a, b api.LineKey) int { return int(b.Epoch) - int(a.Epoch) })
		same(t, "LineKeys", got, want)
	})
	line, _ := named("raced line")
	one(t, supply.ErrExists, func(i int) error {
		return s.PutLineKeys(ctx, line, []api.LineKey{{Epoch: uint64(100 + i), Sealed: []byte{}}, {Epoch: 1, Sealed: []byte{}}})
	})
	if got, err := s.LineKeys(ctx, line, canon.Digest{}); err != nil || len(got) != 2 {
		t.Errorf("after a race there are %d keys, %v, want those of one", len(got), err)
	}
}

func lineKeys() *rapid.Generator[api.LineKey] {
	return rapid.Custom(func(t *rapid.T) api.LineKey {
		device, _ := named(fmt.Sprint("device ", rapid.IntRange(0, 2).Draw(t, "device")))
		return api.LineKey{
			Device: device, Epoch: uint64(rapid.IntRange(1, 5).Draw(t, "epoch")), Sealed: rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "sealed"),
		}
	})
}

// A Marker is a store of registrations, own and come.
type Marker interface {
	supply.Registrations
	supply.Consignments
}

// Registrations is the law of supply.Registrations. What was put first stays.
func Registrations(t *testing.T, s Marker) {
	ctx := t.Context()
	_, err := s.Registration(ctx, canon.Digest{})
	wantErr(t, "Registration", err, supply.ErrUnknown)
	_, _, err = s.Marks(ctx, canon.Digest{}, 0)
	wantErr(t, "Marks", err, supply.ErrUnknown)
	must(t, "DropRegistration of none", s.DropRegistration(ctx, canon.Digest{}))
	wantErr(t, "PutRegistration", s.PutRegistration(gone(t), &supply.Registration{}, nil), context.Canceled)

	type kept struct {
		supply.Registration
		parts []supply.MarkPart
	}
	all := map[canon.Digest]kept{}
	rapid.Check(t, func(t *rapid.T) {
		id, _ := named(fmt.Sprint("registration ", rapid.IntRange(0, 9).Draw(t, "id")))
		r := kept{supply.Registration{
			ID: id, Root: digests().Draw(t, "root"), Consignment: raws().Draw(t, "consignment"), Created: moments().Draw(t, "created"),
		}, rapid.SliceOfN(parts(), 1, 4).Draw(t, "parts")}
		if _, ok := all[id]; ok && rapid.Bool().Draw(t, "drop") {
			must(t, "DropRegistration", s.DropRegistration(ctx, id))
			delete(all, id)
		}
		err := s.PutRegistration(ctx, &r.Registration, r.parts)
		if _, ok := all[id]; ok {
			wantErr(t, "PutRegistration again", err, supply.ErrExists)
		} else {
			must(t, "PutRegistration", err)
			r.Created = r.Created.UTC().Truncate(1000)
			all[id] = r
		}
		want := all[id]
		got, err := s.Registration(ctx, id)
		must(t, "Registration", err)
		same(t, "Registration", *got, want.Registration)
		var roots chain.Hashes
		for _, p := range want.parts {
			roots = append(roots, p.Root)
		}
		for i, p := range want.parts {
			leaves, found, err := s.Marks(ctx, id, uint64(i))
			must(t, "Marks", err)
			same(t, "Marks", leaves, p.Leaves)
			same(t, "roots of parts", found, roots)
		}
		_, _, err = s.Marks(ctx, id, uint64(len(want.parts)))
		wantErr(t, "Marks past the last", err, supply.ErrUnknown)
	})
	largeRegistration(t, s)
	sharedRegistration(t, s)

	id, _ := named("raced registration")
	one(t, supply.ErrExists, func(i int) error {
		return s.PutRegistration(ctx, &supply.Registration{ID: id}, []supply.MarkPart{{Leaves: chain.Hashes{{byte(i)}}}})
	})
}

func parts() *rapid.Generator[supply.MarkPart] {
	hash := rapid.Map(digests(), func(d canon.Digest) merkle.Hash { return merkle.Hash(d) })
	return rapid.Custom(func(t *rapid.T) supply.MarkPart {
		return supply.MarkPart{Root: hash.Draw(t, "root"), Leaves: rapid.SliceOfN(hash, 1, 5).Draw(t, "leaves")}
	})
}

// largeRegistration holds that as many marks as the ledger takes at once are kept.
func largeRegistration(t *testing.T, s Marker) {
	id, _ := named("large registration")
	all := make([]supply.MarkPart, 1024)
	for i := range all {
		all[i] = supply.MarkPart{Root: merkle.LeafHash([]byte{byte(i)}), Leaves: make(chain.Hashes, supply.PartMarks)}
		all[i].Leaves[i] = all[i].Root
	}
	must(t, "PutRegistration", s.PutRegistration(t.Context(), &supply.Registration{ID: id}, all))
	for _, i := range []uint64{0, 9, 10, 1023} {
		leaves, roots, err := s.Marks(t.Context(), id, i)
		must(t, "Marks", err)
		if !slices.Equal(leaves, all[i].Leaves) || len(roots) != len(all) || roots[i] != all[i].Root {
			t.Errorf("part %d came back otherwise", i)
		}
	}
	must(t, "DropRegistration", s.DropRegistration(t.Context(), id))
	_, _, err := s.Marks(t.Context(), id, 0)
	wantErr(t, "Marks of what was dropped", err, supply.ErrUnknown)
}

func sharedRegistration(t *testing.T, s Marker) {
	id, _ := named("shared registration")
	r := &supply.Registration{ID: id, Consignment: []byte("sealed")}
	marks := []supply.MarkPart{{Leaves: chain.Hashes{{1}}}}
	must(t, "PutRegistration", s.PutRegistration(t.Context(), r, marks))
	r.Consignment[0], marks[0].Leaves[0][0] = 'X', 9
	for range 2 {
		got, err := s.Registration(t.Context(), id)
		must(t, "Registration", err)
		leaves, _, err := s.Marks(t.Context(), id, 0)
		must(t, "Marks", err)
		if string(got.Consignment) != "sealed" || leaves[0] != (merkle.Hash{1}) {
			t.Error("the store shares what it keeps")
		}
		got.Consignment[0], leaves[0][0] = 'X', 9
	}
}

// Consignments is the law of supply.Consignments. What was put last counts.
func Consignments(t *testing.T, s supply.Consignments) {
	ctx := t.Context()
	_, err := s.Consignment(ctx, canon.Digest{})
	wantErr(t, "Consignment", err, supply.ErrUnknown)
	wantErr(t, "PutConsignment", s.PutConsignment(gone(t), &supply.Consignment{}), context.Canceled)
	rapid.Check(t, func(t *rapid.T) {
		id, _ := named(fmt.Sprint("consignment ", rapid.IntRange(0, 5).Draw(t, "id")))
		c := supply.Consignment{Registration: id, Message: digests().Draw(t, "message"), Sealed: raws().Draw(t, "sealed")}
		must(t, "PutConsignment", s.PutConsignment(ctx, &c))
		want := bytes.Clone(c.Sealed)
		if len(c.Sealed) > 0 {
			c.Sealed[0] ^= 1
		}
		got, err := s.Consignment(ctx, id)
		must(t, "Consignment", err)
		same(t, "Consignment", *got, supply.Consignment{Registration: id, Message: c.Message, Sealed: want})
	})
	id, _ := named("raced consignment")
	race(t, nil, func(i int) error {
		return s.PutConsignment(ctx, &supply.Consignment{Registration: id, Sealed: []byte{byte(i)}})
	})
}
