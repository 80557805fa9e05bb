// Package packstore keeps the packs of a manufacturer's batches on disk: their
// serial numbers in the order of the batch's tree, and what it takes to prove a
// pack's leaf in it.
//
// A batch is a folder, named by the batch's digest in hex (base64url would meet
// file systems that do not tell case), of three files, and a fourth
// where packs have concealed codes:
//
//	serials  one serial number a pack, in the order of the leaves. Each takes
//	         the bytes of the longest of the batch, the others end in zero bytes
//	nodes    the tree's stored hashes (tlog.StoredHashIndex) of the levels from
//	         tileHeight up: the tree over the roots of all whole tiles
//	meta     canonical CBOR: what the batch is, its size and root
//	codes    root of the tree over the marks of the codes, and its stored hashes
//	         as in nodes
//
// Neither leaves nor salts nor codes are stored. The secret of the batch makes the salts
// (pedigree.BatchSecret), salts and serial numbers make the leaves, and a tile,
// 2^tileHeight leaves that stand together, is computed again whenever one of
// them is asked for. That costs some microseconds and saves four fifths of the
// disk; and because every answer is led up to the root before it is given, what
// is damaged yields ErrCorrupt and never a wrong pack or proof. To find a serial
// number, its leaf is computed and looked for among the leaves, which rise. That
// it is absent is believed only where the two leaves beside its place prove it.
//
// A batch is built in a folder of its own beside the others: the leaves are
// scattered by their first bits to files small enough to be sorted in memory,
// so the memory needed does not grow with the batch. The folder gets its name
// when all in it is on the disk; a crash leaves a whole batch or none, and Open
// removes what is left over. Several processes may use a store at the same time.
//
// The package knows the batches one by one. That a GTIN's serial numbers are
// unique across batches is the concern of who imports them; those that Build
// makes have 80 random bits.
package packstore

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"theriac/canon"
	"theriac/pedigree"
)

var (
	// ErrNotFound is returned for a batch that the store does not have, and for a
	// serial number that the batch does not have.
	ErrNotFound = errors.New("packstore: not found")
	// ErrExists is returned for a batch that the store has already.
	ErrExists = errors.New("packstore: the batch exists")
	// ErrDuplicate is returned for serial numbers of which two are equal.
	ErrDuplicate = errors.New("packstore: serial number twice")
	// ErrSpec is returned for a batch that no release could enter in the ledger.
	ErrSpec = errors.New("packstore: no such batch can be")
	// ErrSecret is returned for a secret that is not the batch's.
	ErrSecret = errors.New("packstore: not the secret of this batch")
	// ErrCorrupt is returned for a batch whose files are not as they were written.
	ErrCorrupt = errors.New("packstore: files are damaged")
)

const (
	folderMode = 0o700
	fileMode   = 0o600

	serialsFile = "serials"
	nodesFile   = "nodes"
	metaFile    = "meta"

	// tmpPrefix starts the names of folders that are no batch yet.
	tmpPrefix = ".tmp-"
)

// A Store is a folder of batches. Its methods may run at the same time.
type Store struct {
	dir    string
	lock   *os.File
	limits limits
}

// Open opens the store in dir, or makes it.
func Open(dir string) (*Store, error) {
	s, err := open(dir)
	if err != nil {
		return nil, fmt.Errorf("pack store %s: %w", dir, err)
	}
	return s, nil
}

func open(dir string) (*Store, error) {
	err := os.Mkdir(dir, folderMode)
	if err == nil {
		err = syncFolder(filepath.Dir(filepath.Clean(dir)))
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	lock, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{dir, lock, defaultLimits()}
	// Whoever has the store open holds a share of the lock. Only where nobody
	// else does is an unnamed folder surely left over, not being built.
	if err := s.flock(syscall.LOCK_EX | syscall.LOCK_NB); err == nil {
		if err := s.sweep(); err != nil {
			return nil, errors.Join(err, lock.Close())
		}
	}
	if err := s.flock(syscall.LOCK_SH); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return s, nil
}

func (s *Store) flock(how int) error {
	for {
		err := syscall.Flock(int(s.lock.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

func (s *Store) sweep() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tmpPrefix) {
			if err := os.RemoveAll(filepath.Join(s.dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close gives the store up. Batches stay open.
func (s *Store) Close() error { return s.lock.Close() }

// Batch opens a batch, or returns ErrNotFound, ErrSecret or ErrCorrupt. The
// caller must Close it.
func (s *Store) Batch(id canon.Digest, secret pedigree.BatchSecret) (*Batch, error) {
	b, err := openBatch(s.folder(id), id, secret)
	if err != nil {
		return nil, fmt.Errorf("batch %s: %w", id, err)
	}
	return b, nil
}

// Remove removes a batch, if it is there. Who has it open can read on.
func (s *Store) Remove(id canon.Digest) error {
	// In two steps, so that a crash between leaves no batch with files missing.
	gone := filepath.Join(s.dir, tmpPrefix+rand.Text())
	err := os.Rename(s.folder(id), gone)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = errors.Join(syncFolder(s.dir), os.RemoveAll(gone))
	}
	if err != nil {
		return fmt.Errorf("remove batch %s: %w", id, err)
	}
	return nil
}

func (s *Store) folder(id canon.Digest) string {
	return filepath.Join(s.dir, hex.EncodeToString(id[:]))
}

// newFolder makes the folder of a batch to be.
func (s *Store) newFolder() (string, error) {
	dir := filepath.Join(s.dir, tmpPrefix+rand.Text())
	return dir, os.Mkdir(dir, folderMode)
}

// publish gives a folder, in which all is written and flushed, its name.
func (s *Store) publish(dir string, id canon.Digest) error {
	if err := syncFolder(dir); err != nil {
		return err
	}
	// A folder takes the place of an empty one only, so of two builds of one
	// batch the first wins.
	err := os.Rename(dir, s.folder(id))
	if errors.Is(err, fs.ErrExist) {
		return ErrExists
	}
	if err != nil {
		return err
	}
	if err := syncFolder(s.dir); err != nil {
		return errors.Join(err, os.RemoveAll(s.folder(id)))
	}
	return nil
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
