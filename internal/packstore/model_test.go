package packstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"theriac/canon"
	"theriac/gs1"
	"theriac/merkle"
	"theriac/pedigree"
)

// naive is a batch in memory, made in the simplest way.
type naive struct {
	packs  []pedigree.Pack
	leaves []merkle.Hash
	stored []merkle.Hash
}

func newNaive(spec Spec, serials []gs1.Serial) *naive {
	n := &naive{}
	for _, s := range serials {
		n.packs = append(n.packs, pedigree.Pack{
			GTIN: spec.GTIN, Lot: spec.Lot, Expiry: spec.Expiry, Serial: s, Salt: spec.Secret.Salt(string(s)),
		})
	}
	slices.SortFunc(n.packs, func(a, b pedigree.Pack) int {
		x, y := a.Leaf(), b.Leaf()
		return bytes.Compare(x[:], y[:])
	})
	for i, p := range n.packs {
		n.leaves = append(n.leaves, p.Leaf())
		hashes, err := tlog.StoredHashesForRecordHash(int64(i), n.leaves[i], tlog.HashReaderFunc(n.read))
		if err != nil {
			panic(err)
		}
		for _, h := range hashes {
			n.stored = append(n.stored, merkle.Hash(h))
		}
	}
	return n
}

func (n *naive) read(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = tlog.Hash(n.stored[x])
	}
	return out, nil
}

func (n *naive) root() merkle.Hash {
	h, err := tlog.TreeHash(int64(len(n.leaves)), tlog.HashReaderFunc(n.read))
	if err != nil {
		panic(err)
	}
	return merkle.Hash(h)
}

func (n *naive) prove(index uint64) []merkle.Hash {
	proof, err := tlog.ProveRecord(int64(len(n.leaves)), int64(index), tlog.HashReaderFunc(n.read))
	if err != nil {
		panic(err)
	}
	var out []merkle.Hash
	for _, h := range proof {
		out = append(out, merkle.Hash(h))
	}
	return out
}

// checkAgainst fails where a batch and the one in memory differ.
func checkAgainst(t *rapid.T, b *Batch, n *naive) {
	size := uint64(len(n.packs))
	if got := b.Facts(); got.Size != size || got.Root != n.root() {
		t.Fatalf("Facts = %d packs, root %x, want %d, %x", got.Size, got.Root, size, n.root())
	}
	from := rapid.Uint64Range(0, size).Draw(t, "from")
	to := rapid.Uint64Range(from, size).Draw(t, "to")
	var listed []pedigree.Pack
	for p, err := range b.Packs(from, to) {
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, p)
	}
	if diff := cmp.Diff(n.packs[from:to], listed, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("Packs(%d, %d): %s", from, to, diff)
	}
	indexes := rapid.SliceOfNDistinct(rapid.Uint64Range(0, size-1), 1, min(40, int(size)), rapid.ID).Draw(t, "indexes")
	slices.Sort(indexes)
	var want []pedigree.Pack
	var indexed []merkle.IndexedLeaf
	for _, i := range indexes {
		want = append(want, n.packs[i])
		indexed = append(indexed, merkle.IndexedLeaf{Index: i, Hash: n.leaves[i]})
		if got, err := b.Pack(i); err != nil || got != n.packs[i] {
			t.Fatalf("Pack(%d) = %v, %v, want %v", i, got, err, n.packs[i])
		}
		if at, got, err := b.Find(n.packs[i].Serial); err != nil || at != i || got != n.packs[i] {
			t.Fatalf("Find = %d, %v, %v, want %d", at, got, err, i)
		}
		if got, err := b.Prove(i); err != nil || !slices.Equal(got, n.prove(i)) {
			t.Fatalf("Prove(%d) = %x, %v, want %x", i, got, err, n.prove(i))
		}
	}
	packs, proof, err := b.ProveMulti(indexes)
	if err != nil || !slices.Equal(packs, want) {
		t.Fatalf("ProveMulti = %v, %v, want %v", packs, err, want)
	}
	if err := merkle.VerifyMulti(indexed, size, proof, n.root()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Pack(size); !errors.Is(err, ErrNotFound) {
		t.Fatalf("Pack beyond the end = %v, want %v", err, ErrNotFound)
	}
	if _, _, err := b.ProveMulti([]uint64{size}); err == nil {
		t.Fatal("ProveMulti beyond the end = nil")
	}
	if err := b.Check(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
}

func drawSerial() *rapid.Generator[gs1.Serial] {
	return rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]byte(gs1.Set82)), 1, maxSerial), func(b []byte) gs1.Serial { return gs1.Serial(b) })
}

// A batch on disk is the same as one in memory, whatever fits into the memory of
// the build: with these limits most records go to the spool, and twice.
func TestBatchAgainstMemory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "packstore")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		s, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		s.limits = limits{
			chunk: rapid.SampledFrom([]int{chunkHead + recordHead + maxSerial, 200, 4096}).Draw(t, "chunk"),
			piece: rapid.SampledFrom([]int{recordHead + maxSerial, 1000, 1 << 20}).Draw(t, "piece"),
		}
		serials := drawSerials(t)
		spec := testSpec(0)
		spec.Serials = given(serials)
		if rapid.Bool().Draw(t, "size known") {
			spec.Size = uint64(len(serials))
		}
		b, err := s.Build(context.Background(), spec, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		n := newNaive(spec, serials)
		checkAgainst(t, b, n)
		for range 20 {
			serial := drawSerial().Draw(t, "absent")
			if slices.Contains(serials, serial) {
				continue
			}
			if _, _, err := b.Find(serial); !errors.Is(err, ErrNotFound) {
				t.Fatalf("Find(%q) = %v, want %v", serial, err, ErrNotFound)
			}
		}
		again, err := s.Batch(spec.ID, spec.Secret)
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		checkAgainst(t, again, n)
	})
}

// drawSerials draws distinct serial numbers, of one length or of any.
func drawSerials(t *rapid.T) []gs1.Serial {
	size := rapid.OneOf(rapid.IntRange(1, 70), rapid.IntRange(1, 3000)).Draw(t, "size")
	width := rapid.SampledFrom([]int{0, 0, 4, 9, maxSerial}).Draw(t, "width")
	seed := rapid.Uint32().Draw(t, "seed")
	out := make([]gs1.Serial, size)
	for i := range out {
		// The number makes it distinct, the hash random in length and characters.
		d := canon.Hash("test", fmt.Appendf(nil, "%d %d", seed, i))
		n := width
		if n == 0 {
			n = 4 + int(d[0])%(maxSerial-3)
		}
		text := []byte{gs1.Set82[i%82], gs1.Set82[i/82%82]}
		for _, c := range d[1 : n-1] {
			text = append(text, gs1.Set82[int(c)%82])
		}
		out[i] = gs1.Serial(text)
	}
	return out
}
