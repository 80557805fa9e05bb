package organisation

import (
	"crypto"
	"crypto/hpke"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"theriac/internal/keystore"
)

// keyring is the organisation's keys over a key store. Signing keys are named
// signing-1, signing-2 and so on; a file names the one in use, so that turning to
// the next is one rename.
type keyring struct {
	dir   string
	store *keystore.Store
	mu    sync.Mutex
}

const (
	signing    = "signing-"
	sealName   = "seal"
	packsName  = "packs"
	secretSize = 32
	inUse      = "signing-key"
)

func createKeys(dir string) error {
	passphrase, err := keystore.ReadPassphrase(filepath.Join(dir, passphraseFile))
	if err != nil {
		return err
	}
	folder := filepath.Join(dir, keysFolder)
	store, err := keystore.Open(folder, passphrase)
	if errors.Is(err, keystore.ErrMissing) {
		store, err = keystore.Create(folder, passphrase, 0)
	}
	if err != nil {
		return err
	}
	_, signErr := store.NewSigningKey(signing + "1")
	_, sealErr := store.NewSealKey(sealName)
	_, secretErr := store.NewSecret(packsName, secretSize)
	for _, err := range []error{signErr, sealErr, secretErr} {
		if err != nil && !errors.Is(err, keystore.ErrExists) {
			return err
		}
	}
	return once(filepath.Join(dir, inUse), []byte(signing+"1"))
}

func openKeys(dir string) (*keyring, error) {
	passphrase, err := keystore.ReadPassphrase(filepath.Join(dir, passphraseFile))
	if err != nil {
		return nil, err
	}
	store, err := keystore.Open(filepath.Join(dir, keysFolder), passphrase)
	if err != nil {
		return nil, err
	}
	return &keyring{dir: dir, store: store}, nil
}

func (k *keyring) name() (string, error) {
	raw, err := os.ReadFile(filepath.Join(k.dir, inUse))
	if err != nil {
		return "", fmt.Errorf("signing key: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}

// Signer implements supply.Keys and registry.Keyring.
func (k *keyring) Signer() (crypto.Signer, error) {
	name, err := k.name()
	if err != nil {
		return nil, err
	}
	return k.store.Signer(name)
}

// next returns the name of the key after the one in use.
func (k *keyring) next() (string, error) {
	name, err := k.name()
	if err != nil {
		return "", err
	}
	n, err := strconv.Atoi(strings.TrimPrefix(name, signing))
	if err != nil {
		return "", fmt.Errorf("signing key %q: %w", name, err)
	}
	return signing + strconv.Itoa(n+1), nil
}

// Next implements registry.Keyring.
func (k *keyring) Next() (crypto.Signer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	name, err := k.next()
	if err != nil {
		return nil, err
	}
	s, err := k.store.NewSigningKey(name)
	if errors.Is(err, keystore.ErrExists) {
		return k.store.Signer(name)
	}
	return s, err
}

// Turn implements registry.Keyring.
func (k *keyring) Turn() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	name, err := k.next()
	if err != nil {
		return err
	}
	fresh := filepath.Join(k.dir, inUse+".new")
	if err := os.WriteFile(fresh, []byte(name), 0o600); err != nil {
		return err
	}
	return os.Rename(fresh, filepath.Join(k.dir, inUse))
}

// SealKey implements supply.Keys.
func (k *keyring) SealKey() (hpke.PrivateKey, error) { return k.store.SealKey(sealName) }

// Secret implements supply.Keys.
func (k *keyring) Secret() ([]byte, error) {
	s, err := k.store.Secret(packsName)
	if err != nil {
		return nil, err
	}
	return s.Bytes(), nil
}
