// Package keystore is where an organisation's private keys live: in a folder of
// encrypted files (Store) or, when built with the tag pkcs11, in a PKCS#11 token
// (OpenToken). No byte of a key, and no byte of a file that may hold one, stands
// in an error text; what the package returns prints as [secret].
//
// # The folder
//
//	identity.age       an age v1 file, passphrase (scrypt): one age identity
//	NAME.key.age       an age v1 file to that identity: the current key NAME
//	NAME@KID.key.age   the same: a key that Rotate retired
//	.tmp-…             left by a crash; the next change deletes it
//
// The folder has mode 0700 and its files 0600; anything more open is refused.
// NAME is 1 to 32 of a–z, 0–9 and the hyphen. KID is the text form of the key's
// identifier: the RFC 7638 thumbprint, for a secret the canon.Hash of it under
// the tag "theriac/keystore/secret/v1" (which gives nothing away, since a secret
// has at least 128 random bits).
//
// A key file holds, in core deterministic CBOR, the map {1: NAME, 2: use, 3: key}
// with use "sign" or "seal" and the P-256 scalar in 32 bytes, or use "secret" and
// the 16 to 64 bytes themselves. The name within must be the name without, and
// KID must be the key's, so that files cannot be swapped.
//
// The identity is MLKEM768-X25519, of the kind that age-keygen -pq makes. One
// scrypt opens it, and it opens every key. To change the passphrase, decrypt and
// encrypt identity.age with the age command.
//
// # Crashes and neighbours
//
// Every file is written beside its place, flushed, linked or renamed into place,
// and the folder flushed: a name holds the old key or the new one, never half.
// A name is given once: of processes that create the same key the link lets one
// win. Changes hold a lock on the folder (flock), which dies with its process.
// The folder belongs on a local file system with hard links, of a Unix.
//
// # What it does not withstand
//
// Who can write the folder can delete keys, and undo a rotation by putting the
// older file back; only a copy outside would show it. They cannot add a key of
// their own without the passphrase: an age file is not signed, but to write one
// takes the identity's recipient, which is kept nowhere and which the other
// files do not reveal. An opened key is in the process's memory in clear, and Go
// has no dependable way to wipe it: a signing key that must not be copied
// belongs in a token. Secrets and seal keys always live in the folder.
package keystore

import (
	"crypto"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"theriac/canon"
)

var (
	// ErrMissing is returned where no store is, and for a name that holds no key
	// of the use that was asked for.
	ErrMissing = errors.New("keystore: no such key or store")
	// ErrExists is returned for a name, or a folder, that is already taken.
	ErrExists = errors.New("keystore: already exists")
	// ErrName is returned for a name outside [a-z0-9-]{1,32}.
	ErrName = errors.New("keystore: bad name")
	// ErrPassphrase is returned for a passphrase or PIN that does not open the
	// store, and for one that is empty or too weak for the work factor. A store
	// whose passphrase file is damaged cannot be told from a wrong passphrase.
	ErrPassphrase = errors.New("keystore: passphrase refused")
	// ErrDamaged is returned for a file that is not what this store wrote under
	// its name, and for a token whose keys do not fit together.
	ErrDamaged = errors.New("keystore: damaged")
	// ErrPermissions is returned for a folder or file that group or others can
	// read, write or enter.
	ErrPermissions = errors.New("keystore: open to group or others")
	// ErrNoPKCS11 is returned by OpenToken in a program built without it.
	ErrNoPKCS11 = errors.New("keystore: built without PKCS#11: build with CGO_ENABLED=1 and -tags pkcs11")
)

// Signers is a store of P-256 signing keys. Store and the token behind OpenToken
// are two. A key that NewSigningKey returned is durable. All methods but Close,
// and the signers, may be called concurrently; a token's signers end with Close.
type Signers interface {
	// NewSigningKey makes a key, or returns ErrExists or ErrName.
	NewSigningKey(name string) (crypto.Signer, error)
	// Signer returns the key of that name, or ErrMissing.
	Signer(name string) (crypto.Signer, error)
	// Names returns the names of all keys, sorted.
	Names() ([]string, error)
	Close() error
}

var namePattern = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

// checkName returns ErrName unless a key can be made under that name.
func checkName(name string) error {
	if !namePattern.MatchString(name) {
		return fmt.Errorf("%q: %w", name, ErrName)
	}
	return nil
}

// splitName returns the parts of NAME or NAME@KID; kid is empty in the first.
func splitName(full string) (name, kid string, err error) {
	name, kid, retired := strings.Cut(full, "@")
	if err := checkName(name); err != nil {
		return "", "", err
	}
	if retired {
		if _, err := canon.ParseDigest(kid); err != nil {
			return "", "", fmt.Errorf("%q: %w", full, ErrName)
		}
	}
	return name, kid, nil
}
