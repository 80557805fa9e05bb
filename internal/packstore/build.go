package packstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"sync"

	"theriac/canon"
	"theriac/gs1"
	"theriac/internal/ledger"
	"theriac/merkle"
	"theriac/pedigree"
)

// A Spec is the batch to build.
type Spec struct {
	ID     canon.Digest // chain.BatchID
	GTIN   gs1.GTIN
	Lot    gs1.Lot
	Expiry string // YYYY-MM-DD
	Secret pedigree.BatchSecret

	// Size is the number of packs. With Serials it may be zero: as many as come.
	Size uint64
	// Serials gives the serial numbers, in any order. If it is nil, they are made.
	// Another goroutine runs it, and a build that is cancelled waits until it
	// gives one more.
	Serials iter.Seq2[gs1.Serial, error]
}

// check returns ErrSpec for a batch that the ledger would not have.
func (s *Spec) check() error {
	f := Facts{GTIN: s.GTIN, Lot: s.Lot, Expiry: s.Expiry, Size: s.Size}
	if s.Serials != nil && s.Size == 0 {
		f.Size = 1
	}
	if err := f.check(); err != nil {
		return fmt.Errorf("%w: %w", ErrSpec, err)
	}
	return nil
}

// Build makes a batch and returns it when it is safely on the disk, or ErrSpec,
// ErrExists, ErrDuplicate, what Serials failed with, or the context's error; then
// nothing of it is left. Unless nil, progress is called from time to time, by one
// goroutine at a time, with rising done; total is 0 while Size is unknown, and
// done equals total once, at the end.
func (s *Store) Build(ctx context.Context, spec Spec, progress func(done, total uint64)) (*Batch, error) {
	if err := s.build(ctx, &spec, progress); err != nil {
		return nil, fmt.Errorf("build batch %s: %w", spec.ID, err)
	}
	return s.Batch(spec.ID, spec.Secret)
}

func (s *Store) build(ctx context.Context, spec *Spec, progress func(done, total uint64)) (err error) {
	if err := spec.check(); err != nil {
		return err
	}
	if _, err := os.Lstat(s.folder(spec.ID)); err == nil {
		return ErrExists
	}
	dir, err := s.newFolder()
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	b := &builder{spec: spec, dir: dir, limits: s.limits, steps: newSteps(spec.Size, progress)}
	if err := b.run(ctx); err != nil {
		return err
	}
	if err := s.publish(dir, spec.ID); err != nil {
		return err
	}
	b.steps.finish()
	return nil
}

// limits are the memory of a build, in bytes.
type limits struct {
	chunk int // what a bucket gathers before it goes to the spool
	piece int // what one goroutine sorts at once
}

// defaultLimits keep a scatter below 8 MB, of which there are up to three at a
// time, and all goroutines that sort below 16 MB together: besides its records,
// a piece takes 2.5 times their size.
func defaultLimits() limits { return limits{chunk: 32 << 10, piece: 4 << 20 / workers()} }

// A builder builds one batch in a folder.
type builder struct {
	spec   *Spec
	dir    string
	limits limits
	steps  *steps
	width  int // of the longest serial number so far
}

func (b *builder) run(ctx context.Context) (err error) {
	spool, err := newSpool(b.dir, b.limits.chunk)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, spool.close()) }()
	leaves := newScatter(spool, nil)
	if err := b.gather(ctx, leaves); err != nil {
		return err
	}
	size := leaves.count()
	switch {
	case b.spec.Size != 0 && size != b.spec.Size:
		return fmt.Errorf("%w: %d serial numbers came for %d packs", ErrSpec, size, b.spec.Size)
	case size == 0 || size > ledger.MaxBatch:
		return fmt.Errorf("%w: %d packs", ErrSpec, size)
	}
	b.steps.know(size)
	m := meta{Version: version, Width: uint64(b.width), Mark: mark(b.spec.Secret), Facts: Facts{
		ID: b.spec.ID, GTIN: b.spec.GTIN, Lot: b.spec.Lot, Expiry: b.spec.Expiry, Size: size,
	}}
	if err := b.write(ctx, leaves, m.Width); err != nil {
		return err
	}
	if err := b.writeMeta(m); err != nil {
		return err
	}
	return ctx.Err()
}

// write sorts the leaves and writes the serial numbers and the tree.
func (b *builder) write(ctx context.Context, leaves *scatter, width uint64) error {
	serials, err := create(b.dir, serialsFile)
	if err != nil {
		return err
	}
	defer serials.Close()
	nodes, err := create(b.dir, nodesFile)
	if err != nil {
		return err
	}
	defer nodes.Close()
	out := bufio.NewWriterSize(nodes, 1<<16)
	var join joiner
	// A write that fails is remembered by out and comes back from Flush.
	join.tree.Stored = func(h merkle.Hash) { _, _ = out.Write(h[:]) }
	worker := func() func(piece) (span, error) {
		s := &sorter{width: int(width), serials: serials}
		return func(p piece) (span, error) {
			sorted, err := s.sort(p)
			if err == nil {
				b.steps.add(p.bucket.count)
			}
			return sorted, err
		}
	}
	take := func(s span) error { join.add(s); return nil }
	if err := inOrder(ctx, leaves.pieces(b.limits.piece), worker, take); err != nil {
		return err
	}
	return errors.Join(out.Flush(), nodes.Sync(), serials.Sync())
}

// writeMeta writes the record of the batch whose other files are written. The
// root comes from what can be read of them.
func (b *builder) writeMeta(m meta) (err error) {
	batch := &Batch{meta: m, secret: b.spec.Secret}
	if err := batch.openFiles(b.dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, batch.Close()) }()
	if m.Facts.Root, err = merkle.RootAt(m.Facts.Size, batch.newReader().hashes); err != nil {
		return err
	}
	raw, err := canon.CBOR(m)
	if err != nil {
		return err
	}
	out, err := create(b.dir, metaFile)
	if err != nil {
		return err
	}
	_, err = out.Write(raw)
	return errors.Join(err, out.Sync(), out.Close())
}

func create(dir, name string) (*os.File, error) {
	return os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
}

// steps count how far a build is: every pack is a step when it is hashed and
// one when it is sorted, and the last step is that all is safe.
type steps struct {
	report func(done, total uint64)

	mu          sync.Mutex
	done, total uint64
}

func newSteps(size uint64, report func(done, total uint64)) *steps {
	s := &steps{report: report}
	s.know(size)
	return s
}

// know sets the number of packs, 0 for not yet.
func (s *steps) know(size uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if size > 0 {
		s.total = 2*size + 1
	}
}

func (s *steps) add(n uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done += n
	if s.report != nil {
		s.report(s.done, s.total)
	}
}

func (s *steps) finish() { s.add(1) }
