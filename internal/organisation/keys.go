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

// A PKCS11 says which token makes and holds the signing keys. The token is this
// organisation's alone: keys in it go by names that every organisation uses.
type PKCS11 struct {
	Module  string `json:"module"`   // the vendor's shared library
	Token   string `json:"token"`    // label
	PINFile string `json:"pin_file"` // the user's PIN; 0600
}

func (p *PKCS11) check() error {
	if p != nil && (p.Module == "" || p.Token == "" || p.PINFile == "") {
		return errors.New("settings: pkcs11 needs module, token and pin_file")
	}
	return nil
}

func (p *PKCS11) open() (keystore.Signers, error) {
	pin, err := keystore.ReadPassphrase(p.PINFile)
	if err != nil {
		return nil, fmt.Errorf("pkcs11: PIN: %w", err)
	}
	signers, err := keystore.OpenToken(keystore.Token{Module: p.Module, Label: p.Token, PIN: pin})
	if err != nil {
		return nil, fmt.Errorf("pkcs11: %w", err)
	}
	return signers, nil
}

// keyring is the organisation's keys over a key store and perhaps a token. Signing
// keys are named signing-1, signing-2 and so on; a file names the one in use, so
// that turning to the next is one rename.
type keyring struct {
	dir   string
	store *keystore.Store
	// signers make signing keys: the store or a token.
	signers keystore.Signers

	mu   sync.Mutex
	name string        // of the key last used,
	last crypto.Signer // which stays the same as long as its name
}

const (
	signing    = "signing-"
	sealName   = "seal"
	packsName  = "packs"
	secretSize = 32
	inUse      = "signing-key"
)

// createKeys makes what keys are not there yet.
func createKeys(dir string, s *Settings) (err error) {
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
	if err := store.Close(); err != nil {
		return err
	}
	k, err := openKeys(dir, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, k.close()) }()
	_, sealErr := k.store.NewSealKey(sealName)
	_, secretErr := k.store.NewSecret(packsName, secretSize)
	for _, err := range []error{sealErr, secretErr} {
		if err != nil && !errors.Is(err, keystore.ErrExists) {
			return err
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, inUse)); err == nil {
		return nil // a key was chosen before, perhaps where settings have a token since
	}
	if _, err := k.signers.NewSigningKey(signing + "1"); err != nil && !errors.Is(err, keystore.ErrExists) {
		return err
	}
	return once(filepath.Join(dir, inUse), []byte(signing+"1"))
}

func openKeys(dir string, s *Settings) (*keyring, error) {
	passphrase, err := keystore.ReadPassphrase(filepath.Join(dir, passphraseFile))
	if err != nil {
		return nil, err
	}
	store, err := keystore.Open(filepath.Join(dir, keysFolder), passphrase)
	if err != nil {
		return nil, err
	}
	k := &keyring{dir: dir, store: store, signers: store}
	if s.PKCS11 != nil {
		if k.signers, err = s.PKCS11.open(); err != nil {
			return nil, errors.Join(err, store.Close())
		}
	}
	return k, nil
}

func (k *keyring) close() error {
	if k.signers == keystore.Signers(k.store) {
		return k.store.Close()
	}
	return errors.Join(k.signers.Close(), k.store.Close())
}

func (k *keyring) inUse() (string, error) {
	raw, err := os.ReadFile(filepath.Join(k.dir, inUse))
	if err != nil {
		return "", fmt.Errorf("signing key: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}

// Signer implements supply.Keys and registry.Keyring.
func (k *keyring) Signer() (crypto.Signer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	name, err := k.inUse()
	if err != nil {
		return nil, err
	}
	if k.last != nil && k.name == name {
		return k.last, nil
	}
	s, err := k.signer(name)
	if err == nil {
		k.name, k.last = name, s
	}
	return s, err
}

// signer returns a key. One that was in use before settings had a token is in a
// file still, until the next rotation.
func (k *keyring) signer(name string) (crypto.Signer, error) {
	s, err := k.signers.Signer(name)
	if errors.Is(err, keystore.ErrMissing) && k.signers != keystore.Signers(k.store) {
		return k.store.Signer(name)
	}
	return s, err
}

// next returns the name of the key after the one in use.
func (k *keyring) next() (string, error) {
	name, err := k.inUse()
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
	s, err := k.signers.NewSigningKey(name)
	if errors.Is(err, keystore.ErrExists) {
		return k.signers.Signer(name)
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
	// A name without a key would leave the organisation without a signature.
	if _, err := k.signers.Signer(name); err != nil {
		return err
	}
	return replace(filepath.Join(k.dir, inUse), []byte(name))
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
