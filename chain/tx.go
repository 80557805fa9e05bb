package chain

import (
	"theriac/canon"
	"theriac/gs1"
	"theriac/merkle"
)

// An Exchange anchors a message between organisations: the signed claims with
// their signature, and the body with the fields withheld that the contract does
// not need. The sender of the transaction is the message's receiver.
type Exchange struct {
	Message []byte `cbor:"1,keyasint"` // compact JWS
	Body    []byte `cbor:"2,keyasint"` // canonical CBOR of an envelope.Body
	// Paper is bc_paper = h(r, s), the value that the paper's receiver uploads.
	Paper canon.Digest `cbor:"3,keyasint"`
}

// A Propose opens a vote of the governors on one action.
type Propose struct {
	Action Action `cbor:"1,keyasint"`
}

// An Action is what governors decide by quorum. Exactly one field is set.
type Action struct {
	Admit      *Application `cbor:"1,keyasint,omitempty"` // a new member
	Rekey      *Application `cbor:"2,keyasint,omitempty"` // a new key for a member who lost all
	Standing   *Standing    `cbor:"3,keyasint,omitempty"`
	Revoke     *RevokeKey   `cbor:"4,keyasint,omitempty"`
	Params     *Params      `cbor:"5,keyasint,omitempty"`
	Validators []Validator  `cbor:"6,keyasint,omitempty"` // changes of power; 0 removes
}

// An Application is an organisation's request to be a member: a message of type
// application/1, signed with the key that it asks to be registered, which is the
// proof of possession.
type Application struct {
	Message []byte `cbor:"1,keyasint"` // compact JWS
	Body    []byte `cbor:"2,keyasint"` // canonical CBOR of an envelope.Body
}

// A Standing sets a member's roles, licensed company prefixes and status.
type Standing struct {
	Member   string       `cbor:"1,keyasint"`
	Roles    []Role       `cbor:"2,keyasint"`
	Prefixes []string     `cbor:"3,keyasint"`
	Status   MemberStatus `cbor:"4,keyasint"`
}

// A Vote is one governor's, on an open proposal.
type Vote struct {
	Proposal canon.Digest `cbor:"1,keyasint"`
	Accept   bool         `cbor:"2,keyasint"`
}

// A Profile replaces what a member says of itself.
type Profile struct {
	Name     string `cbor:"1,keyasint"`
	Endpoint string `cbor:"2,keyasint"` // where its inbox listens
	SealKey  []byte `cbor:"3,keyasint"` // P-256 point for HPKE, or empty
}

// A RotateKey registers a further key of the sender. Proof is that key's
// signature over Possession.
type RotateKey struct {
	Point []byte `cbor:"1,keyasint"`
	Proof []byte `cbor:"2,keyasint"`
	Until int64  `cbor:"3,keyasint"` // 0: no end
}

// Possession is what a new key signs to show that its private half is there.
func Possession(chain, member string, point []byte) canon.Digest {
	return canon.Hash("theriac/possession/1", []byte(chain), []byte(member), point)
}

// A RevokeKey ends a key with the block: after it the key does not count. As a
// transaction it is the owner's, as an action the governors'.
type RevokeKey struct {
	Key canon.Digest `cbor:"1,keyasint"`
}

// A CertificateChange sets the status of a certificate; only its issuer may.
type CertificateChange struct {
	Number string            `cbor:"1,keyasint"`
	Status CertificateStatus `cbor:"2,keyasint"`
	Reason string            `cbor:"3,keyasint"`
}

// A BatchRelease enters the record of one lot.
type BatchRelease struct {
	GTIN           gs1.GTIN       `cbor:"1,keyasint"`
	Lot            gs1.Lot        `cbor:"2,keyasint"`
	Expiry         string         `cbor:"3,keyasint"` // YYYY-MM-DD, the last day of use
	Size           uint64         `cbor:"4,keyasint"`
	Root           canon.Digest   `cbor:"5,keyasint"`
	Certificate    string         `cbor:"6,keyasint,omitempty"` // number of Cert_D; empty: captured
	Transformation canon.Digest   `cbor:"7,keyasint,omitzero"`  // of the TransformationEvent's bytes
	Materials      []canon.Digest `cbor:"8,keyasint,omitempty"` // anchors of the supplies used
	Initial        UnitState      `cbor:"9,keyasint"`
	Evidence       canon.Digest   `cbor:"10,keyasint,omitzero"` // captured: digest of the document
	// Codes is the root over the verification information of the packs' concealed
	// codes, in the order of their places; zero if the packs have none.
	Codes canon.Digest `cbor:"11,keyasint,omitzero"`
}

// A Range is the half-open span [From, To) of a batch's leaves.
type Range struct {
	From uint64 `cbor:"1,keyasint" json:"from"`
	To   uint64 `cbor:"2,keyasint" json:"to"`
}

// Units moves packs of one batch from one state to another, all or none. The
// packs are either shown (Indexes, Packs, Proof), which whoever scanned them can
// do, or named by Ranges, which only their custodian may.
type Units struct {
	Batch   canon.Digest `cbor:"1,keyasint"`
	From    UnitState    `cbor:"2,keyasint"`
	To      UnitState    `cbor:"3,keyasint"`
	Indexes []uint64     `cbor:"4,keyasint,omitempty"`
	Packs   Hashes       `cbor:"5,keyasint,omitempty"` // digests, of which the leaves are made
	Proof   Hashes       `cbor:"6,keyasint,omitempty"` // merkle.VerifyMulti
	Ranges  []Range      `cbor:"7,keyasint,omitempty"`
}

// An Undo takes a Units back. At is the time of the block that applied it.
type Undo struct {
	Operation canon.Digest `cbor:"1,keyasint"`
	At        int64        `cbor:"2,keyasint"`
	Units     []Range      `cbor:"3,keyasint"` // the same packs, as ranges
}

// A Recall sets the status of a batch or of a product (all batches of a GTIN).
type Recall struct {
	Batch  canon.Digest `cbor:"1,keyasint,omitzero"`
	GTIN   gs1.GTIN     `cbor:"2,keyasint,omitempty"`
	Status MarketStatus `cbor:"3,keyasint"`
	Reason string       `cbor:"4,keyasint"`
}

// An Evidence anchors the digest of a document that stays with its owner.
type Evidence struct {
	Digest canon.Digest `cbor:"1,keyasint"`
	Media  string       `cbor:"2,keyasint"` // media type of the document
}

// Hashes are tree hashes. In JSON they are one base64url text of all of them
// joined, in CBOR one byte string.
type Hashes []merkle.Hash

// MarshalBinary returns the hashes joined.
func (h Hashes) MarshalBinary() ([]byte, error) {
	out := make([]byte, 0, 32*len(h))
	for i := range h {
		out = append(out, h[i][:]...)
	}
	return out, nil
}

// UnmarshalBinary reads joined hashes; it returns canon.ErrNotCanonical for a
// length that is no multiple of 32.
func (h *Hashes) UnmarshalBinary(b []byte) error {
	if len(b)%32 != 0 {
		return canon.ErrNotCanonical
	}
	*h = make(Hashes, len(b)/32)
	for i := range *h {
		copy((*h)[i][:], b[32*i:])
	}
	return nil
}

// MarshalText returns the hashes joined, as base64url.
func (h Hashes) MarshalText() ([]byte, error) { return h.AppendText(nil) }

// AppendText appends the text form.
func (h Hashes) AppendText(b []byte) ([]byte, error) {
	raw, err := h.MarshalBinary()
	if err != nil {
		return nil, err
	}
	return canon.Bytes(raw).AppendText(b)
}

// UnmarshalText reads the text form.
func (h *Hashes) UnmarshalText(text []byte) error {
	b, err := canon.ParseText(text)
	if err != nil {
		return err
	}
	return h.UnmarshalBinary(b)
}
