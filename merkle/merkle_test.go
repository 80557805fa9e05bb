package merkle

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/merkle/testonly"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// grow returns a tree of n distinct leaves: their hashes, and its stored hashes.
func grow(n int) (leaves, stored []Hash) {
	b := Builder{Stored: func(h Hash) { stored = append(stored, h) }}
	for i := range n {
		l := LeafHash([]byte{byte(i), byte(i >> 8)})
		leaves = append(leaves, l)
		b.Append(l)
	}
	return leaves, stored
}

func reader(stored []Hash) Reader {
	return func(indexes []int64) ([]Hash, error) {
		out := make([]Hash, len(indexes))
		for i, x := range indexes {
			out[i] = stored[x]
		}
		return out, nil
	}
}

// The published vectors of certificate transparency (RFC 6962, whose tree RFC
// 9162 keeps), from transparency-dev.
func TestPublishedRoots(t *testing.T) {
	inputs := testonly.LeafInputs()
	var leaves []Hash
	for n, want := range testonly.RootHashes() {
		if got := Root(leaves); string(got[:]) != string(want) {
			t.Errorf("root of %d leaves = %x, want %x", n, got, want)
		}
		if n < len(inputs) {
			leaves = append(leaves, LeafHash(inputs[n]))
		}
	}
	for i, want := range testonly.NodeHashes()[0] {
		if got := LeafHash(inputs[i]); string(got[:]) != string(want) {
			t.Errorf("leaf %d = %x, want %x", i, got, want)
		}
	}
}

// Every inclusion and consistency proof of small trees verifies here and with
// transparency-dev's verifier, and no proof serves another claim.
func TestProofsAgainstReference(t *testing.T) {
	const most = 40
	leaves, stored := grow(most)
	read := reader(stored)
	for size := uint64(1); size <= most; size++ {
		root := Root(leaves[:size])
		if got, err := RootAt(size, read); err != nil || got != root {
			t.Fatalf("RootAt(%d) = %x, %v, want %x", size, got, err, root)
		}
		for i := uint64(0); i < size; i++ {
			p, err := Prove(size, i, read)
			if err != nil {
				t.Fatal(err)
			}
			if err := VerifyInclusion(leaves[i], i, size, p, root); err != nil {
				t.Errorf("leaf %d of %d: %v", i, size, err)
			}
			if err := proof.VerifyInclusion(rfc6962.DefaultHasher, i, size, leaves[i][:], slicesOf(p), root[:]); err != nil {
				t.Errorf("leaf %d of %d: reference refuses: %v", i, size, err)
			}
			for j := range size + 1 {
				if j != i && VerifyInclusion(leaves[i], j, size, p, root) == nil {
					t.Errorf("proof of leaf %d serves %d of %d", i, j, size)
				}
			}
		}
		for older := uint64(0); older <= size; older++ {
			p, err := ProveConsistency(older, size, read)
			if err != nil {
				t.Fatal(err)
			}
			old := Root(leaves[:older])
			if err := VerifyConsistency(older, size, p, old, root); err != nil {
				t.Errorf("%d in %d: %v", older, size, err)
			}
			if older == 0 {
				continue
			}
			if err := proof.VerifyConsistency(rfc6962.DefaultHasher, older, size, slicesOf(p), old[:], root[:]); err != nil {
				t.Errorf("%d in %d: reference refuses: %v", older, size, err)
			}
			if older < size && VerifyConsistency(older, size, p, Root(leaves[1:older+1]), root) == nil {
				t.Errorf("%d in %d: proof serves another old tree", older, size)
			}
		}
	}
}

func slicesOf(p []Hash) [][]byte {
	out := make([][]byte, len(p))
	for i := range p {
		out[i] = p[i][:]
	}
	return out
}

// Verifier and reference agree on proofs that somebody bent.
func TestBentProofsAgainstReference(t *testing.T) {
	leaves, stored := grow(64)
	read := reader(stored)
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Uint64Range(1, 64).Draw(t, "size")
		index := rapid.Uint64Range(0, size-1).Draw(t, "index")
		root := Root(leaves[:size])
		p, err := Prove(size, index, read)
		if err != nil {
			t.Fatal(err)
		}
		p = append(p, rapid.SliceOfN(rapid.Just(leaves[0]), 0, 2).Draw(t, "more")...)
		p = p[rapid.IntRange(0, min(1, len(p))).Draw(t, "cut"):]
		claimed := rapid.Uint64Range(0, 65).Draw(t, "claimed size")
		want := proof.VerifyInclusion(rfc6962.DefaultHasher, index, claimed, leaves[index][:], slicesOf(p), root[:])
		got := VerifyInclusion(leaves[index], index, claimed, p, root)
		if (got == nil) != (want == nil) {
			t.Fatalf("VerifyInclusion = %v, reference %v", got, want)
		}
		older := rapid.Uint64Range(0, size).Draw(t, "older")
		c, err := ProveConsistency(older, size, read)
		if err != nil {
			t.Fatal(err)
		}
		c = append(c, rapid.SliceOfN(rapid.Just(leaves[0]), 0, 2).Draw(t, "more")...)
		claimedOld := rapid.Uint64Range(1, 65).Draw(t, "claimed older")
		old := Root(leaves[:older])
		want = proof.VerifyConsistency(rfc6962.DefaultHasher, claimedOld, claimed, slicesOf(c), old[:], root[:])
		got = VerifyConsistency(claimedOld, claimed, c, old, root)
		if (got == nil) != (want == nil) {
			t.Fatalf("VerifyConsistency(%d, %d) = %v, reference %v", claimedOld, claimed, got, want)
		}
	})
}

func TestStoredOrderIsTlogs(t *testing.T) {
	leaves, stored := grow(100)
	if got, want := int64(len(stored)), tlog.StoredHashCount(100); got != want {
		t.Fatalf("%d stored hashes, tlog counts %d", got, want)
	}
	for i, l := range leaves {
		if stored[tlog.StoredHashIndex(0, int64(i))] != l {
			t.Errorf("leaf %d is not where tlog looks for it", i)
		}
	}
}

func TestResumeGoesOn(t *testing.T) {
	leaves, stored := grow(100)
	for n := range leaves {
		b, err := Resume(uint64(n), reader(stored))
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range leaves[n:] {
			b.Append(l)
		}
		if b.Root() != Root(leaves) || b.Size() != 100 {
			t.Errorf("resumed at %d: another root", n)
		}
	}
}

func TestMultiproof(t *testing.T) {
	leaves, stored := grow(200)
	read := reader(stored)
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Uint64Range(1, 200).Draw(t, "size")
		root := Root(leaves[:size])
		chosen := rapid.SliceOfNDistinct(rapid.Uint64Range(0, size-1), 1, int(min(size, 20)), rapid.ID).Draw(t, "indexes")
		var indexes []uint64
		var shown []IndexedLeaf
		for i := range size {
			for _, c := range chosen {
				if c == i {
					indexes = append(indexes, i)
					shown = append(shown, IndexedLeaf{i, leaves[i]})
				}
			}
		}
		p, err := ProveMulti(size, indexes, read)
		if err != nil {
			t.Fatal(err)
		}
		if err := VerifyMulti(shown, size, p, root); err != nil {
			t.Fatalf("VerifyMulti(%v of %d) = %v", indexes, size, err)
		}
		paths := make([][]Hash, len(indexes))
		hashes := make([]Hash, len(indexes))
		for i, x := range indexes {
			hashes[i] = leaves[x]
			if paths[i], err = Prove(size, x, read); err != nil {
				t.Fatal(err)
			}
		}
		if joined, err := Join(size, indexes, hashes, paths); err != nil || !slices.Equal(joined, p) {
			t.Fatalf("Join of %v of %d: %v", indexes, size, err)
		}
		for name, err := range map[string]error{
			"longer proof": VerifyMulti(shown, size, append(p, Hash{}), root),
			"other root":   VerifyMulti(shown, size, p, Hash{}),
			"no leaves":    VerifyMulti(nil, size, []Hash{root}, root),
			"doubled leaf": VerifyMulti(append(shown, shown[len(shown)-1]), size, p, root),
		} {
			if !errors.Is(err, ErrProof) {
				t.Fatalf("%s: %v, want %v", name, err, ErrProof)
			}
		}
		at := rapid.IntRange(0, len(shown)-1).Draw(t, "bent")
		shown[at].Hash[0] ^= 1
		if err := VerifyMulti(shown, size, p, root); !errors.Is(err, ErrProof) {
			t.Fatalf("bent leaf: %v, want %v", err, ErrProof)
		}
	})
}

func ExampleVerifyInclusion() {
	leaves := []Hash{LeafHash([]byte("request")), LeafHash([]byte("supply"))}
	root := Root(leaves)
	fmt.Println(VerifyInclusion(leaves[1], 1, 2, leaves[:1], root))
	fmt.Println(VerifyInclusion(leaves[0], 1, 2, leaves[:1], root))
	// Output:
	// <nil>
	// merkle: proof does not lead to the root
}

func BenchmarkBuilder(b *testing.B) {
	var t Builder
	for b.Loop() {
		t.Append(Hash{})
	}
}
