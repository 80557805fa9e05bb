package organisation

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"pgregory.net/rapid"

	"theriac/canon"
	"theriac/gs1"
	"theriac/internal/supply"
	"theriac/merkle"
	"theriac/pedigree"
)

func specOf(n int, size uint64, serials ...gs1.Serial) supply.BatchSpec {
	return supply.BatchSpec{
		ID: canon.Sum(fmt.Appendf(nil, "batch %d", n)), GTIN: "09521141000014", Lot: gs1.Lot(fmt.Sprintf("L%d", n)), Expiry: "2029-03-31",
		Secret: pedigree.BatchSecret{byte(n)}, Size: size, Serials: serials,
	}
}

func storeOfPacks(t testing.TB) *packs {
	t.Helper()
	p := must(openPacks(filepath.Join(t.TempDir(), "packs")))(t)
	t.Cleanup(func() {
		if err := p.close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// checkBatch checks every pack of a batch as desks use them.
func checkBatch(t testing.TB, b supply.PackBatch, serials ...gs1.Serial) {
	t.Helper()
	root := merkle.Hash(b.Root())
	for i := range b.Size() {
		pack := must(b.Pack(i))(t)
		at, found, err := b.Find(pack.Serial)
		if err != nil || at != i || found != pack {
			t.Errorf("Find(%s) = %d, %v, %v, want %d", pack.Serial, at, found, err, i)
		}
		proof := must(b.Prove(i))(t)
		if err := merkle.VerifyInclusion(pack.Leaf(), i, b.Size(), proof, root); err != nil {
			t.Errorf("pack %d: %v", i, err)
		}
	}
	for _, s := range serials {
		if _, _, err := b.Find(s); err != nil {
			t.Errorf("Find(%s) = %v", s, err)
		}
	}
}

// What the store does not have, desks know as unknown, and only that.
func TestPacksUnknown(t *testing.T) {
	p := storeOfPacks(t)
	spec := specOf(1, 0, "A1", "B2", "C3")
	if _, err := p.Open(spec.ID, spec.Secret); !errors.Is(err, supply.ErrUnknown) {
		t.Errorf("Open = %v, want ErrUnknown", err)
	}
	b := must(p.Build(t.Context(), spec, nil))(t)
	if b.Size() != 3 {
		t.Errorf("%d packs, want 3", b.Size())
	}
	checkBatch(t, b, spec.Serials...)
	if _, _, err := b.Find("D4"); !errors.Is(err, supply.ErrUnknown) {
		t.Errorf("Find = %v, want ErrUnknown", err)
	}
	for _, i := range []uint64{3, 4, math.MaxUint64} {
		if _, err := b.Pack(i); !errors.Is(err, supply.ErrUnknown) {
			t.Errorf("Pack(%d) = %v, want ErrUnknown", i, err)
		}
		if _, err := b.Prove(i); !errors.Is(err, supply.ErrUnknown) {
			t.Errorf("Prove(%d) = %v, want ErrUnknown", i, err)
		}
	}
	if err := p.Remove(spec.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Open(spec.ID, spec.Secret); !errors.Is(err, supply.ErrUnknown) {
		t.Errorf("Open after Remove = %v, want ErrUnknown", err)
	}
	if err := p.Remove(spec.ID); err != nil {
		t.Errorf("Remove again = %v", err)
	}
	// Another secret is a mistake of ours, and damage is damage.
	spec = specOf(2, 10)
	must(p.Build(t.Context(), spec, nil))(t)
	p.open.Purge()
	if _, err := p.Open(spec.ID, pedigree.BatchSecret{9}); err == nil || errors.Is(err, supply.ErrUnknown) {
		t.Errorf("Open with another secret = %v", err)
	}
}

// Progress counts packs, never backwards, from the store's steps to all of them.
func TestPacksProgress(t *testing.T) {
	p := storeOfPacks(t)
	for n, spec := range []supply.BatchSpec{specOf(0, 1), specOf(1, 5000), specOf(2, 0, "A1", "B2")} {
		want := spec.Size + uint64(len(spec.Serials))
		var last, calls uint64
		must(p.Build(t.Context(), spec, func(done, total uint64) {
			if done < last || done > want || total != want {
				t.Errorf("batch %d: progress %d of %d after %d, want up to %d", n, done, total, last, want)
			}
			last, calls = done, calls+1
		}))(t)
		if last != want || calls == 0 {
			t.Errorf("batch %d: progress ended at %d of %d, after %d calls", n, last, want, calls)
		}
	}
}

func TestScale(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total, size := rapid.Uint64().Draw(t, "total"), rapid.Uint64().Draw(t, "size")
		a, b := rapid.Uint64().Draw(t, "a"), rapid.Uint64().Draw(t, "b")
		if a > b {
			a, b = b, a
		}
		if x, y := scale(a, total, size), scale(b, total, size); x > y || y > size {
			t.Errorf("%d, then %d of %d", x, y, size)
		}
		if total > 0 && scale(total, total, size) != size {
			t.Error("all of the work is not all packs")
		}
	})
}

// A batch that others push out while somebody reads it is read to the end, and its
// files close when nobody has it any more.
func TestPacksPushedOut(t *testing.T) {
	p := storeOfPacks(t)
	spec := specOf(1000, 20)
	held := must(p.Build(t.Context(), spec, nil))(t)
	for n := range openBatches + 5 {
		must(p.Build(t.Context(), specOf(n, 1), nil))(t)
	}
	if p.open.Contains(spec.ID) || p.open.Len() != openBatches {
		t.Fatalf("%d batches are open, among them the first: %t", p.open.Len(), p.open.Contains(spec.ID))
	}
	runtime.GC()
	checkBatch(t, held)
	again := must(p.Open(spec.ID, spec.Secret))(t)
	if again.Root() != held.Root() {
		t.Error("another batch")
	}
	checkBatch(t, again)
	runtime.KeepAlive(held)
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Log("SKIPPED: files that close by themselves, for there is no /proc")
		return
	}
	before := openFiles(t)
	for range 3 {
		for n := range openBatches + 5 {
			must(p.Open(specOf(n, 1).ID, specOf(n, 1).Secret))(t)
		}
	}
	until(t, "files of batches that nobody has are closed", func() bool {
		runtime.GC()
		return openFiles(t) <= before
	})
}

func openFiles(t testing.TB) int {
	t.Helper()
	return len(must(os.ReadDir("/proc/self/fd"))(t))
}
