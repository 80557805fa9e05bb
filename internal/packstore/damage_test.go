package packstore

import (
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"theriac/canon"
	"theriac/merkle"
	"theriac/pedigree"
)

// checkHonest fails if any answer of a batch whose files were changed is wrong:
// it is right, or an error that is ErrCorrupt.
func checkHonest(t *testing.T, b *Batch, packs []pedigree.Pack) {
	t.Helper()
	refused := func(err error) bool {
		if err != nil && !errors.Is(err, ErrCorrupt) {
			t.Errorf("%v, want %v", err, ErrCorrupt)
		}
		return err != nil
	}
	f := b.Facts()
	for i, want := range packs {
		index := uint64(i)
		if got, err := b.Pack(index); !refused(err) && got != want {
			t.Errorf("Pack(%d) = %v, want %v", i, got, want)
		}
		if at, got, err := b.Find(want.Serial); !refused(err) && (at != index || got != want) {
			t.Errorf("Find = %d, %v, want %d, %v", at, got, i, want)
		}
		path, err := b.Prove(index)
		if !refused(err) && merkle.VerifyInclusion(want.Leaf(), index, f.Size, path, f.Root) != nil {
			t.Errorf("Prove(%d) does not verify", i)
		}
		shown, _, err := b.ProveMulti([]uint64{index})
		if !refused(err) && shown[0] != want {
			t.Errorf("ProveMulti([%d]) gives another pack", i)
		}
	}
	n := 0
	for got, err := range b.Packs(0, f.Size) {
		if !refused(err) && got != packs[n] {
			t.Errorf("Packs gives %v, want %v", got, packs[n])
		}
		n++
	}
	if err := b.Check(t.Context(), nil); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Check = %v, want %v", err, ErrCorrupt)
	}
}

// damagedBatch builds a batch of 77 packs: two whole tiles and a short one.
func damagedBatch(t *testing.T) (*Store, Spec, []pedigree.Pack) {
	t.Helper()
	s := openTest(t, t.TempDir())
	spec := testSpec(77)
	var packs []pedigree.Pack
	for p, err := range build(t, s, spec).Packs(0, 77) {
		if err != nil {
			t.Fatal(err)
		}
		packs = append(packs, p)
	}
	return s, spec, packs
}

// Bit rot: with one bit flipped, anywhere in a batch, it does not open, or what
// it says is right or ErrCorrupt.
func TestFlippedBits(t *testing.T) {
	s, spec, packs := damagedBatch(t)
	for _, name := range []string{serialsFile, nodesFile, metaFile} {
		path := filepath.Join(s.folder(spec.ID), name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		step := 1
		if name == serialsFile {
			step = 13
		}
		for i := 0; i < len(whole); i += step {
			bad := slices.Clone(whole)
			bad[i] ^= 1 << (i % 8)
			if err := os.WriteFile(path, bad, fileMode); err != nil {
				t.Fatal(err)
			}
			b, err := s.Batch(spec.ID, spec.Secret)
			if err == nil {
				checkHonest(t, b, packs)
				b.Close()
			} else if !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s, byte %d: Batch = %v, want %v", name, i, err, ErrCorrupt)
			}
		}
		if err := os.WriteFile(path, whole, fileMode); err != nil {
			t.Fatal(err)
		}
	}
	b, err := s.Batch(spec.ID, spec.Secret)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.Check(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// A file that is missing, too short or too long is seen when the batch is opened.
func TestTruncatedFiles(t *testing.T) {
	for _, name := range []string{serialsFile, nodesFile, metaFile} {
		for change, do := range map[string]func(path string, size int64) error{
			"removed": func(path string, _ int64) error { return os.Remove(path) },
			"empty":   func(path string, _ int64) error { return os.Truncate(path, 0) },
			"shorter": func(path string, size int64) error { return os.Truncate(path, size-1) },
			"longer":  func(path string, size int64) error { return os.Truncate(path, size+1) },
		} {
			s, spec, _ := damagedBatch(t)
			path := filepath.Join(s.folder(spec.ID), name)
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := do(path, info.Size()); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Batch(spec.ID, spec.Secret); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s %s: Batch = %v, want %v", name, change, err, ErrCorrupt)
			}
		}
	}
}

// Files that are cut while the batch is open yield ErrCorrupt as well.
func TestTruncatedWhileOpen(t *testing.T) {
	for _, name := range []string{serialsFile, nodesFile} {
		s, spec, packs := damagedBatch(t)
		b, err := s.Batch(spec.ID, spec.Secret)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		if err := os.Truncate(filepath.Join(s.folder(spec.ID), name), 5); err != nil {
			t.Fatal(err)
		}
		checkHonest(t, b, packs)
	}
}

// A batch under the name of another is not that other.
func TestRenamedFolder(t *testing.T) {
	s, spec, _ := damagedBatch(t)
	other := canon.Digest{1}
	if err := os.Rename(s.folder(spec.ID), filepath.Join(s.dir, hex.EncodeToString(other[:]))); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Batch(other, spec.Secret); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Batch = %v, want %v", err, ErrCorrupt)
	}
}

// A tree over leaves that do not rise, made by who knows the secret, opens: only
// Check reads it all.
func TestUnorderedLeaves(t *testing.T) {
	for _, swap := range [][2]int{{0, 1}, {stretch - 1, stretch}} {
		s := openTest(t, t.TempDir())
		spec := testSpec(stretch + tileSize)
		path := filepath.Join(s.folder(spec.ID), serialsFile)
		m := build(t, s, spec).meta
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var serials [][]byte
		for c := range slices.Chunk(raw, int(m.Width)) {
			serials = append(serials, c)
		}
		serials[swap[0]], serials[swap[1]] = serials[swap[1]], serials[swap[0]]
		if err := os.WriteFile(path, slices.Concat(serials...), fileMode); err != nil {
			t.Fatal(err)
		}
		rewriteTree(t, s, m, spec)
		b, err := s.Batch(spec.ID, spec.Secret)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		if err := b.Check(t.Context(), nil); !errors.Is(err, ErrCorrupt) {
			t.Errorf("leaves %v swapped: Check = %v, want %v", swap, err, ErrCorrupt)
		}
	}
}

// rewriteTree writes the tree and the record anew, over the leaves as they stand.
func rewriteTree(t *testing.T, s *Store, m meta, spec Spec) {
	t.Helper()
	dir := s.folder(spec.ID)
	b := &Batch{meta: m, secret: spec.Secret}
	if err := b.openFiles(dir); err != nil {
		t.Fatal(err)
	}
	packs, err := b.read(0, m.Facts.Size)
	if err != nil {
		t.Fatal(err)
	}
	b.Close()
	var nodes []byte
	var leaves []merkle.Hash
	for _, p := range packs {
		leaves = append(leaves, p.Leaf())
	}
	var join joiner
	join.tree.Stored = func(h merkle.Hash) { nodes = append(nodes, h[:]...) }
	join.add(newSpan(0, leaves))
	m.Facts.Root = merkle.Root(leaves)
	raw, err := canon.CBOR(m)
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{nodesFile: nodes, metaFile: raw} {
		if err := os.WriteFile(filepath.Join(dir, name), raw, fileMode); err != nil {
			t.Fatal(err)
		}
	}
}

func FuzzMeta(f *testing.F) {
	spec := testSpec(1)
	seed := meta{Version: version, Width: 16, Mark: mark(spec.Secret), Facts: Facts{
		ID: spec.ID, GTIN: spec.GTIN, Lot: spec.Lot, Expiry: spec.Expiry, Size: 1000,
	}}
	raw, err := canon.CBOR(seed)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add(raw[:len(raw)-1])
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := decodeMeta(raw)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Errorf("decodeMeta = %v, want %v", err, ErrCorrupt)
			}
			return
		}
		again, err := canon.CBOR(m)
		if err != nil || string(again) != string(raw) {
			t.Errorf("%x was accepted and is %x, %v", raw, again, err)
		}
	})
}

// A spool that does not give back what was written stops the build.
func TestDamagedSpool(t *testing.T) {
	for name, damage := range map[string]func(f *os.File) error{
		"cut":     func(f *os.File) error { return f.Truncate(100) },
		"flipped": func(f *os.File) error { _, err := f.WriteAt([]byte{0xff}, chunkHead+int64(leafSize)); return err },
	} {
		sp, err := newSpool(t.TempDir(), 256)
		if err != nil {
			t.Fatal(err)
		}
		defer sp.close()
		b := &bucket{spool: sp}
		record := append(make([]byte, leafSize), "\x03ABC"...)
		for range 30 {
			if err := b.add(record, 1); err != nil {
				t.Fatal(err)
			}
		}
		if err := damage(sp.file); err != nil {
			t.Fatal(err)
		}
		s := &sorter{width: 3}
		if _, err := s.sort(piece{bucket: b}); !errors.Is(err, errSpool) {
			t.Errorf("%s: sort = %v, want %v", name, err, errSpool)
		}
	}
	if _, err := (&sorter{}).sort(piece{bucket: &bucket{count: 1}}); !errors.Is(err, errSpool) {
		t.Errorf("a record missing: sort = %v, want %v", err, errSpool)
	}
}
