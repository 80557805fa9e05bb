package keystore

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rand"
	"fmt"

	"theriac/canon"
	"theriac/envelope"
)

// A use is what a key is for. A key serves one use only.
type use string

const (
	useSign   use = "sign"
	useSeal   use = "seal"
	useSecret use = "secret"
)

// Sizes of key material in bytes.
const (
	scalarSize    = 32
	minSecretSize = 16
	maxSecretSize = 64
)

// secretTag is the domain of a secret's identifier.
const secretTag = "theriac/keystore/secret/v1"

// A record is the plain text of a key file.
type record struct {
	Name string `cbor:"1,keyasint"`
	Use  use    `cbor:"2,keyasint"`
	Key  []byte `cbor:"3,keyasint"`

	kid canon.Digest
}

// newRecord makes a key. Size matters for a secret only.
func newRecord(name string, u use, size int) (record, error) {
	r := record{Name: name, Use: u, Key: make([]byte, size)}
	if u == useSecret {
		rand.Read(r.Key)
	} else {
		// A uniform scalar in [1, n−1]: the same for ECDSA and ECDH.
		k, err := ecdh.P256().GenerateKey(rand.Reader)
		if err != nil {
			return record{}, fmt.Errorf("make key: %w", err)
		}
		r.Key = k.Bytes()
	}
	return r, r.identify()
}

// parseRecord reads a record and returns ErrDamaged for any bytes that encode
// would not have written. The cause is left out: it could quote the key.
func parseRecord(raw []byte) (record, error) {
	var r record
	if err := canon.DecodeCBOR(raw, &r); err != nil {
		return record{}, ErrDamaged
	}
	if err := checkName(r.Name); err != nil {
		return record{}, ErrDamaged
	}
	return r, r.identify()
}

// encode returns the bytes that parseRecord reads.
func (r record) encode() ([]byte, error) { return canon.CBOR(r) }

// identify sets the key's identifier, or returns ErrDamaged if the key does not
// fit its use.
func (r *record) identify() error {
	switch r.Use {
	case useSecret:
		if len(r.Key) < minSecretSize || len(r.Key) > maxSecretSize {
			return ErrDamaged
		}
		r.kid = canon.Hash(secretTag, r.Key)
		return nil
	case useSign, useSeal:
		k, err := ecdh.P256().NewPrivateKey(r.Key)
		if err != nil {
			return ErrDamaged
		}
		pub, err := envelope.ParseKey(k.PublicKey().Bytes())
		if err != nil {
			return ErrDamaged
		}
		r.kid = pub.ID()
		return nil
	}
	return ErrDamaged
}

func (r record) signer() (crypto.Signer, error) {
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), r.Key)
	if err != nil {
		return nil, ErrDamaged
	}
	return newSigner(k), nil
}

func (r record) sealKey() (hpke.PrivateKey, error) {
	k, err := ecdh.P256().NewPrivateKey(r.Key)
	if err != nil {
		return nil, ErrDamaged
	}
	return hpke.NewDHKEMPrivateKey(exchanger{key: func() *ecdh.PrivateKey { return k }})
}
