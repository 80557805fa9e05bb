package keystore

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	folderMode = 0o700
	fileMode   = 0o600
	othersMode = 0o077

	tmpPrefix = ".tmp-"
	// maxFile bounds what is read of a file. A key file has about 2 kB.
	maxFile = 1 << 16
)

// A folder is the store's directory. Its descriptor stays open, so that the
// directory whose mode was checked is the one that is used.
type folder struct{ root *os.Root }

// openFolder returns ErrMissing or ErrPermissions.
func openFolder(dir string) (folder, error) {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return folder{}, ErrMissing
	}
	if err != nil {
		return folder{}, err
	}
	f := folder{root}
	d, err := root.Open(".")
	if err != nil {
		return folder{}, errors.Join(err, root.Close())
	}
	defer d.Close()
	if err := checkMode(d); err != nil {
		return folder{}, errors.Join(err, root.Close())
	}
	return f, nil
}

// makeFolder makes the directory, unless it is there, and opens it.
func makeFolder(dir string) (folder, error) {
	err := os.Mkdir(dir, folderMode)
	if err == nil {
		err = syncDir(os.Open(filepath.Dir(filepath.Clean(dir))))
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return folder{}, err
	}
	return openFolder(dir)
}

// checkMode returns ErrPermissions if group or others have any right to f.
func checkMode(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if mode := info.Mode().Perm(); mode&othersMode != 0 {
		return fmt.Errorf("mode %04o: %w", mode, ErrPermissions)
	}
	return nil
}

// lock keeps other processes and goroutines from changing the folder until
// release is called or the process ends. Whoever holds it owns all files that
// are not yet in place, so it clears away what a crash left.
func (f folder) lock() (release func(), err error) {
	d, err := f.root.Open(".")
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(d.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err == nil {
		err = f.sweep()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock: %w", err), d.Close())
	}
	return func() { d.Close() }, nil
}

func (f folder) sweep() error {
	files, err := f.list()
	if err != nil {
		return err
	}
	for _, file := range files {
		if strings.HasPrefix(file, tmpPrefix) {
			if err := f.root.Remove(file); err != nil {
				return err
			}
		}
	}
	return nil
}

// list returns the names of all files, sorted.
func (f folder) list() ([]string, error) {
	entries, err := fs.ReadDir(f.root.FS(), ".")
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		files = append(files, e.Name())
	}
	return files, nil
}

// read returns a file's bytes, ErrMissing, ErrPermissions, or ErrDamaged for a
// file too large.
func (f folder) read(file string) ([]byte, error) {
	in, err := f.root.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", file, ErrMissing)
	}
	if err != nil {
		return nil, err
	}
	defer in.Close()
	if err := checkMode(in); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxFile {
		return nil, fmt.Errorf("%s: over %d bytes: %w", file, maxFile, ErrDamaged)
	}
	return raw, nil
}

// stage writes raw to a new file beside its place and flushes it. The caller
// holds the lock.
func (f folder) stage(raw []byte) (tmp string, err error) {
	tmp = tmpPrefix + rand.Text()
	out, err := f.root.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return "", err
	}
	_, err = out.Write(raw)
	return tmp, errors.Join(err, out.Sync(), out.Close())
}

// link gives from's bytes the name to as well, or returns ErrExists.
func (f folder) link(from, to string) error {
	err := f.root.Link(from, to)
	if errors.Is(err, fs.ErrExist) {
		return ErrExists
	}
	return err
}

// add puts raw under a name that nobody holds, or returns ErrExists.
func (f folder) add(file string, raw []byte) error {
	release, err := f.lock()
	if err != nil {
		return err
	}
	defer release()
	tmp, err := f.stage(raw)
	if err != nil {
		return err
	}
	if err := f.link(tmp, file); err != nil {
		return errors.Join(err, f.root.Remove(tmp))
	}
	return errors.Join(f.root.Remove(tmp), f.sync())
}

// unlink deletes a file, or returns ErrMissing. The caller holds the lock.
func (f folder) unlink(file string) error {
	err := f.root.Remove(file)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", file, ErrMissing)
	}
	if err != nil {
		return err
	}
	return f.sync()
}

// sync flushes the folder's entries.
func (f folder) sync() error { return syncDir(f.root.Open(".")) }

// syncDir flushes and closes a directory that was just opened.
func syncDir(d *os.File, err error) error {
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
