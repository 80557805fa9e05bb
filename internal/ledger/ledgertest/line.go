package ledgertest

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rand"
	"slices"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/merkle"
)

// A Device is a measuring device, in memory.
type Device struct {
	chain.Device
	Key  *ecdsa.PrivateKey
	Open hpke.PrivateKey
}

// NewDevice makes a device that an organisation operates.
func NewDevice(operator *Org) *Device {
	t := operator.T
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := envelope.KeyOf(key)
	if err != nil {
		t.Fatal(err)
	}
	seal, err := hpke.DHKEM(ecdh.P256()).GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return &Device{chain.Device{Point: pub.Point(), Seal: seal.PublicKey().Bytes(), Operator: operator.GLN}, key, seal}
}

// A Line is a product line of the world's manufacturer, or of its supplier.
type Line struct {
	World *World
	Maker *Org
	Key   genuine.LineKey
	Put   chain.PutLine
}

// NewLine returns the product line of a GTIN with these devices, not yet on the ledger.
// What weighs 0.5 to 0.53 g is legitimate.
func (w *World) NewLine(maker *Org, gtin gs1.GTIN, devices ...*Device) *Line {
	w.T.Helper()
	l := &Line{World: w, Maker: maker, Key: genuine.LineKey{
		Line: chain.LineID(maker.GLN, gtin), Epoch: 1, Salt: NewID(), J: genuine.Judgment(NewID()),
		Criteria: []genuine.Criterion{{Feature: "mass", Unit: "g", Low: 500_000, High: 530_000}},
	}, Put: chain.PutLine{GTIN: gtin, Epoch: 1}}
	digest, err := l.Key.Digest()
	if err != nil {
		w.T.Fatal(err)
	}
	l.Put.Criteria = digest
	for _, d := range devices {
		l.Put.Devices = append(l.Put.Devices, d.Device)
	}
	slices.SortFunc(l.Put.Devices, func(a, b chain.Device) int { return bytes.Compare(a.Point, b.Point) })
	return l
}

// Tx returns the transaction that puts the line on the ledger as it is now.
func (l *Line) Tx() []byte { return l.Maker.Tx(l.World.Now, chain.KindLine, l.Put) }

// Good is what is read of a legitimate thing.
func Good() []genuine.Reading {
	return []genuine.Reading{{Feature: "mass", Unit: "g", Value: 512_300}}
}

// A Shipment is what is to be registered of things.
type Shipment struct {
	Line  *Line
	Terms chain.Terms
	Plan  genuine.Consignment
	Marks chain.Hashes
	From  *Org
}

// Ship measures things for a consignee: packs of the world's batch, or with no ranges
// a lot of material.
func (l *Line) Ship(from, to *Org, change func(*chain.Terms)) *Shipment {
	t := l.World.T
	t.Helper()
	s := &Shipment{Line: l, From: from, Terms: chain.Terms{
		Line: l.Key.Line, Epoch: l.Key.Epoch, Counter: 1, To: to.GLN, Place: to.GLN, Batch: l.World.Batch,
	}}
	change(&s.Terms)
	s.Plan = genuine.Consignment{
		Chain: ChainID, Counter: s.Terms.Counter, Epoch: s.Terms.Epoch, From: from.GLN, Line: l.Key.Line,
		Place: s.Terms.Place, To: s.Terms.To, Secret: [32]byte{1, 2, 3},
	}
	if s.Terms.Whole || s.Terms.Material != nil {
		s.Plan.Item = "one thing"
	}
	for i := range s.Terms.Size() {
		v, err := l.Key.Verification(Good(), s.transaction(i))
		if err != nil {
			t.Fatal(err)
		}
		s.Marks = append(s.Marks, chain.MarkLeaf(v))
	}
	s.Terms.Root = merkle.Root(s.Marks)
	return s
}

func (s *Shipment) transaction(index uint64) *genuine.Transaction {
	return s.Plan.Transaction(index, "an item")
}

// Register returns the argument of its registration, measured by a device.
func (s *Shipment) Register(by *Device) chain.Register {
	t := s.Line.World.T
	t.Helper()
	signed, err := chain.Registered(ChainID, s.From.GLN, &s.Terms)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := envelope.SignDigest(by.Key, signed)
	if err != nil {
		t.Fatal(err)
	}
	return chain.Register{Terms: s.Terms, Device: by.id(), Signature: sig}
}

func (d *Device) id() canon.Digest {
	key, err := envelope.ParseKey(d.Point)
	if err != nil {
		panic(err)
	}
	return key.ID()
}

// Admit registers the shipment and returns the transaction's operation and the
// registration's name.
func (s *Shipment) Admit(by *Device) (id canon.Digest) {
	s.Line.World.T.Helper()
	r := s.Line.World.Admit(s.From.Tx(s.Line.World.Now, chain.KindRegister, s.Register(by)))
	return chain.RegistrationID(r.Operation)
}

// Identify returns the argument that identifies a thing for a consignee, as a device
// measured it.
func (s *Shipment) Identify(id canon.Digest, consignee *Org, by *Device, index uint64, change func(*genuine.Challenge)) chain.Identify {
	t := s.Line.World.T
	t.Helper()
	c := genuine.Challenge{
		Registration: id, Consignee: consignee.GLN, Place: s.Terms.Place, Nonce: NewID(), Transaction: *s.transaction(index),
	}
	if change != nil {
		change(&c)
	}
	a, err := s.Line.Key.Answer(&c, Good(), by.Key)
	if err != nil {
		t.Fatal(err)
	}
	return chain.Identify{
		Registration: id, Index: c.Transaction.Index, Path: s.Path(index), Place: c.Place, Nonce: c.Nonce,
		Key: a.Key, Proof: a.Proof, Device: a.Device, Signature: a.Signature,
	}
}

// Path leads from a mark to the root.
func (s *Shipment) Path(index uint64) chain.Hashes {
	path, err := genuine.MarkPath(s.Marks, index)
	if err != nil {
		s.Line.World.T.Fatal(err)
	}
	return path
}
