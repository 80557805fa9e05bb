package main

import (
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"theriac/api"
	"theriac/canon"
)

// browserKey returns the public key with which this user redeems a pack's code: the part
// that a browser's key plays. It is made of a seed in the user's configuration, for each
// pack another, so that the ledger does not show which packs one person redeemed.
func browserKey(of *api.Redeemable) ([]byte, error) {
	seed, err := redeemSeed()
	if err != nil {
		return nil, err
	}
	place := binary.BigEndian.AppendUint64(nil, of.Index)
	for try := byte(0); ; try++ {
		info := canon.Encode("theriac/redeem-key/1", []byte(of.Chain), of.Batch[:], place, []byte{try})
		scalar, err := hkdf.Key(sha256.New, seed, nil, string(info), 32)
		if err != nil {
			return nil, err
		}
		// One in four billion is no scalar of the curve.
		if key, err := ecdh.P256().NewPrivateKey(scalar); err == nil {
			return key.PublicKey().Bytes(), nil
		}
	}
}

const seedSize = 32

// redeemSeed returns the seed of this user's keys, made at the first call. Of two calls
// at once both get the first's.
func redeemSeed() ([]byte, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return nil, fmt.Errorf("no place to keep the key that redeems: %w", err)
	}
	dir = filepath.Join(dir, "theriac")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	name := filepath.Join(dir, "redeem.seed")
	fresh := make([]byte, seedSize)
	_, _ = rand.Read(fresh) // it never fails
	// Whole or not at all: a link appears with its content.
	tmp, err := os.CreateTemp(dir, ".seed-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(fresh)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(tmp.Name(), name); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	seed, err := os.ReadFile(name)
	if err == nil && len(seed) != seedSize {
		err = fmt.Errorf("%s has %d bytes, not %d", name, len(seed), seedSize)
	}
	return seed, err
}
