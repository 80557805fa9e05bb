package pedigree

import (
	"encoding/base32"
	"fmt"

	"theriac/canon"
	"theriac/gs1"
	"theriac/merkle"
	"theriac/refusal"
)

// ErrLabel is returned for a label that says otherwise than the pack's leaf.
var ErrLabel = refusal.New("label_mismatch", "the label says otherwise than the pack's batch")

// A Pack is the opening of one pack's leaf in its batch: what is printed on the
// pack, and the salt that its manufacturer adds.
type Pack struct {
	Expiry string     `json:"expiry"` // YYYY-MM-DD
	GTIN   gs1.GTIN   `json:"gtin"`
	Lot    gs1.Lot    `json:"lot"`
	Salt   canon.ID   `json:"salt"`
	Serial gs1.Serial `json:"serial"`
}

// Digest returns Hash("theriac/pack/1", GTIN, serial, lot, expiry, salt): what
// who has scanned the pack shows of it.
func (p *Pack) Digest() canon.Digest {
	return canon.Hash("theriac/pack/1", []byte(p.GTIN), []byte(p.Serial), []byte(p.Lot), []byte(p.Expiry), p.Salt[:])
}

// Leaf returns the hash of the pack's leaf, LeafHash(Digest). Every proof of a
// neighbour shows it, so it is no proof of having seen the pack; Digest is.
func (p *Pack) Leaf() merkle.Hash {
	d := p.Digest()
	return merkle.LeafHash(d[:])
}

// Labelled returns ErrLabel unless what was read off a pack is this pack's: the
// same product and serial number and, where the label says them, the same lot and
// expiry date. A month alone stands for its last day (AI 17).
func (p *Pack) Labelled(label gs1.Identifier) error {
	switch {
	case label.GTIN != p.GTIN || label.Serial != p.Serial:
		return fmt.Errorf("%w: it is another pack's", ErrLabel)
	case label.Lot != "" && label.Lot != p.Lot:
		return fmt.Errorf("%w: lot %s", ErrLabel, label.Lot)
	case label.Expiry != "" && !label.Expiry.LastDay().Equal(gs1.Date(p.Expiry).LastDay()):
		return fmt.Errorf("%w: expiry %s", ErrLabel, label.Expiry)
	}
	return nil
}

// A BatchSecret makes the salts of a batch. Who knows it can look for serial
// numbers in the batch's tree.
type BatchSecret [32]byte

// String hides the secret.
func (BatchSecret) String() string { return "[secret]" }

// GoString hides the secret.
func (BatchSecret) GoString() string { return "[secret]" }

// NewBatchSecret returns the secret of a batch, from the maker's own.
func NewBatchSecret(master []byte, batch canon.Digest) BatchSecret {
	return BatchSecret(canon.Hash("theriac/batch-secret/1", master, batch[:]))
}

// Salt returns the salt of a serial number: half of a hash over secret and
// serial. It need not be stored, so a batch keeps its serial numbers only.
func (s BatchSecret) Salt(serial string) canon.ID {
	d := canon.Hash("theriac/salt/1", s[:], []byte(serial))
	return canon.ID(d[:16])
}

// SerialEntropy is the number of random bytes in a serial number of ours.
const SerialEntropy = 10

// serials is Crockford's base 32: digits and letters that people do not mix up,
// all in GS1 set 82.
var serials = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// Serial returns the serial number that 80 random bits stand for, 16 characters.
// Among a million packs a guess hits with probability 2⁻⁶⁰; EU 2016/161 article
// 4 asks for less than 1 in 10,000.
func Serial(random [SerialEntropy]byte) string { return serials.EncodeToString(random[:]) }
