package organisation

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// replace puts content under a name: after a crash the file is the old one or the
// new one, never half. It is the owner's alone.
func replace(name string, content []byte) error {
	fresh, err := stage(name, content)
	if err != nil {
		return err
	}
	if err := os.Rename(fresh, name); err != nil {
		return err
	}
	return syncFolder(name)
}

// once puts content under a name that nobody has yet; what is there stays. Of two
// that do so at once the link lets one win.
func once(name string, content []byte) error {
	if _, err := os.Lstat(name); err == nil {
		return nil
	}
	fresh, err := stage(name, content)
	if err != nil {
		return err
	}
	if err := os.Link(fresh, name); err != nil && !errors.Is(err, fs.ErrExist) {
		return errors.Join(err, os.Remove(fresh))
	}
	return errors.Join(os.Remove(fresh), syncFolder(name))
}

// stage writes content beside its place. What a crash left there may be linked to
// the place itself: it is removed, not written over.
func stage(name string, content []byte) (fresh string, err error) {
	fresh = name + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	f, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = f.Write(content)
	return fresh, errors.Join(err, f.Sync(), f.Close())
}

// syncFolder makes the name of a file as lasting as its content.
func syncFolder(name string) error {
	d, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
