// Package device is the three devices of paper 001 as they stand in the world: the
// registration device of a maker, and of whoever sends things on (3.2), the measuring
// device of who delivers (3.3), and the identification device of who receives (3.4).
//
// A device has a folder with a key store of its own. The judgment value of a product
// line is made in one registration device and leaves it sealed to other devices alone;
// on disk it lies sealed to the device itself. What was read of a thing goes nowhere:
// out of a device come the marks of legitimate things, the answer to a challenge, or a
// reason.
package device

import (
	"bytes"
	"crypto"
	"crypto/hpke"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/gs1"
	"theriac/internal/keystore"
	"theriac/pedigree"
	"theriac/refusal"
)

var (
	// errCard is returned for a card that no device has made.
	errCard = refusal.New("bad_card", "the card is not one that its device signed")
	// errInUse is returned while another process works with the device's folder.
	errInUse = refusal.New("device_in_use", "another process uses the device's folder")
	// errOperator is returned if server and device are not the same organisation's.
	errOperator = refusal.New("wrong_operator", "the device and the server are of different organisations")
)

// A Card is what others need of a device to admit it to a product line. It is no
// secret. The device's key signs the rest, so that who compares the short identifier by
// voice has compared all of it, also the key that the judgment value is sealed to.
type Card struct {
	Device    canon.Digest `json:"device"`   // RFC 7638 thumbprint of Point
	Operator  string       `json:"operator"` // GLN
	Point     canon.Bytes  `json:"point"`    // P-256, of its signatures
	Seal      canon.Bytes  `json:"seal"`     // P-256, for HPKE
	Signature canon.Bytes  `json:"signature"`
}

// signed is what the device's key signs of its card.
func (c *Card) signed() canon.Digest {
	return canon.Hash("theriac/device-card/1", c.Point, c.Seal, []byte(c.Operator))
}

// ParseCard reads a card and returns errCard unless its device signed it.
func ParseCard(raw []byte) (*Card, error) {
	var c Card
	if err := canon.DecodeJSON(bytes.TrimSpace(raw), &c); err != nil {
		return nil, fmt.Errorf("%w: %w", errCard, err)
	}
	return &c, c.check()
}

func (c *Card) check() error {
	if err := gs1.GLN(c.Operator).Check(); err != nil {
		return fmt.Errorf("%w: operator: %w", errCard, err)
	}
	if err := pedigree.CheckSealKey(c.Seal); err != nil || len(c.Seal) == 0 {
		return fmt.Errorf("%w: seal key", errCard)
	}
	key, err := envelope.ParseKey(c.Point)
	if err != nil {
		return fmt.Errorf("%w: %w", errCard, err)
	}
	if key.ID() != c.Device {
		return fmt.Errorf("%w: the identifier is another key's", errCard)
	}
	if err := key.VerifyDigest(c.signed(), c.Signature); err != nil {
		return fmt.Errorf("%w: %w", errCard, err)
	}
	return nil
}

// device returns the card as the ledger has devices.
func (c *Card) device() *chain.Device {
	return &chain.Device{Point: c.Point, Seal: c.Seal, Operator: c.Operator}
}

const (
	cardFile       = "device.json"
	passphraseFile = "passphrase"
	keysFolder     = "keys"
	signingName    = "signing"
	sealName       = "seal"
)

// A Device is a device by its folder. Nobody else works with the folder meanwhile.
type Device struct {
	Card   Card
	store  *keystore.Store
	signer crypto.Signer
	seal   hpke.PrivateKey
	folder *folder
	leave  func()
	lines  sync.Mutex // over the files of lines
}

// New makes the folder of a device, or finishes one that was begun, and returns its
// card. The passphrase is made if its file is not there; the empty name stands for one
// in the folder.
func New(dir, operator, passphrase string) (*Card, error) {
	if err := gs1.GLN(operator).Check(); err != nil {
		return nil, fmt.Errorf("operator: %w", err)
	}
	if err := os.Mkdir(dir, folderMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	f, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	defer f.close()
	leave, err := f.lock()
	if err != nil {
		return nil, err
	}
	defer leave()
	if card, err := readCard(f); err == nil {
		if card.Operator != operator {
			return nil, fmt.Errorf("%s is a device of %s: %w", dir, card.Operator, fs.ErrExist)
		}
		return card, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	store, err := newStore(dir, passphrase)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	card, err := newCard(store, operator)
	if err != nil {
		return nil, err
	}
	raw, err := canon.JSON(card)
	if err != nil {
		return nil, err
	}
	return card, f.write(cardFile, raw)
}

// newStore makes the key store, or opens one that was made before a crash.
func newStore(dir, passphrase string) (*keystore.Store, error) {
	name := passphraseOf(dir, passphrase)
	if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		if err := writeNew(name, append(keystore.NewPassphrase().Bytes(), '\n')); err != nil {
			return nil, err
		}
	}
	secret, err := keystore.ReadPassphrase(name)
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(dir, keysFolder)
	store, err := keystore.Open(folder, secret)
	if errors.Is(err, keystore.ErrMissing) {
		store, err = keystore.Create(folder, secret, 0)
	}
	if err != nil {
		return nil, err
	}
	_, signErr := store.NewSigningKey(signingName)
	_, sealErr := store.NewSealKey(sealName)
	for _, err := range []error{signErr, sealErr} {
		if err != nil && !errors.Is(err, keystore.ErrExists) {
			return nil, errors.Join(err, store.Close())
		}
	}
	return store, nil
}

func passphraseOf(dir, passphrase string) string {
	if passphrase == "" {
		return filepath.Join(dir, passphraseFile)
	}
	return passphrase
}

func newCard(store *keystore.Store, operator string) (*Card, error) {
	signer, err := store.Signer(signingName)
	if err != nil {
		return nil, err
	}
	seal, err := store.SealKey(sealName)
	if err != nil {
		return nil, err
	}
	key, err := envelope.KeyOf(signer)
	if err != nil {
		return nil, err
	}
	c := &Card{Device: key.ID(), Operator: operator, Point: key.Point(), Seal: seal.PublicKey().Bytes()}
	c.Signature, err = envelope.SignDigest(signer, c.signed())
	return c, err
}

func readCard(f *folder) (*Card, error) {
	raw, err := f.read(cardFile)
	if err != nil {
		return nil, err
	}
	return ParseCard(raw)
}

// Open opens a device for work. The passphrase's file may have the empty name, as for
// New.
func Open(dir, passphrase string) (*Device, error) {
	f, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	leave, err := f.lock()
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	d := &Device{folder: f, leave: leave}
	if err := d.open(dir, passphrase); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *Device) open(dir, passphrase string) error {
	card, err := readCard(d.folder)
	if err != nil {
		return err
	}
	d.Card = *card
	secret, err := keystore.ReadPassphrase(passphraseOf(dir, passphrase))
	if err != nil {
		return err
	}
	if d.store, err = keystore.Open(filepath.Join(dir, keysFolder), secret); err != nil {
		return err
	}
	if d.signer, err = d.store.Signer(signingName); err != nil {
		return err
	}
	if d.seal, err = d.store.SealKey(sealName); err != nil {
		return err
	}
	own, err := newCard(d.store, card.Operator)
	if err != nil {
		return err
	}
	if own.Device != card.Device || !bytes.Equal(own.Seal, card.Seal) {
		return fmt.Errorf("%w: %s is another key store's", errCard, cardFile)
	}
	return nil
}

// Close lets the folder go.
func (d *Device) Close() error {
	var err error
	if d.store != nil {
		err = d.store.Close()
	}
	d.leave()
	return errors.Join(err, d.folder.close())
}

// decode reads a file of the folder, which only this program writes.
func decode(f *folder, name string, v any) error {
	raw, err := f.read(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// encode writes one.
func encode(f *folder, name string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return f.write(name, raw)
}
