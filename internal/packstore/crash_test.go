package packstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"theriac/canon"
	"theriac/gs1"
)

// The test binary is also the other process of TestKilledWhileBuilding: it
// builds batches, one after another, in the store that this variable names.
const dirVar = "PACKSTORE_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(dirVar); dir != "" {
		fmt.Println(buildForever(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func buildForever(dir string) error {
	s, err := Open(dir)
	if err != nil {
		return err
	}
	s.limits = limits{chunk: 1024, piece: 4096}
	for i := byte(0); ; i++ {
		spec := testSpec(2 * blockSize)
		spec.ID = canon.Digest{i}
		progress := func(done, _ uint64) { fmt.Println(i, done) }
		b, err := s.Build(context.Background(), spec, progress)
		if err != nil {
			return err
		}
		if err := b.Close(); err != nil {
			return err
		}
	}
}

// A process is killed while it builds. Whatever moment that hits, every batch is
// there whole or not at all, and the next to open the store clears up.
func TestKilledWhileBuilding(t *testing.T) {
	for lines := 1; lines < 2000; lines += 331 {
		dir := t.TempDir()
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), dirVar+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		in := bufio.NewScanner(out)
		for n := 0; n < lines && in.Scan(); n++ {
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait() // it was killed
		s := openTest(t, dir)
		batches := 0
		for i := range 256 {
			id := canon.Digest{byte(i)}
			b, err := s.Batch(id, testSpec(1).Secret)
			if errors.Is(err, ErrNotFound) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := b.Check(t.Context(), nil); err != nil {
				t.Error(err)
			}
			b.Close()
			batches++
		}
		checkFolder(t, s, batches)
		if lines > 300 && batches == 0 {
			t.Error("the process did not get to finish a batch")
		}
	}
}

// The states that a crash can leave, made by hand. Open clears them away, but
// not while another has the store open, whose build it may be.
func TestInterruptedBuild(t *testing.T) {
	for name, files := range map[string][]string{
		"nothing yet":       nil,
		"spooling":          {"spool"},
		"written":           {serialsFile, nodesFile},
		"ready to be named": {serialsFile, nodesFile, metaFile},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := openTest(t, dir)
			b := build(t, s, testSpec(40))
			tmp, err := s.newFolder()
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				if err := os.WriteFile(filepath.Join(tmp, f), []byte("half"), fileMode); err != nil {
					t.Fatal(err)
				}
			}
			other := openTest(t, dir)
			if _, err := os.Stat(tmp); err != nil {
				t.Errorf("swept while the store is open: %v", err)
			}
			if err := errors.Join(s.Close(), other.Close()); err != nil {
				t.Fatal(err)
			}
			checkFolder(t, openTest(t, dir), 1)
			if err := b.Check(t.Context(), nil); err != nil {
				t.Error(err)
			}
		})
	}
}

// A build that is cancelled, at whatever step, leaves nothing, and the same
// batch can be built after that.
func TestCancel(t *testing.T) {
	s := openTest(t, t.TempDir())
	s.limits = limits{chunk: 1024, piece: 4096}
	spec := testSpec(3 * blockSize)
	for cancelAt := 1; ; cancelAt += 29 {
		ctx, cancel := context.WithCancel(t.Context())
		calls, named := 0, false
		b, err := s.Build(ctx, spec, func(done, total uint64) {
			if calls++; calls == cancelAt {
				cancel()
				named = done == total
			}
		})
		cancel()
		if err == nil {
			b.Close()
			if calls >= cancelAt && !named {
				t.Errorf("cancelled at report %d of %d, Build = nil", cancelAt, calls)
			}
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("Build = %v, want %v", err, context.Canceled)
		}
		checkFolder(t, s, 0)
	}
	checkFolder(t, s, 1)
}

// A check stops when its context does.
func TestCancelledCheck(t *testing.T) {
	b := build(t, openTest(t, t.TempDir()), testSpec(10*stretch))
	ctx, cancel := context.WithCancel(t.Context())
	err := b.Check(ctx, func(done, _ uint64) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Check = %v, want %v", err, context.Canceled)
	}
	var steps []uint64
	if err := b.Check(t.Context(), func(done, _ uint64) { steps = append(steps, done) }); err != nil {
		t.Fatal(err)
	}
	if !slices.IsSorted(steps) || steps[len(steps)-1] != 10*stretch {
		t.Errorf("Check went through %v", steps)
	}
}

// Progress rises through all phases and is complete exactly at the end.
func TestProgress(t *testing.T) {
	for _, known := range []bool{true, false} {
		s := openTest(t, t.TempDir())
		spec := testSpec(5*blockSize + 3)
		want := spec.Size
		if !known {
			made := build(t, openTest(t, t.TempDir()), spec)
			var serials []gs1.Serial
			for p := range made.Packs(0, want) {
				serials = append(serials, p.Serial)
			}
			spec.Size, spec.Serials = 0, given(serials)
		}
		var done, total []uint64
		b, err := s.Build(t.Context(), spec, func(d, of uint64) { done, total = append(done, d), append(total, of) })
		if err != nil {
			t.Fatal(err)
		}
		b.Close()
		end := len(done) - 1
		for i := range done {
			if i > 0 && done[i] <= done[i-1] {
				t.Errorf("step %d after %d", done[i], done[i-1])
			}
			if total[i] != 2*want+1 && (known || total[i] != 0 || done[i] > want) {
				t.Errorf("total %d at step %d", total[i], done[i])
			}
			if (done[i] == total[i]) != (i == end) {
				t.Errorf("report %d of %d says %d of %d", i, end, done[i], total[i])
			}
		}
	}
}

// The memory of a build does not depend on the size of the batch.
func TestMemory(t *testing.T) {
	const bound = 64 << 20
	for _, size := range []uint64{100_000, million} {
		s := openTest(t, t.TempDir())
		runtime.GC()
		var before, now runtime.MemStats
		runtime.ReadMemStats(&before)
		peak, calls := uint64(0), 0
		b, err := s.Build(t.Context(), testSpec(size), func(uint64, uint64) {
			if calls++; calls%8 == 0 {
				runtime.ReadMemStats(&now)
				peak = max(peak, now.HeapInuse)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		b.Close()
		peak -= min(peak, before.HeapInuse)
		t.Logf("%d packs: %.1f MB", size, float64(peak)/1e6)
		if peak > bound {
			t.Errorf("%d packs: %d bytes of heap, want at most %d", size, peak, bound)
		}
	}
}

// A spool gives every chain back, and writes again where it has given back: the
// file is as large as the most that was ever in it.
func TestSpoolAgainstMemory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "spool")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		s, err := newSpool(dir, 64)
		if err != nil {
			t.Fatal(err)
		}
		defer s.close()
		last := map[int]chunk{}
		model := map[int][]string{}
		held, most := 0, 0
		t.Repeat(map[string]func(*rapid.T){
			"write": func(t *rapid.T) {
				k := rapid.IntRange(0, 3).Draw(t, "chain")
				b := rapid.SliceOfN(rapid.Byte(), 0, s.capacity()).Draw(t, "bytes")
				if last[k], err = s.write(b, last[k]); err != nil {
					t.Fatal(err)
				}
				model[k] = append(model[k], string(b))
				held++
				most = max(most, held)
			},
			"drain": func(t *rapid.T) {
				k := rapid.IntRange(0, 3).Draw(t, "chain")
				if last[k] == none {
					t.Skip()
				}
				var got []string
				if err := s.drain(last[k], func(b []byte) error { got = append(got, string(b)); return nil }); err != nil {
					t.Fatal(err)
				}
				slices.Reverse(got)
				if !slices.Equal(got, model[k]) {
					t.Fatalf("chain %d = %q, want %q", k, got, model[k])
				}
				held -= len(model[k])
				delete(last, k)
				delete(model, k)
			},
			"": func(t *rapid.T) {
				if int(s.size) != most {
					t.Fatalf("%d chunks in the file, want %d", s.size, most)
				}
			},
		})
	})
}
