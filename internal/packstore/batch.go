package packstore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"theriac/canon"
	"theriac/pedigree"
)

// A Batch is the packs of one batch, opened for reading. Its methods may run at
// the same time, and return ErrCorrupt for what does not lead to the root.
type Batch struct {
	meta    meta
	secret  pedigree.BatchSecret
	serials *os.File
	nodes   *os.File
	last    *tile // the short tile at the end, or nil; most proofs need it
}

func openBatch(dir string, id canon.Digest, secret pedigree.BatchSecret) (_ *Batch, err error) {
	raw, err := readMeta(dir)
	if err != nil {
		return nil, err
	}
	m, err := decodeMeta(raw)
	if err != nil {
		return nil, err
	}
	if m.Facts.ID != id {
		return nil, fmt.Errorf("%w: the folder has batch %s", ErrCorrupt, m.Facts.ID)
	}
	b := &Batch{meta: m, secret: secret}
	if err := b.openFiles(dir); err != nil {
		return nil, err
	}
	if err := b.checkMeta(); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// maxMeta bounds what is read of a meta file. It has about 200 bytes.
const maxMeta = 4096

func readMeta(dir string) ([]byte, error) {
	f, err := os.Open(filepath.Join(dir, metaFile))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(dir); err == nil {
			return nil, fmt.Errorf("%w: no %s", ErrCorrupt, metaFile)
		}
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(f, maxMeta))
	return raw, errors.Join(err, f.Close())
}

// checkMeta leads the last leaf up to the root. On its way are the names on the
// pack, the size, the root and the secret.
func (b *Batch) checkMeta() error {
	known := b.meta.Mark == mark(b.secret)
	_, err := b.Prove(b.meta.Facts.Size - 1)
	switch {
	case errors.Is(err, ErrCorrupt) && !known:
		return ErrSecret
	case err == nil && !known:
		return fmt.Errorf("%w: %s", ErrCorrupt, metaFile)
	}
	return err
}

// openFiles opens the files and checks their sizes.
func (b *Batch) openFiles(dir string) (err error) {
	size := b.meta.Facts.Size
	if b.serials, err = openSized(dir, serialsFile, int64(size)*int64(b.meta.Width)); err != nil {
		return err
	}
	if b.nodes, err = openSized(dir, nodesFile, storedNodes(size)*int64(leafSize)); err != nil {
		return errors.Join(err, b.serials.Close())
	}
	if size%tileSize != 0 {
		if b.last, err = b.tile(size / tileSize); err != nil {
			return errors.Join(err, b.Close())
		}
	}
	return nil
}

func openSized(dir, name string, want int64) (*os.File, error) {
	f, err := os.Open(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: no %s", ErrCorrupt, name)
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Size() != want {
		err = fmt.Errorf("%w: %s has %d bytes, not %d", ErrCorrupt, name, info.Size(), want)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Close closes the batch's files.
func (b *Batch) Close() error { return errors.Join(b.serials.Close(), b.nodes.Close()) }

// String returns the batch's name, so that nothing prints the secret.
func (b *Batch) String() string { return b.meta.Facts.ID.String() }

// Facts returns what the batch is.
func (b *Batch) Facts() Facts { return b.meta.Facts }
