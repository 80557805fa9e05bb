package keystore

import (
	"crypto"
	"crypto/hpke"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const keySuffix = ".key.age"

var _ Signers = (*Store)(nil)

// Close releases the folder. Keys taken from the store stay usable.
func (s *Store) Close() error { return s.folder.root.Close() }

// Names returns the names of all keys, sorted: NAME for a current one, NAME@KID
// for a retired one.
func (s *Store) Names() ([]string, error) {
	files, err := s.folder.list()
	if err != nil {
		return nil, fmt.Errorf("names: %w", err)
	}
	var names []string
	for _, file := range files {
		name, ok := strings.CutSuffix(file, keySuffix)
		if _, _, err := splitName(name); ok && err == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// NewSigningKey makes an ECDSA key on P-256.
func (s *Store) NewSigningKey(name string) (crypto.Signer, error) {
	r, err := s.create(name, useSign, scalarSize)
	if err != nil {
		return nil, err
	}
	return r.signer()
}

// Signer returns a signing key, current or retired.
func (s *Store) Signer(name string) (crypto.Signer, error) {
	r, err := s.load(name, useSign)
	if err != nil {
		return nil, err
	}
	return r.signer()
}

// NewSealKey makes a key to which others seal with
// DHKEM(P-256, HKDF-SHA256) of RFC 9180.
func (s *Store) NewSealKey(name string) (hpke.PrivateKey, error) {
	r, err := s.create(name, useSeal, scalarSize)
	if err != nil {
		return nil, err
	}
	return r.sealKey()
}

// SealKey returns a key that opens seals, current or retired.
func (s *Store) SealKey(name string) (hpke.PrivateKey, error) {
	r, err := s.load(name, useSeal)
	if err != nil {
		return nil, err
	}
	return r.sealKey()
}

// NewSecret makes a random secret of 16 to 64 bytes.
func (s *Store) NewSecret(name string, size int) (Secret, error) {
	if size < minSecretSize || size > maxSecretSize {
		return Secret{}, fmt.Errorf("secret %q: %d bytes, want %d to %d", name, size, minSecretSize, maxSecretSize)
	}
	r, err := s.create(name, useSecret, size)
	if err != nil {
		return Secret{}, err
	}
	return SecretOf(r.Key), nil
}

// Secret returns a secret, current or retired.
func (s *Store) Secret(name string) (Secret, error) {
	r, err := s.load(name, useSecret)
	if err != nil {
		return Secret{}, err
	}
	return SecretOf(r.Key), nil
}

// Rotate makes a new key of the same use under name and returns the name of the
// old one, NAME@KID. Interrupted, it leaves the old key in place, perhaps under
// both names, or the rotation done.
func (s *Store) Rotate(name string) (retired string, err error) {
	if err := checkName(name); err != nil {
		return "", fmt.Errorf("rotate: %w", err)
	}
	release, err := s.folder.lock()
	if err != nil {
		return "", fmt.Errorf("rotate %s: %w", name, err)
	}
	defer release()
	old, err := s.load(name, "")
	if err != nil {
		return "", fmt.Errorf("rotate: %w", err)
	}
	retired = name + "@" + old.kid.String()
	if err := s.succeed(old, retired); err != nil {
		return "", fmt.Errorf("rotate %s: %w", name, err)
	}
	return retired, nil
}

// succeed puts a new key in the place of old. The old key has its second name on
// disk before it loses the first.
func (s *Store) succeed(old record, retired string) error {
	fresh, err := newRecord(old.Name, old.Use, len(old.Key))
	if err != nil {
		return err
	}
	raw, err := s.seal(fresh)
	if err != nil {
		return err
	}
	tmp, err := s.folder.stage(raw)
	if err != nil {
		return err
	}
	err = s.folder.link(old.Name+keySuffix, retired+keySuffix)
	if errors.Is(err, ErrExists) {
		// An interrupted rotation made it, or a backup: enough if it opens.
		_, err = s.load(retired, old.Use)
	}
	if err != nil {
		return err
	}
	if err := s.folder.sync(); err != nil {
		return err
	}
	if err := s.folder.root.Rename(tmp, old.Name+keySuffix); err != nil {
		return err
	}
	return s.folder.sync()
}

// Remove deletes one key, current or retired. A retired key is not removed with
// its successor. The encrypted file may live on in backups and on the disk.
func (s *Store) Remove(name string) error {
	_, kid, err := splitName(name)
	if err != nil {
		return fmt.Errorf("remove: %w", err)
	}
	release, err := s.folder.lock()
	if err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	defer release()
	if kid == "" {
		// An interrupted rotation may have left the key a second name. The key
		// may also be unreadable, which must not keep anybody from deleting it.
		if r, err := s.load(name, ""); err == nil {
			err = s.folder.unlink(name + "@" + r.kid.String() + keySuffix)
			if err != nil && !errors.Is(err, ErrMissing) {
				return fmt.Errorf("remove: %w", err)
			}
		}
	}
	if err := s.folder.unlink(name + keySuffix); err != nil {
		return fmt.Errorf("remove: %w", err)
	}
	return nil
}

// create makes a key and puts it under a name that nobody holds.
func (s *Store) create(name string, u use, size int) (record, error) {
	if err := checkName(name); err != nil {
		return record{}, fmt.Errorf("create: %w", err)
	}
	r, err := newRecord(name, u, size)
	if err != nil {
		return record{}, fmt.Errorf("create %s: %w", name, err)
	}
	raw, err := s.seal(r)
	if err != nil {
		return record{}, fmt.Errorf("create %s: %w", name, err)
	}
	if err := s.folder.add(name+keySuffix, raw); err != nil {
		return record{}, fmt.Errorf("create %s: %w", name, err)
	}
	return r, nil
}

// load reads the key of that full name and use; the empty use takes any.
func (s *Store) load(full string, u use) (record, error) {
	name, kid, err := splitName(full)
	if err != nil {
		return record{}, err
	}
	raw, err := s.folder.read(full + keySuffix)
	if err != nil {
		return record{}, err
	}
	plain, err := decrypt(raw, s.identity)
	if err != nil {
		return record{}, fmt.Errorf("key %s: %w", full, ErrDamaged)
	}
	r, err := parseRecord(plain)
	if err != nil {
		return record{}, fmt.Errorf("key %s: %w", full, err)
	}
	if r.Name != name || kid != "" && r.kid.String() != kid {
		return record{}, fmt.Errorf("key %s: the file of another key: %w", full, ErrDamaged)
	}
	if u != "" && r.Use != u {
		return record{}, fmt.Errorf("key %s: its use is %s, not %s: %w", full, r.Use, u, ErrMissing)
	}
	return r, nil
}

func (s *Store) seal(r record) ([]byte, error) {
	plain, err := r.encode()
	if err != nil {
		return nil, err
	}
	return encrypt(plain, s.identity.Recipient())
}
