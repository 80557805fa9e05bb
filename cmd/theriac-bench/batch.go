package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync"
	"time"

	"theriac/chain"
	"theriac/gs1"
	"theriac/internal/packstore"
	"theriac/merkle"
	"theriac/pedigree"
)

type batchCmd struct {
	Packs  uint64   `help:"Packs of the batch whose commitment is timed." default:"1000000"`
	Memory []uint64 `help:"Packs of the batches whose peak heap is measured." default:"100000,1000000,10000000"`
}

// Help implements kong.HelpProvider.
func (batchCmd) Help() string {
	return `A batch is built as a manufacturer builds it: serial numbers are made, hashed, sorted and
written safely to disk with what proofs need. The anchor takes the same serial numbers, in
memory and in the order of the tree, and computes the same leaves and root on all cores.

  theriac-bench batch
  theriac-bench --dir /var/tmp batch --packs 100000 --memory 100000,1000000`
}

// A works is a pack store with batches to build.
type works struct {
	dir   string
	store *packstore.Store
	built int
}

func (c *batchCmd) bench(ctx context.Context, b bench) (results []result, err error) {
	w := &works{}
	if w.dir, err = os.MkdirTemp(b.dir, "theriac-bench-"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(w.dir)) }()
	if w.store, err = packstore.Open(w.dir + "/packs"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.store.Close()) }()
	times, err := c.times(ctx, b, w)
	if err != nil {
		return nil, err
	}
	proofs, err := c.proofs(ctx, b, w)
	if err != nil {
		return nil, err
	}
	heaps, err := c.heaps(ctx, b, w)
	return slices.Concat(times, proofs, heaps), err
}

// build builds a batch, and the next time another.
func (w *works) build(ctx context.Context, size uint64, progress func(done, total uint64)) (*packstore.Batch, packstore.Spec, error) {
	w.built++
	s := packstore.Spec{GTIN: "09521141200018", Lot: gs1.Lot(fmt.Sprintf("B%d", w.built)), Expiry: "2030-01-31", Size: size}
	s.ID = chain.BatchID(benchGLN, s.GTIN, s.Lot)
	s.Secret = pedigree.NewBatchSecret([]byte("theriac-bench"), s.ID)
	batch, err := w.store.Build(ctx, s, progress)
	return batch, s, err
}

// times compares Build with its hashes.
func (c *batchCmd) times(ctx context.Context, b bench, w *works) ([]result, error) {
	batch, spec, err := w.build(ctx, c.Packs, nil)
	if err != nil {
		return nil, err
	}
	serials := make([]gs1.Serial, 0, c.Packs)
	for p, err := range batch.Packs(0, c.Packs) {
		if err != nil {
			return nil, err
		}
		serials = append(serials, p.Serial)
	}
	root := batch.Facts().Root
	if err := errors.Join(batch.Close(), w.store.Remove(spec.ID)); err != nil {
		return nil, err
	}
	bare := func(workers int) func() (float64, error) {
		return timed(func() error {
			if bareRoot(&spec, serials, workers) != root {
				return errors.New("the bare hashes lead to another root")
			}
			return nil
		})
	}
	all, err := interleave(ctx, b.or(5),
		func() (float64, error) {
			b.progress("batch: building %d packs", c.Packs)
			runtime.GC()
			begin := time.Now()
			built, s, err := w.build(ctx, c.Packs, nil)
			took := time.Since(begin)
			if err != nil {
				return 0, err
			}
			return took.Seconds() * 1e6, errors.Join(built.Close(), w.store.Remove(s.ID))
		},
		bare(runtime.GOMAXPROCS(0)), bare(1))
	if err != nil {
		return nil, err
	}
	for i := range all {
		for j := range all[i] {
			all[i][j] /= 1e3
		}
	}
	name := fmt.Sprintf("commit to %d packs", c.Packs)
	return []result{
		newResult(name, "ms", all[0], fmt.Sprintf("the bare hashes on %d cores", runtime.GOMAXPROCS(0)), all[1]),
		newResult(name, "ms", all[0], "the bare hashes on 1 core", all[2]),
	}, nil
}

// chunk is how many leaves are hashed at once; a power of two, so that the root
// over them is a node of the tree.
const chunk = 4096

// bareRoot computes salts, leaves and tree of serial numbers in the order of their leaves.
func bareRoot(s *packstore.Spec, serials []gs1.Serial, workers int) merkle.Hash {
	nodes := make([]merkle.Hash, (len(serials)+chunk-1)/chunk)
	var group sync.WaitGroup
	for w := range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := w; i < len(nodes); i += workers {
				var tree merkle.Builder
				for _, serial := range serials[i*chunk : min(len(serials), (i+1)*chunk)] {
					p := pedigree.Pack{GTIN: s.GTIN, Lot: s.Lot, Expiry: s.Expiry, Serial: serial, Salt: s.Secret.Salt(string(serial))}
					tree.Append(p.Leaf())
				}
				nodes[i] = tree.Root()
			}
		}()
	}
	group.Wait()
	return merkle.Root(nodes)
}

// heaps builds batches of several sizes and looks at the heap meanwhile.
func (c *batchCmd) heaps(ctx context.Context, b bench, w *works) ([]result, error) {
	var out []result
	var first series
	for _, size := range c.Memory {
		var peaks series
		for range min(3, b.or(3)) {
			b.progress("batch: peak heap of %d packs", size)
			peak, err := peakHeap(func() error {
				built, s, err := w.build(ctx, size, nil)
				if err != nil {
					return err
				}
				return errors.Join(built.Close(), w.store.Remove(s.ID))
			})
			if err != nil {
				return nil, err
			}
			peaks = append(peaks, peak/1e6)
		}
		if first == nil {
			first = peaks
		}
		out = append(out, newResult(fmt.Sprintf("peak heap while committing to %d packs", size), "MB", peaks,
			fmt.Sprintf("that of %d packs", c.Memory[0]), first))
	}
	return out, nil
}

// peakHeap returns by how many bytes the heap grows at most while do runs, garbage
// included.
func peakHeap(do func() error) (float64, error) {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	before, peak := sample[0].Value.Uint64(), uint64(0)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			metrics.Read(sample)
			peak = max(peak, sample[0].Value.Uint64())
			select {
			case <-stop:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	err := do()
	close(stop)
	<-done
	return float64(peak) - float64(before), err
}

// proofs measures inclusion proofs of random packs, beside their verification.
func (c *batchCmd) proofs(ctx context.Context, b bench, w *works) ([]result, error) {
	batch, spec, err := w.build(ctx, c.Packs, nil)
	if err != nil {
		return nil, err
	}
	var (
		path  []merkle.Hash
		leaf  merkle.Hash
		index uint64
	)
	all, err := interleave(ctx, 20*b.or(100),
		func() (float64, error) {
			index = rand.Uint64N(c.Packs)
			pack, err := batch.Pack(index)
			if err != nil {
				return 0, err
			}
			leaf = pack.Leaf()
			return timed(func() (err error) { path, err = batch.Prove(index); return err })()
		},
		timed(func() error {
			if path == nil {
				return nil // the backward rounds begin here
			}
			return merkle.VerifyInclusion(leaf, index, c.Packs, path, batch.Facts().Root)
		}))
	if err != nil {
		return nil, err
	}
	b.progress("batch: 99 %% of the proofs take at most %.0f µs", all[0].quantile(0.99))
	out := []result{newResult(fmt.Sprintf("inclusion proof among %d packs", c.Packs), "µs", all[0], "verification of the proof", all[1])}
	return out, errors.Join(batch.Close(), w.store.Remove(spec.ID))
}
