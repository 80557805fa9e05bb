package genuine_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/ledger/ledgertest"
)

const (
	chainID   = "theriac-test"
	maker     = "4000000000037"
	deliverer = "4000000000044"
	consignee = "4000000000051"
	product   = gs1.GTIN("04000003000010")
)

// A scene is a product line with a device of its maker and one of a deliverer, and
// eight packs that the maker has registered for a consignee.
type scene struct {
	t              testing.TB
	key            genuine.LineKey
	line           chain.Line
	makers, theirs *ledgertest.Device
	plan           genuine.Consignment
	id             canon.Digest
	registration   chain.Registration
	marks          chain.Hashes
}

// criteria are ranges of three features, in millionths.
func criteria() []genuine.Criterion {
	return []genuine.Criterion{
		{Feature: "mass", Unit: "g", Low: 500_000, High: 530_000},
		{Feature: "nir_distance", Unit: "1", Low: 0, High: 40_000},
		{Feature: "refractive_index", Unit: "1", Low: 1_332_500, High: 1_333_500},
	}
}

// good are readings of a thing that is legitimate.
func good() []genuine.Reading {
	return []genuine.Reading{
		{Feature: "mass", Unit: "g", Value: 512_300},
		{Feature: "nir_distance", Unit: "1", Value: 7_100},
		{Feature: "refractive_index", Unit: "1", Value: 1_333_000},
	}
}

// bad are readings of a counterfeit: too light by a millionth of a gram.
func bad() []genuine.Reading {
	r := good()
	r[0].Value = 499_999
	return r
}

func newScene(t testing.TB) *scene {
	t.Helper()
	s := &scene{
		t: t, makers: ledgertest.NewDevice(&ledgertest.Org{T: t, GLN: maker}), theirs: ledgertest.NewDevice(&ledgertest.Org{T: t, GLN: deliverer}),
		key: genuine.LineKey{
			Line: chain.LineID(maker, product), Epoch: 2, Salt: ledgertest.NewID(), J: genuine.Judgment(ledgertest.NewID()), Criteria: criteria(),
		},
		plan: genuine.Consignment{
			Chain: chainID, Counter: 1, Epoch: 2, From: maker, To: consignee, Place: consignee,
			Fields: map[string]string{"temperature": "4 °C"}, Line: chain.LineID(maker, product), Secret: [32]byte{1, 2, 3},
		},
		id: canon.Sum([]byte("registration")),
	}
	digest, err := s.key.Digest()
	s.must(err)
	s.line = chain.Line{Maker: maker, Put: chain.PutLine{
		GTIN: product, Criteria: digest, Epoch: 2, Devices: []chain.Device{s.makers.Device, s.theirs.Device},
	}}
	slices.SortFunc(s.line.Put.Devices, func(a, b chain.Device) int { return bytes.Compare(a.Point, b.Point) })
	for i := range uint64(8) {
		v, err := s.key.Verification(good(), s.transaction(i))
		s.must(err)
		s.marks = append(s.marks, chain.MarkLeaf(v))
	}
	s.registration = chain.Registration{From: maker, Terms: chain.Terms{
		Line: s.key.Line, Epoch: 2, Counter: 1, To: consignee, Place: consignee, Batch: canon.Sum([]byte("batch")),
		Root: genuine.NewMarkTree(s.marks).Root(), Ranges: []chain.Range{{From: 40, To: 48}},
	}}
	return s
}

func (s *scene) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// transaction is U of a pack.
func (s *scene) transaction(index uint64) *genuine.Transaction {
	return s.plan.Transaction(index, fmt.Sprintf("01%s21S%d", product, index))
}

// challenge is the consignee's for a pack.
func (s *scene) challenge(index uint64) *genuine.Challenge {
	return &genuine.Challenge{
		Registration: s.id, Consignee: consignee, Place: consignee, Nonce: ledgertest.NewID(), Transaction: *s.transaction(index),
	}
}

// answer is what the deliverer's device says to a challenge.
func (s *scene) answer(c *genuine.Challenge) *genuine.Answer {
	s.t.Helper()
	a, err := s.key.Answer(c, good(), s.theirs.Key)
	s.must(err)
	return a
}

func (s *scene) path(index uint64) chain.Hashes {
	s.t.Helper()
	path, err := genuine.MarkPath(s.marks, index)
	s.must(err)
	return path
}

// identify is 3.4, as the consignee's device does it.
func (s *scene) identify(c *genuine.Challenge, a *genuine.Answer) error {
	s.t.Helper()
	_, err := c.Identify(a, s.path(c.Transaction.Index), &s.registration, &s.line)
	return err
}

func kid(t testing.TB, d *ledgertest.Device) canon.Digest {
	t.Helper()
	key, err := envelope.ParseKey(d.Point)
	if err != nil {
		t.Fatal(err)
	}
	return key.ID()
}
