package device

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

const (
	folderMode = 0o700
	fileMode   = 0o600
	// maxFile bounds what is read of a file: the marks of a million things.
	maxFile = 64 << 20
)

// A folder is the device's directory.
type folder struct{ root *os.Root }

func openFolder(dir string) (*folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &folder{root}, nil
}

func (f *folder) close() error { return f.root.Close() }

// lock keeps other processes out until leave is called or this one ends.
func (f *folder) lock() (leave func(), err error) {
	d, err := f.root.Open(".")
	if err != nil {
		return nil, err
	}
	switch err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return nil, errors.Join(fmt.Errorf("%s: %w", f.root.Name(), errInUse), d.Close())
	case err != nil:
		return nil, errors.Join(err, d.Close())
	}
	return func() { d.Close() }, nil
}

// read returns a file's bytes; the error for none is fs.ErrNotExist.
func (f *folder) read(name string) ([]byte, error) {
	in, err := f.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	raw, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err == nil && len(raw) > maxFile {
		err = fmt.Errorf("%s: larger than %d bytes", name, maxFile)
	}
	return raw, err
}

// write puts content under a name: after a crash the file is the old one or the new
// one, never half. The caller holds the lock.
func (f *folder) write(name string, content []byte) error {
	fresh := name + ".new"
	out, err := f.root.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, fileMode)
	if err != nil {
		return err
	}
	_, err = out.Write(content)
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return err
	}
	if err := f.root.Rename(fresh, name); err != nil {
		return err
	}
	return f.sync(filepath.Dir(name))
}

func (f *folder) remove(name string) error {
	if err := f.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return f.sync(filepath.Dir(name))
}

// subfolder makes a folder within, unless it is there.
func (f *folder) subfolder(name string) error {
	if err := f.root.Mkdir(name, folderMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return f.sync(".")
}

// sync makes the names of files as lasting as their content.
func (f *folder) sync(name string) error {
	d, err := f.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// writeNew writes a file that is not there yet, which may lie outside a folder. After a
// crash it is whole or not there.
func writeNew(name string, content []byte) error {
	fresh := name + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	out, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	_, err = out.Write(content)
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return err
	}
	if err := os.Link(fresh, name); err != nil {
		return errors.Join(err, os.Remove(fresh))
	}
	d, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(os.Remove(fresh), d.Sync(), d.Close())
}
