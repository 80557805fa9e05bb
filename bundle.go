package theriac

import (
	"fmt"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/lightclient"
	"theriac/merkle"
	"theriac/pedigree"
)

// A Bundle is the evidence of one pack: all that is needed to verify it without
// asking anybody. Its form is RFC 8785 JSON; docs/formats.md describes it.
type Bundle struct {
	// Chain leads from the trust root to the header that covers Root.
	Chain []lightclient.LightBlock `json:"chain"`
	// Document is the EPCIS document in which the pack was captured, if it was.
	Document canon.Bytes `json:"document,omitzero"`
	// Exchanges are the signed messages from raw material on, in the order in
	// which they were anchored.
	Exchanges []Exchange `json:"exchanges"`
	// Log proves the leaves of all exchanges together (merkle.VerifyMulti).
	Log  chain.Hashes `json:"log"`
	Pack Pack         `json:"pack"`
	Root chain.Root   `json:"root"`
	// State is what the ledger says now of the parties, the certificate, the
	// batch and the pack.
	State []Record `json:"state"`
	// Transformation is the EPCIS event that turned material into the batch.
	Transformation canon.Bytes `json:"transformation,omitzero"`
	Type           string      `json:"type"`
}

// BundleType is the Type of a Bundle.
const BundleType = "theriac/bundle/1"

// MaxBundle is the size limit of a bundle in bytes.
const MaxBundle = 32 << 20

// An Exchange is a message and what its receiver put on the ledger.
type Exchange struct {
	Anchor   Anchor        `json:"anchor"`
	Body     envelope.Body `json:"body"` // with fields withheld
	Envelope string        `json:"envelope"`
	Leaf     Leaf          `json:"leaf"`
	Type     string        `json:"type"` // that of the message, so that a damaged one has a name
}

// An Anchor is what a receiver's transaction holds beside the message. The rest
// of the transaction follows from the message, so it is rebuilt, not carried.
type Anchor struct {
	ID        canon.ID     `json:"id"`
	KeyID     canon.Digest `json:"kid"`
	Paper     canon.Digest `json:"paper"` // bc_paper
	Signature canon.Bytes  `json:"signature"`
	Time      int64        `json:"time"` // milliseconds
}

// A Leaf is where and when the ledger admitted a transaction.
type Leaf struct {
	Height int64  `json:"height"`
	Index  uint64 `json:"index"`
	Time   int64  `json:"time"` // of the block, milliseconds
}

// A Pack opens the pack's leaf in its batch.
type Pack struct {
	Index uint64        `json:"index"`
	Pack  pedigree.Pack `json:"pack"`
	Path  chain.Hashes  `json:"path"` // merkle.VerifyInclusion
}

// A Record is a record of the state, or the proof that there is none.
type Record struct {
	Bucket   chain.Hashes `json:"bucket"` // path and value hash of each entry
	Key      canon.Bytes  `json:"key"`
	Siblings chain.Hashes `json:"siblings"`
	Value    canon.Bytes  `json:"value,omitzero"` // missing: proven absent
}

// ParseBundle reads a bundle and returns ErrBundle for anything but the one
// spelling of one. It verifies nothing.
func ParseBundle(raw []byte) (*Bundle, error) {
	if len(raw) > MaxBundle {
		return nil, fmt.Errorf("%w: %d bytes", ErrBundle, len(raw))
	}
	// Values of bodies are kept as they came, so the whole is checked at once.
	if err := canon.CheckJSON(raw); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBundle, err)
	}
	var b Bundle
	if err := canon.DecodeJSON(raw, &b); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBundle, err)
	}
	if b.Type != BundleType {
		return nil, fmt.Errorf("%w: type %.40q", ErrBundle, b.Type)
	}
	return &b, nil
}

// Encode returns the bundle's form.
func (b *Bundle) Encode() ([]byte, error) { return canon.JSON(b) }

// NewRecord returns the form of a record with its proof; a nil value means that
// the record is absent.
func NewRecord(key, value []byte, p merkle.StateProof) Record {
	r := Record{Key: key, Value: value, Siblings: p.Siblings, Bucket: chain.Hashes{}}
	for _, e := range p.Bucket {
		r.Bucket = append(r.Bucket, e.Path, e.Value)
	}
	if r.Siblings == nil {
		r.Siblings = chain.Hashes{}
	}
	return r
}

// verify holds the record against a state root.
func (r *Record) verify(root merkle.Hash) error {
	if len(r.Bucket)%2 != 0 {
		return merkle.ErrProof
	}
	p := merkle.StateProof{Siblings: r.Siblings}
	for i := 0; i < len(r.Bucket); i += 2 {
		p.Bucket = append(p.Bucket, merkle.Entry{Path: r.Bucket[i], Value: r.Bucket[i+1]})
	}
	if r.Value == nil {
		return p.VerifyAbsent(root, r.Key)
	}
	return p.VerifyMember(root, r.Key, r.Value)
}

// NewExchange returns the form of an anchoring transaction, which must be one of
// an exchange.
func NewExchange(tx []byte, index uint64, leaf *chain.Leaf) (*Exchange, error) {
	m, err := envelope.ParseSign1(tx, chain.TxType)
	if err != nil {
		return nil, err
	}
	var t chain.Tx
	var x chain.Exchange
	if err := canon.DecodeCBOR(m.Payload, &t); err != nil {
		return nil, err
	}
	if err := canon.DecodeCBOR(t.Body, &x); err != nil || t.Kind != chain.KindExchange {
		return nil, fmt.Errorf("%w: transaction of kind %s", ErrBundle, t.Kind)
	}
	body, err := envelope.DecodeBody(x.Body)
	if err != nil {
		return nil, err
	}
	e, err := envelope.ParseJWS(x.Message)
	if err != nil {
		return nil, err
	}
	return &Exchange{
		Anchor:   Anchor{ID: t.ID, KeyID: m.Signature.KeyID, Paper: x.Paper, Signature: m.Signature.Bytes[:], Time: t.Time},
		Body:     body,
		Envelope: string(x.Message),
		Leaf:     Leaf{Height: leaf.Height, Index: index, Time: leaf.Time},
		Type:     e.Claims.Type,
	}, nil
}

// link rebuilds the transaction, and returns what the pedigree verifies and the
// leaf that the log must have.
func (x *Exchange) link(chainID string) (*pedigree.Link, merkle.IndexedLeaf, error) {
	none := merkle.IndexedLeaf{}
	e, err := envelope.ParseJWS([]byte(x.Envelope))
	if err != nil {
		return nil, none, fmt.Errorf("%w: %w", envelope.ErrNonCanonical, err)
	}
	if len(x.Anchor.Signature) != envelope.SignatureSize {
		return nil, none, envelope.ErrSignature
	}
	body, err := canon.CBOR(x.Body)
	if err != nil {
		return nil, none, err
	}
	arg, err := canon.CBOR(chain.Exchange{Message: []byte(x.Envelope), Body: body, Paper: x.Anchor.Paper})
	if err != nil {
		return nil, none, err
	}
	sender := e.Claims.Audience
	payload, err := canon.CBOR(chain.Tx{
		Chain: chainID, Kind: chain.KindExchange, Sender: sender, ID: x.Anchor.ID, Time: x.Anchor.Time, Body: arg,
	})
	if err != nil {
		return nil, none, err
	}
	raw, anchor := envelope.AssembleSign1(x.Anchor.KeyID, chain.TxType, payload, [envelope.SignatureSize]byte(x.Anchor.Signature))
	leaf := chain.Leaf{
		Height: x.Leaf.Height, Operation: chain.Operation(sender, x.Anchor.ID), Outcome: chain.Applied,
		Time: x.Leaf.Time, Tx: canon.Sum(raw),
	}
	link := &pedigree.Link{
		Type: x.Type, Message: e, Body: x.Body, PaperBC: x.Anchor.Paper, Anchor: anchor, Anchorer: sender, Anchored: chain.Time(x.Leaf.Time),
	}
	return link, merkle.IndexedLeaf{Index: x.Leaf.Index, Hash: leaf.Hash()}, nil
}
