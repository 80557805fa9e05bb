package packstore

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"theriac/canon"
	"theriac/chain"
	"theriac/gs1"
	"theriac/pedigree"
)

func openTest(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func testSpec(size uint64) Spec {
	id := chain.BatchID("9506000134352", "09506000134352", "LOT12345")
	return Spec{
		ID: id, GTIN: "09506000134352", Lot: "LOT12345", Expiry: "2027-03-31", Size: size,
		Secret: pedigree.NewBatchSecret([]byte("of the manufacturer"), id),
	}
}

func given(serials []gs1.Serial) iter.Seq2[gs1.Serial, error] {
	return func(yield func(gs1.Serial, error) bool) {
		for _, s := range serials {
			if !yield(s, nil) {
				return
			}
		}
	}
}

// build builds a batch that the test closes.
func build(t testing.TB, s *Store, spec Spec) *Batch {
	t.Helper()
	b, err := s.Build(t.Context(), spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// checkFolder fails unless the store's folder holds this many batches and
// nothing else.
func checkFolder(t testing.TB, s *Store, batches int) {
	t.Helper()
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tmpPrefix) {
			t.Errorf("%s is left over", e.Name())
		}
	}
	if len(entries) != batches {
		t.Errorf("the folder has %d entries, want %d", len(entries), batches)
	}
}

// Serial numbers that the store makes are distinct, of 16 characters that people
// do not mix up, and there are as many as asked for.
func TestMadeSerials(t *testing.T) {
	for _, size := range []uint64{1, 31, 32, 33, blockSize, 3*blockSize + 17} {
		s := openTest(t, t.TempDir())
		spec := testSpec(size)
		b := build(t, s, spec)
		checkFolder(t, s, 1)
		seen := map[gs1.Serial]bool{}
		var serials []gs1.Serial
		for p, err := range b.Packs(0, size) {
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Serial.Check(); err != nil || len(p.Serial) != 16 || strings.ContainsAny(string(p.Serial), "ILOU") {
				t.Errorf("serial %q: %v", p.Serial, err)
			}
			seen[p.Serial] = true
			serials = append(serials, p.Serial)
		}
		if uint64(len(seen)) != size {
			t.Errorf("%d distinct serial numbers, want %d", len(seen), size)
		}
		if got, want := b.Facts().Root, newNaive(spec, serials).root(); got != want {
			t.Errorf("root %x, want %x", got, want)
		}
	}
}

// What cannot be built is refused by name, and nothing of it is left.
func TestRefusals(t *testing.T) {
	broken := errors.New("the line is cut")
	many := make([]gs1.Serial, 3*blockSize)
	for i := range many {
		many[i] = gs1.Serial(fmt.Sprint("S", i))
	}
	twice := slices.Clone(many)
	twice[len(twice)-1] = twice[5]
	for name, tt := range map[string]struct {
		change func(*Spec)
		want   error
		text   string
	}{
		"no packs":         {func(s *Spec) { s.Size = 0 }, ErrSpec, ""},
		"too many packs":   {func(s *Spec) { s.Size = 1<<32 + 1 }, ErrSpec, ""},
		"GTIN":             {func(s *Spec) { s.GTIN = "09506000134353" }, gs1.ErrCheckDigit, ""},
		"lot":              {func(s *Spec) { s.Lot = "" }, gs1.ErrLength, ""},
		"expiry":           {func(s *Spec) { s.Expiry = "2027-02-30" }, ErrSpec, ""},
		"no serials came":  {func(s *Spec) { s.Size, s.Serials = 0, given(nil) }, ErrSpec, ""},
		"too few came":     {func(s *Spec) { s.Serials = given(many[:5]) }, ErrSpec, "5 serial numbers"},
		"too many came":    {func(s *Spec) { s.Serials = given(many[:11]) }, ErrSpec, "over 10"},
		"duplicate":        {func(s *Spec) { s.Size, s.Serials = 0, given(twice) }, ErrDuplicate, `"S5"`},
		"neighbours equal": {func(s *Spec) { s.Size, s.Serials = 2, given([]gs1.Serial{"A", "A"}) }, ErrDuplicate, `"A"`},
		"empty serial":     {func(s *Spec) { s.Size, s.Serials = 0, given([]gs1.Serial{"A", ""}) }, gs1.ErrLength, "serial number 2"},
		"long serial":      {func(s *Spec) { s.Serials = given([]gs1.Serial{"123456789012345678901"}) }, gs1.ErrLength, "serial number 1"},
		"strange serial": {
			func(s *Spec) { s.Size, s.Serials = 0, given(append(slices.Clone(many), "a b")) },
			gs1.ErrCharacter, fmt.Sprint("serial number ", len(many)+1),
		},
		"source fails": {func(s *Spec) {
			s.Size, s.Serials = 0, func(yield func(gs1.Serial, error) bool) {
				_ = yield("A", nil) && yield("", broken)
			}
		}, broken, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := openTest(t, t.TempDir())
			spec := testSpec(10)
			tt.change(&spec)
			_, err := s.Build(t.Context(), spec, nil)
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("Build = %v, want %v with %q", err, tt.want, tt.text)
			}
			checkFolder(t, s, 0)
		})
	}
}

// Attack: a file of one serial number over and over, more than is ever sorted
// at once. No byte of their leaves tells them apart.
func TestFloodOfOneSerial(t *testing.T) {
	s := openTest(t, t.TempDir())
	s.limits = limits{chunk: 1024, piece: 1024}
	spec := testSpec(0)
	spec.Serials = func(yield func(gs1.Serial, error) bool) {
		for range 5000 {
			if !yield("AGAIN", nil) {
				return
			}
		}
	}
	_, err := s.Build(t.Context(), spec, nil)
	if !errors.Is(err, ErrDuplicate) || !strings.Contains(err.Error(), "AGAIN") {
		t.Errorf("Build = %v, want %v", err, ErrDuplicate)
	}
	checkFolder(t, s, 0)
}

func TestUnknownBatch(t *testing.T) {
	s := openTest(t, t.TempDir())
	if _, err := s.Batch(canon.Digest{1}, pedigree.BatchSecret{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("Batch = %v, want %v", err, ErrNotFound)
	}
}

func TestWrongSecret(t *testing.T) {
	s := openTest(t, t.TempDir())
	spec := testSpec(100)
	build(t, s, spec)
	if _, err := s.Batch(spec.ID, pedigree.BatchSecret{1}); !errors.Is(err, ErrSecret) {
		t.Errorf("Batch = %v, want %v", err, ErrSecret)
	}
}

// Attack: a log line that prints a batch or what to build shows the secret.
func TestSecretIsNotPrinted(t *testing.T) {
	spec := testSpec(1)
	b := build(t, openTest(t, t.TempDir()), spec)
	secret := fmt.Sprint(spec.Secret[:])
	for _, v := range []any{b, spec} {
		for _, verb := range []string{"%v", "%+v", "%s"} {
			if got := fmt.Sprintf(verb, v); strings.Contains(got, secret[1:len(secret)-1]) {
				t.Errorf("%s of %T prints the secret: %s", verb, v, got)
			}
		}
	}
}

// Of two builds of one batch one wins, also at the same time.
func TestOneBuildWins(t *testing.T) {
	s := openTest(t, t.TempDir())
	var mu sync.Mutex
	var wg sync.WaitGroup
	won := 0
	for range 6 {
		wg.Go(func() {
			b, err := s.Build(t.Context(), testSpec(500), nil)
			if errors.Is(err, ErrExists) {
				return
			}
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			won++
			b.Close()
		})
	}
	wg.Wait()
	if won != 1 {
		t.Errorf("%d builds won, want 1", won)
	}
	checkFolder(t, s, 1)
	if _, err := s.Build(t.Context(), testSpec(500), nil); !errors.Is(err, ErrExists) {
		t.Errorf("Build = %v, want %v", err, ErrExists)
	}
}

// Many read one batch at the same time.
func TestConcurrentReads(t *testing.T) {
	b := build(t, openTest(t, t.TempDir()), testSpec(1000))
	var wg sync.WaitGroup
	for w := range uint64(8) {
		wg.Go(func() {
			for i := w; i < 1000; i += 37 {
				p, err := b.Pack(i)
				if err != nil {
					t.Error(err)
					return
				}
				if at, _, err := b.Find(p.Serial); err != nil || at != i {
					t.Errorf("Find = %d, %v, want %d", at, err, i)
				}
				if _, _, err := b.ProveMulti([]uint64{i / 2, i/2 + 1}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
