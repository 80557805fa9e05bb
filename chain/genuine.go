package chain

import (
	"encoding/binary"

	"theriac/canon"
	"theriac/gs1"
	"theriac/merkle"
)

// The transactions of paper 001: its registration and identification contracts, the
// product lines that its devices belong to, and the redemption of concealed codes.

// A PutLine enters a product line or replaces its record. Who leaves out a device
// revokes it, and must count Epoch up: the line has a new judgment value then.
type PutLine struct {
	GTIN     gs1.GTIN     `cbor:"1,keyasint"`
	Criteria canon.Digest `cbor:"2,keyasint"` // of what only devices know
	Epoch    uint64       `cbor:"3,keyasint"` // from 1
	Devices  []Device     `cbor:"4,keyasint"` // rising by Point
}

// A Device measures things of a product line.
type Device struct {
	Point    []byte `cbor:"1,keyasint"` // P-256 point, uncompressed; its ES256 signatures
	Seal     []byte `cbor:"2,keyasint"` // P-256 point for HPKE
	Operator string `cbor:"3,keyasint"` // GLN of who has it
}

// Terms are what a registration says (paper 001, 3.2, registration section).
type Terms struct {
	Line    canon.Digest `cbor:"1,keyasint"`
	Epoch   uint64       `cbor:"2,keyasint"` // of the judgment value that was used
	Counter uint64       `cbor:"3,keyasint"` // the paper's number of verifications, from 1
	To      string       `cbor:"4,keyasint"` // GLN of the consignee, who alone may identify
	Place   string       `cbor:"5,keyasint"` // GLN of where it is to be identified
	// Root is the RFC 9162 root of the marks' verification information, a mark for
	// each pack of Ranges, in their order, or one for all of them if Whole: a case, a lot.
	Root   canon.Digest `cbor:"6,keyasint"`
	Batch  canon.Digest `cbor:"7,keyasint,omitzero"`
	Ranges []Range      `cbor:"8,keyasint,omitempty"`
	Whole  bool         `cbor:"9,keyasint,omitempty"`
	// Material is the lot of raw material that the one mark is of, if of no batch.
	Material *gs1.LGTIN `cbor:"10,keyasint,omitempty"`
}

// Size returns the number of marks.
func (t *Terms) Size() uint64 {
	if t.Whole || t.Material != nil {
		return 1
	}
	return Count(t.Ranges)
}

// Mark returns the index of the mark of the pack at a place of the batch, and whether
// there is one.
func (t *Terms) Mark(place uint64) (uint64, bool) {
	before := uint64(0)
	for _, r := range t.Ranges {
		if r.From <= place && place < r.To {
			if t.Whole {
				return 0, true
			}
			return before + place - r.From, true
		}
		before += r.To - r.From
	}
	return 0, false
}

// Count returns the number of packs in ranges.
func Count(ranges []Range) uint64 {
	n := uint64(0)
	for _, r := range ranges {
		n += r.To - r.From
	}
	return n
}

// A Register registers marks. Signature is the device's, over Registered.
type Register struct {
	Terms     Terms        `cbor:"1,keyasint"`
	Device    canon.Digest `cbor:"2,keyasint"` // RFC 7638 thumbprint
	Signature []byte       `cbor:"3,keyasint"`
}

// Registered is what a registration device signs for the member who registers.
func Registered(chain, member string, terms *Terms) (canon.Digest, error) {
	raw, err := canon.CBOR(terms)
	return canon.Hash("theriac/registered/1", []byte(chain), []byte(member), raw), err
}

// An Identify sets a mark to verified (paper 001, 3.4).
type Identify struct {
	Registration canon.Digest `cbor:"1,keyasint"`
	Index        uint64       `cbor:"2,keyasint"` // of the mark
	Path         Hashes       `cbor:"3,keyasint"` // of its verification information to Root
	Place        string       `cbor:"4,keyasint"` // GLN, the readPoint
	Nonce        canon.ID     `cbor:"5,keyasint"`
	Key          []byte       `cbor:"6,keyasint"` // Ed25519, derived from the identification key
	Proof        []byte       `cbor:"7,keyasint"` // by Key, over Identified
	Device       canon.Digest `cbor:"8,keyasint"` // that measured
	Signature    []byte       `cbor:"9,keyasint"` // the device's, over Measured
}

// Identified is what the derived key signs: it names who may use it, so that nobody
// gains by copying it from a transaction on its way.
func (i *Identify) Identified(chain, consignee string) []byte {
	return canon.Encode("theriac/identified/1", []byte(chain), i.Registration[:], u64(i.Index), []byte(consignee), []byte(i.Place), i.Nonce[:])
}

// Measured is what the device signs beside it.
func (i *Identify) Measured(chain, consignee string) canon.Digest {
	return canon.Hash("theriac/measured/1", i.Identified(chain, consignee), i.Key)
}

// Verification returns the verification information of a derived key: V = SHA-256 of
// the public key.
func Verification(key []byte) canon.Digest { return canon.Sum(key) }

// MarkLeaf returns the leaf of verification information under a registration's root.
func MarkLeaf(v canon.Digest) merkle.Hash { return merkle.LeafHash(v[:]) }

// A Redeem redeems the concealed code of a pack. The key is derived from the code;
// it signs the key of a browser, which can show later that it was the first.
type Redeem struct {
	Batch   canon.Digest `cbor:"1,keyasint"`
	Index   uint64       `cbor:"2,keyasint"` // the pack's place
	Path    Hashes       `cbor:"3,keyasint"` // to the batch's Codes
	Key     []byte       `cbor:"4,keyasint"` // Ed25519
	Proof   []byte       `cbor:"5,keyasint"` // by Key, over Redeemed
	Browser []byte       `cbor:"6,keyasint"` // P-256 point of the one who redeems
}

// Redeemed is what the key of a concealed code signs.
func (r *Redeem) Redeemed(chain string) []byte {
	return canon.Encode("theriac/redeemed/1", []byte(chain), r.Batch[:], u64(r.Index), r.Browser)
}

// LineID returns the name of a product line: a maker has one for a product.
func LineID(maker string, gtin gs1.GTIN) canon.Digest {
	return canon.Hash("theriac/line/1", []byte(maker), []byte(gtin))
}

// RegistrationID returns the name of the registration that an operation makes.
func RegistrationID(op canon.Digest) canon.Digest {
	return canon.Hash("theriac/registration/1", op[:])
}

// LineKey names a Line.
func LineKey(id canon.Digest) []byte { return append([]byte("line/"), id[:]...) }

// RegistrationKey names a Registration.
func RegistrationKey(id canon.Digest) []byte { return append([]byte("registration/"), id[:]...) }

// MarkKey names a Mark by registration and index.
func MarkKey(registration canon.Digest, index uint64) []byte {
	return binary.BigEndian.AppendUint64(append([]byte("mark/"), registration[:]...), index)
}

// MaterialKey names the registration that a lot of raw material has now.
func MaterialKey(lot gs1.LGTIN) []byte {
	d := canon.Hash("theriac/material/1", []byte(lot.GTIN), []byte(lot.Lot))
	return append([]byte("material/"), d[:]...)
}

// RedeemedKey names a Redemption by batch and place.
func RedeemedKey(batch canon.Digest, index uint64) []byte {
	return binary.BigEndian.AppendUint64(append([]byte("redeemed/"), batch[:]...), index)
}

// A Line is the record of a product line. Its devices measure by its criteria; those
// that are not in it any more are revoked.
type Line struct {
	Put   PutLine `cbor:"1,keyasint"`
	Maker string  `cbor:"2,keyasint"`
	At    int64   `cbor:"3,keyasint"`
	Index uint64  `cbor:"4,keyasint"` // of its leaf
}

// A Registration is the record of marks that wait to be identified. A mark that the
// state does not hold was not.
type Registration struct {
	Terms  Terms        `cbor:"1,keyasint"`
	From   string       `cbor:"2,keyasint"` // who registered
	Device canon.Digest `cbor:"3,keyasint"`
	At     int64        `cbor:"4,keyasint"`
	Index  uint64       `cbor:"5,keyasint"`
	// Before are the registrations that this one replaced for some of its things.
	Before []canon.Digest `cbor:"6,keyasint,omitempty"`
}

// A Mark is verified: the thing was measured where it was to be, once.
type Mark struct {
	Device canon.Digest `cbor:"1,keyasint"` // that measured
	At     int64        `cbor:"2,keyasint"`
	Index  uint64       `cbor:"3,keyasint"` // of its leaf
}

// A Redemption says that the concealed code of a pack was used.
type Redemption struct {
	Browser canon.Digest `cbor:"1,keyasint"` // SHA-256 of the key that redeemed
	By      string       `cbor:"2,keyasint"` // GLN of who relayed it
	At      int64        `cbor:"3,keyasint"`
	Index   uint64       `cbor:"4,keyasint"`
}

// A MarkRun says which registration the packs of a page up to End (exclusive) have
// now, from where the run before ended; zero for none.
type MarkRun struct {
	End          uint16       `cbor:"1,keyasint"`
	Registration canon.Digest `cbor:"2,keyasint"`
}

// Registration returns the registration that pack i of the page has; zero for none.
func (p *Page) Registration(i uint64) canon.Digest {
	for _, r := range p.Marks {
		if i < uint64(r.End) {
			return r.Registration
		}
	}
	return canon.Digest{}
}

// Registrations calls do with each registration that packs of [from, to) have, zero
// for none, and where it ends.
func (p *Page) Registrations(from, to uint64, do func(registration canon.Digest, end uint64) error) error {
	at := from
	for _, r := range p.Marks {
		if end := min(uint64(r.End), to); at < end {
			if err := do(r.Registration, end); err != nil {
				return err
			}
			at = end
		}
	}
	if at < to {
		return do(canon.Digest{}, to)
	}
	return nil
}

// Register gives the packs [from, to) of the page a registration.
func (p *Page) Register(from, to uint64, registration canon.Digest) {
	old := make([]run[canon.Digest], len(p.Marks))
	for i, r := range p.Marks {
		old[i] = run[canon.Digest]{r.End, r.Registration}
	}
	p.Marks = nil
	for _, r := range assign(old, from, to, registration, canon.Digest{}) {
		p.Marks = append(p.Marks, MarkRun{r.end, r.value})
	}
}
