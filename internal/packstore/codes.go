package packstore

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"

	"theriac/chain"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/merkle"
)

// codesFile is a further file of a batch whose packs have concealed codes: the root of
// the tree over their marks, and the tree's stored hashes as in nodes. The codes
// themselves are nowhere: the batch's secret makes them.
const codesFile = "codes"

// Codes is the tree over the marks of a batch's concealed codes, in the order of the
// packs. Its methods may run at the same time, and return ErrCorrupt for what does not
// lead to the root.
type Codes struct {
	batch *Batch
	file  *os.File
	root  merkle.Hash
	last  *levels // of the short tile at the end, or nil
}

// Codes opens the codes of a batch, or returns ErrNotFound or ErrCorrupt. The caller
// must Close them, and keep the batch open meanwhile.
func (s *Store) Codes(b *Batch) (*Codes, error) {
	c, err := s.openCodes(b)
	if err != nil {
		return nil, fmt.Errorf("codes of batch %s: %w", b.meta.Facts.ID, err)
	}
	return c, nil
}

func (s *Store) openCodes(b *Batch) (*Codes, error) {
	dir, size := s.folder(b.meta.Facts.ID), b.meta.Facts.Size
	if _, err := os.Lstat(filepath.Join(dir, codesFile)); errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound
	}
	f, err := openSized(dir, codesFile, (1+storedNodes(size))*int64(leafSize))
	if err != nil {
		return nil, err
	}
	c := &Codes{batch: b, file: f}
	if err := c.open(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return c, nil
}

func (c *Codes) open() error {
	if err := readAt(c.file, codesFile, c.root[:], 0); err != nil {
		return err
	}
	root, err := c.computed()
	if err == nil && root != c.root {
		err = fmt.Errorf("%w: %s", ErrCorrupt, codesFile)
	}
	return err
}

// computed returns the root that the file's hashes and the last packs lead to.
func (c *Codes) computed() (merkle.Hash, error) {
	size := c.batch.meta.Facts.Size
	if size%tileSize != 0 {
		last, err := c.tile(size / tileSize)
		if err != nil {
			return merkle.Hash{}, err
		}
		c.last = last
	}
	return merkle.RootAt(size, c.hashes())
}

// Root returns the root that a release names.
func (c *Codes) Root() merkle.Hash { return c.root }

// Close closes the file.
func (c *Codes) Close() error { return c.file.Close() }

// Prove returns the mark of the pack at an index and its inclusion proof, or
// ErrNotFound beyond the last.
func (c *Codes) Prove(index uint64) (merkle.Hash, []merkle.Hash, error) {
	size := c.batch.meta.Facts.Size
	if index >= size {
		return merkle.Hash{}, nil, fmt.Errorf("%w: pack %d of %d", ErrNotFound, index, size)
	}
	read := c.hashes()
	mark, err := read([]int64{tlog.StoredHashIndex(0, int64(index))})
	if err != nil {
		return merkle.Hash{}, nil, err
	}
	path, err := merkle.Prove(size, index, read)
	if err != nil {
		return merkle.Hash{}, nil, err
	}
	if err := merkle.VerifyInclusion(mark[0], index, size, path, c.root); err != nil {
		return merkle.Hash{}, nil, fmt.Errorf("%w: code of pack %d: %w", ErrCorrupt, index, err)
	}
	return mark[0], path, nil
}

// hashes returns a merkle.Reader for one call. It keeps the tile it made last: a tile
// costs a millisecond, and a proof asks for several hashes of one.
func (c *Codes) hashes() merkle.Reader {
	var held *levels
	var at uint64
	nodes := io.NewSectionReader(c.file, int64(leafSize), storedNodes(c.batch.meta.Facts.Size)*int64(leafSize))
	return stored{nodes, codesFile, func(k uint64) (_ *levels, err error) {
		if c.last != nil && k == c.batch.meta.Facts.Size/tileSize {
			return c.last, nil
		}
		if held == nil || at != k {
			at = k
			held, err = c.tile(k)
		}
		return held, err
	}}.hashes
}

func (c *Codes) tile(k uint64) (*levels, error) {
	marks, err := c.batch.marks(k*tileSize, tileSize)
	if err != nil {
		return nil, err
	}
	l := newLevels(marks)
	return &l, nil
}

// marks computes the marks of up to n packs from one on.
func (b *Batch) marks(from, n uint64) ([]merkle.Hash, error) {
	packs, err := b.read(from, min(n, b.meta.Facts.Size-from))
	if err != nil {
		return nil, err
	}
	out := make([]merkle.Hash, len(packs))
	for i := range packs {
		p := gs1.SGTIN{GTIN: packs[i].GTIN, Serial: packs[i].Serial}
		v, err := genuine.NewCode(b.secret[:], p.Serial).Verification(p)
		if err != nil {
			return nil, err
		}
		out[i] = chain.MarkLeaf(v)
	}
	return out, nil
}

// MakeCodes makes the codes of a batch, or finds them made, and returns them when they
// are safely on the disk. Unless nil, progress is called by one goroutine with the
// number of packs that are done.
func (s *Store) MakeCodes(ctx context.Context, b *Batch, progress func(done, total uint64)) (*Codes, error) {
	c, err := s.openCodes(b)
	if errors.Is(err, ErrNotFound) {
		if err = s.makeCodes(ctx, b, progress); err == nil {
			c, err = s.openCodes(b)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("make codes of batch %s: %w", b.meta.Facts.ID, err)
	}
	return c, nil
}

func (s *Store) makeCodes(ctx context.Context, b *Batch, progress func(done, total uint64)) (err error) {
	name := tmpPrefix + rand.Text()
	f, err := create(s.dir, name)
	if err != nil {
		return err
	}
	name = filepath.Join(s.dir, name)
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(name))
		}
	}()
	err = b.writeCodes(ctx, f, progress)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	// Whoever makes them makes the same, so of two the last may win.
	dir := s.folder(b.meta.Facts.ID)
	if err := os.Rename(name, filepath.Join(dir, codesFile)); err != nil {
		return err
	}
	return syncFolder(dir)
}

// writeCodes makes the tree on all cores, stretch by stretch, so that the memory needed
// does not grow with the batch.
func (b *Batch) writeCodes(ctx context.Context, f *os.File, progress func(done, total uint64)) error {
	out := bufio.NewWriterSize(io.NewOffsetWriter(f, int64(leafSize)), 1<<16)
	var join joiner
	// A write that fails is remembered by out and comes back from Flush.
	join.tree.Stored = func(h merkle.Hash) { _, _ = out.Write(h[:]) }
	type part struct {
		span
		to uint64
	}
	worker := func() func(uint64) (part, error) {
		return func(from uint64) (part, error) {
			marks, err := b.marks(from, stretch)
			return part{newSpan(from, marks), from + uint64(len(marks))}, err
		}
	}
	take := func(p part) error {
		join.add(p.span)
		if progress != nil {
			progress(p.to, b.meta.Facts.Size)
		}
		return nil
	}
	if err := inOrder(ctx, b.stretches(), worker, take); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	root, err := (&Codes{batch: b, file: f}).computed()
	if err != nil {
		return err
	}
	_, err = f.WriteAt(root[:], 0)
	return err
}
