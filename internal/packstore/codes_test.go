package packstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"theriac/chain"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/merkle"
)

// marksOf returns the marks of a batch's codes, from the codes themselves.
func marksOf(t testing.TB, b *Batch, secret []byte) []merkle.Hash {
	t.Helper()
	var out []merkle.Hash
	for p, err := range b.Packs(0, b.Facts().Size) {
		if err != nil {
			t.Fatal(err)
		}
		pack := gs1.SGTIN{GTIN: p.GTIN, Serial: p.Serial}
		v, err := genuine.NewCode(secret, pack.Serial).Verification(pack)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, chain.MarkLeaf(v))
	}
	return out
}

// Every code of a batch, whatever its size, is under the root that a release names; the
// store gives the same after it was opened again, and makes it once.
func TestCodes(t *testing.T) {
	for _, size := range []uint64{1, 2, 31, 32, 33, 64, 100, stretch + 5} {
		dir := t.TempDir()
		s, spec := openTest(t, dir), testSpec(size)
		b := build(t, s, spec)
		if _, err := s.Codes(b); !errors.Is(err, ErrNotFound) {
			t.Fatalf("%d packs: codes before they are made: %v", size, err)
		}
		var steps []uint64
		made, err := s.MakeCodes(t.Context(), b, func(done, total uint64) {
			if steps = append(steps, done); total != size {
				t.Errorf("%d of %d", done, total)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		defer made.Close()
		if steps[len(steps)-1] != size {
			t.Errorf("%d packs: the progress was %d", size, steps)
		}
		checkFolder(t, s, 1)
		marks := marksOf(t, b, spec.Secret[:])
		if got, want := made.Root(), merkle.Root(marks); got != want {
			t.Fatalf("%d packs: root %x, want %x", size, got, want)
		}
		again, err := s.MakeCodes(t.Context(), b, func(uint64, uint64) { t.Error("they are made twice") })
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		for i := range size {
			if i > 40 && i < size-40 {
				continue
			}
			mark, path, err := again.Prove(i)
			if err != nil || mark != marks[i] {
				t.Fatalf("code %d of %d: %x, %v, want %x", i, size, mark, err, marks[i])
			}
			if err := merkle.VerifyInclusion(mark, i, size, path, made.Root()); err != nil {
				t.Errorf("code %d of %d: %v", i, size, err)
			}
		}
		if _, _, err := again.Prove(size); !errors.Is(err, ErrNotFound) {
			t.Errorf("beyond the last: %v", err)
		}
	}
}

// What is given up leaves nothing, and is made by the next who asks.
func TestCodesGivenUp(t *testing.T) {
	s := openTest(t, t.TempDir())
	b := build(t, s, testSpec(3*stretch))
	ctx, cancel := context.WithCancel(t.Context())
	if c, err := s.MakeCodes(ctx, b, func(uint64, uint64) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Fatalf("%v, %v", c, err)
	}
	checkFolder(t, s, 1)
	c, err := s.MakeCodes(t.Context(), b, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// A file that is not as it was written yields ErrCorrupt and never a wrong path.
func TestDamagedCodes(t *testing.T) {
	s, spec := openTest(t, t.TempDir()), testSpec(20*tileSize+3)
	b := build(t, s, spec)
	c, err := s.MakeCodes(t.Context(), b, nil)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(s.folder(spec.ID), codesFile)
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	honest, wrong := 0, 0
	for i := 0; i < len(good); i += leafSize {
		bent := append([]byte(nil), good...)
		bent[i+i%7] ^= 1
		if err := os.WriteFile(name, bent, fileMode); err != nil {
			t.Fatal(err)
		}
		if again, err := s.Codes(b); err == nil {
			err = errors.Join(err, again.Close())
			if err != nil {
				t.Error(err)
			}
		} else if !errors.Is(err, ErrCorrupt) {
			t.Errorf("byte %d: %v", i, err)
		}
		for k := uint64(0); k < spec.Size; k += 2*tileSize + 1 {
			if _, _, err := c.Prove(k); errors.Is(err, ErrCorrupt) {
				wrong++
			} else if err != nil {
				t.Errorf("byte %d, code %d: %v", i, k, err)
			} else {
				honest++
			}
		}
	}
	if honest == 0 || wrong == 0 {
		t.Errorf("%d good paths and %d refused: nothing was tried", honest, wrong)
	}
	if err := os.Truncate(name, int64(len(good)-1)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Codes(b); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a short file: %v", err)
	}
}

func BenchmarkMakeCodes(b *testing.B) {
	s := openTest(b, b.TempDir())
	batch := build(b, s, testSpec(100_000))
	for b.Loop() {
		if err := s.makeCodes(b.Context(), batch, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkProveCode(b *testing.B) {
	s := openTest(b, b.TempDir())
	batch := build(b, s, testSpec(1_000_000))
	c, err := s.MakeCodes(b.Context(), batch, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	b.Run("path", func(b *testing.B) {
		for i := uint64(0); b.Loop(); i += 7919 {
			if _, _, err := c.Prove(i % 1_000_000); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			again, err := s.Codes(batch)
			if err != nil {
				b.Fatal(err)
			}
			_ = again.Close()
		}
	})
}
