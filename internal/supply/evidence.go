package supply

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"theriac"
	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/gs1"
	"theriac/lightclient"
	"theriac/merkle"
	"theriac/pedigree"
)

// A View is the ledger after one block, with proofs. It does not change, and its
// methods may be called at once.
type View interface {
	Root() chain.Root
	// Record returns a record of the state, nil if there is none, and its proof.
	Record(key []byte) (value []byte, proof merkle.StateProof, err error)
	// Leaf returns a leaf of the log with its transaction.
	Leaf(index uint64) (leaf chain.Leaf, tx []byte, err error)
	// ProveLeaves returns the multiproof of leaves, by rising index.
	ProveLeaves(indexes []uint64) ([]merkle.Hash, error)
	Index
}

// An Index finds leaves of a View by what they are about. No root covers it: what
// it finds is looked at.
type Index interface {
	// Tagged returns up to limit indexes of leaves about something, from one on.
	Tagged(tag string, from uint64, limit int) ([]uint64, error)
	// TaggedBefore returns the same falling, from below one on.
	TaggedBefore(tag string, before uint64, limit int) ([]uint64, error)
}

// Assemble gathers the evidence of a pack from a view of the ledger, under
// headers that lead to it. It looks, and verifies nothing.
func Assemble(v View, headers []lightclient.LightBlock, s *api.Opening) (*theriac.Bundle, error) {
	a := &assembly{view: v, shown: s, keys: map[string]bool{}, links: map[uint64]*theriac.Exchange{}}
	a.bundle = &theriac.Bundle{
		Type: theriac.BundleType, Chain: headers, Root: v.Root(), Pack: s.Pack,
		Document: s.Document, Transformation: s.Transformation, Exchanges: []theriac.Exchange{}, Log: chain.Hashes{},
	}
	if err := a.batch(); err != nil {
		return nil, err
	}
	if err := a.prove(); err != nil {
		return nil, err
	}
	return a.bundle, nil
}

type assembly struct {
	view   View
	shown  *api.Opening
	bundle *theriac.Bundle
	keys   map[string]bool // of the records that the bundle needs
	links  map[uint64]*theriac.Exchange
}

func (a *assembly) need(key []byte) { a.keys[string(key)] = true }

// read decodes a record and takes it into the bundle, present or absent.
func (a *assembly) read(key []byte, into any) (bool, error) {
	a.need(key)
	return a.look(key, into)
}

// look decodes a record that the bundle need not bring.
func (a *assembly) look(key []byte, into any) (bool, error) {
	raw, _, err := a.view.Record(key)
	if err != nil || raw == nil {
		return false, err
	}
	return true, canon.DecodeCBOR(raw, into)
}

func (a *assembly) batch() error {
	var b chain.Batch
	ok, err := a.read(chain.BatchKey(a.shown.Batch), &b)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("%w: batch %s", ErrUnknown, a.shown.Batch)
	}
	a.need(chain.MemberKey(b.Holder))
	a.need(chain.ProductKey(b.Release.GTIN))
	if err := a.alerts(b.Release.Size); err != nil {
		return err
	}
	if err := a.measured(&b); err != nil {
		return err
	}
	if b.Release.Certificate == "" {
		a.need(chain.EvidenceKey(b.Release.Evidence, b.Holder))
		return nil
	}
	var cert chain.Certificate
	ok, err = a.read(chain.CertificateKey(b.Release.Certificate), &cert)
	if err != nil {
		return err
	}
	if ok {
		if err := a.follow(cert.Anchor); err != nil {
			return err
		}
	}
	for _, bc := range b.Release.Materials {
		if err := a.follow(bc); err != nil {
			return err
		}
	}
	return a.onward()
}

// follow takes a message and all that it follows, back to the first.
func (a *assembly) follow(bc canon.Digest) error {
	raw, _, err := a.view.Record(chain.ExchangeKey(bc))
	if err != nil {
		return err
	}
	if raw == nil {
		return fmt.Errorf("%w: message %s", ErrUnknown, bc)
	}
	var anchor chain.Anchor
	if err := canon.DecodeCBOR(raw, &anchor); err != nil {
		return err
	}
	_, err = a.take(anchor.Index)
	return err
}

// take takes the message of a leaf with all that it follows.
func (a *assembly) take(index uint64) (*envelope.Envelope, error) {
	leaf, tx, err := a.view.Leaf(index)
	if err != nil {
		return nil, err
	}
	x, err := theriac.NewExchange(tx, index, &leaf)
	if err != nil {
		return nil, err
	}
	e, err := envelope.ParseJWS([]byte(x.Envelope))
	if err != nil {
		return nil, err
	}
	if a.links[index] != nil {
		return e, nil
	}
	a.links[index] = x
	a.need(chain.MemberKey(e.Claims.Issuer))
	a.need(chain.MemberKey(e.Claims.Audience))
	for _, bc := range e.Claims.Prev {
		if err := a.follow(bc); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// page is how many leaves are looked at in one go.
const page = 256

// onward takes what moved the pack on from its maker, with the answers.
func (a *assembly) onward() error {
	return a.each("handover/"+a.shown.Batch.String(), func(index uint64, tx []byte) error {
		moves, err := a.moves(tx)
		if err != nil || !moves {
			return err
		}
		e, err := a.take(index)
		if err != nil {
			return err
		}
		return a.each("prev/"+e.Digest().String(), func(index uint64, tx []byte) error {
			typ, _, err := message(tx)
			if err != nil || typ != pedigree.TypeSalesStatus && typ != pedigree.TypeReceipt {
				return err
			}
			_, err = a.take(index)
			return err
		})
	})
}

// each calls do for every leaf with a tag.
func (a *assembly) each(tag string, do func(index uint64, tx []byte) error) error {
	for from := uint64(0); ; {
		found, err := a.view.Tagged(tag, from, page)
		if err != nil {
			return err
		}
		for _, index := range found {
			_, tx, err := a.view.Leaf(index)
			if err != nil {
				return err
			}
			if err := do(index, tx); err != nil {
				return err
			}
			from = index + 1
		}
		if len(found) < page {
			return nil
		}
	}
}

// message returns type and content of the exchange that a transaction anchors;
// empty if it anchors none.
func message(tx []byte) (string, pedigree.Content, error) {
	m, err := envelope.ParseSign1(tx, chain.TxType)
	if err != nil {
		return "", nil, err
	}
	var t chain.Tx
	if err := canon.DecodeCBOR(m.Payload, &t); err != nil || t.Kind != chain.KindExchange {
		return "", nil, err
	}
	x, err := theriac.NewExchange(tx, 0, &chain.Leaf{})
	if err != nil {
		return "", nil, err
	}
	c, err := pedigree.Read(x.Type, x.Body)
	return x.Type, c, err
}

// moves reports whether a transaction anchors the hand-over of the pack.
func (a *assembly) moves(tx []byte) (bool, error) {
	_, content, err := message(tx)
	var parcels []pedigree.Parcel
	switch c := content.(type) {
	case *pedigree.Distribution:
		parcels = c.Parcels
	case *pedigree.Dispatch:
		parcels = c.Parcels
	}
	for _, p := range parcels {
		if p.Batch == a.shown.Batch && slices.ContainsFunc(p.Ranges, func(r chain.Range) bool {
			return r.From <= a.shown.Pack.Index && a.shown.Pack.Index < r.To
		}) {
			return true, err
		}
	}
	return false, err
}

// prove adds the proofs of leaves and records.
func (a *assembly) prove() error {
	var indexes []uint64
	for index, x := range a.links {
		indexes = append(indexes, index)
		a.bundle.Exchanges = append(a.bundle.Exchanges, *x)
	}
	slices.Sort(indexes)
	slices.SortFunc(a.bundle.Exchanges, func(x, y theriac.Exchange) int { return cmp.Compare(x.Leaf.Index, y.Leaf.Index) })
	if len(indexes) > 0 {
		proof, err := a.view.ProveLeaves(indexes)
		if err != nil {
			return err
		}
		if proof != nil {
			a.bundle.Log = proof
		}
	}
	keys := make([]string, 0, len(a.keys))
	for k := range a.keys {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		value, proof, err := a.view.Record([]byte(k))
		if err != nil {
			return err
		}
		a.bundle.State = append(a.bundle.State, theriac.NewRecord([]byte(k), value, proof))
	}
	return nil
}

// Case returns up to 256 messages that are anchored under a case (ID_BC), from a
// leaf on, as the ledger has them.
func (d *Desk) Case(ctx context.Context, name string, from uint64) ([]theriac.Exchange, error) {
	_, v, done, err := d.Ledger.Evidence(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBusy, err)
	}
	defer done()
	found, err := v.Tagged("case/"+name, from, page)
	if err != nil {
		return nil, err
	}
	out := make([]theriac.Exchange, 0, len(found))
	for _, index := range found {
		leaf, tx, err := v.Leaf(index)
		if err != nil {
			return nil, err
		}
		x, err := theriac.NewExchange(tx, index, &leaf)
		if err != nil {
			return nil, err
		}
		out = append(out, *x)
	}
	return out, nil
}

// Bundle returns the evidence of a pack, as the ledger has it now.
func (d *Desk) Bundle(ctx context.Context, id gs1.Identifier) (*theriac.Bundle, error) {
	o, err := d.Opening(ctx, id)
	if err != nil {
		return nil, err
	}
	headers, view, done, err := d.Ledger.Evidence(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBusy, err)
	}
	defer done()
	return Assemble(view, headers, o)
}
