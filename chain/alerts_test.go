package chain_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"theriac/canon"
	"theriac/chain"
)

// An alert about ranges is found from each of their packs, under one name, and
// from no other pack.
func TestAlertTags(t *testing.T) {
	batch, other := canon.Sum([]byte("batch")), canon.Sum([]byte("other"))
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Uint64Range(1, 300).Draw(t, "size")
		in := rapid.SliceOfN(rapid.Bool(), int(size), int(size)).Draw(t, "in")
		var places []uint64
		for i, is := range in {
			if is {
				places = append(places, uint64(i))
			}
		}
		a := chain.Alert{Batch: batch, Units: chain.Ranges(places)}
		tags := a.Tags()
		for i, is := range in {
			found := 0
			for _, tag := range chain.AlertTags(batch, uint64(i), size) {
				if slices.Contains(tags, tag) {
					found++
				}
			}
			if want := map[bool]int{true: 1}[is]; found != want {
				t.Errorf("pack %d is under %d names of %v, want %d", i, found, a.Units, want)
			}
			if got := a.Concerns(batch, uint64(i)); got != is {
				t.Errorf("Concerns(%d) = %v, want %v", i, got, is)
			}
		}
		if a.Concerns(other, 0) {
			t.Error("an alert concerns another batch")
		}
	})
}

// What a transaction may name is listed under few names, whatever its ranges.
func TestAlertTagsAreFew(t *testing.T) {
	a := chain.Alert{Units: []chain.Range{{From: 1, To: 1 << 20}}}
	if got := len(a.Tags()); got != 20 {
		t.Errorf("%d names, want 20", got)
	}
	if got := len(chain.AlertTags(canon.Digest{}, 1<<40-1, 1<<40)); got != 41 {
		t.Errorf("%d names of a pack, want 41", got)
	}
	if got := (&chain.Alert{Units: []chain.Range{{From: 1<<64 - 1<<20 - 1, To: 1<<64 - 1}}}).Tags(); len(got) > 41 {
		t.Errorf("%d names", len(got))
	}
}
