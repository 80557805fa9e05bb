package genuine_test

import (
	"bytes"
	"crypto/hpke"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/ledger/ledgertest"
)

// sealed is the scene's key, changed, for the deliverer's device.
func (s *scene) sealed(change func(k *genuine.LineKey)) []byte {
	s.t.Helper()
	k := s.key
	k.Criteria = criteria()
	change(&k)
	raw, err := genuine.SealLineKey(chainID, &s.theirs.Device, &k)
	s.must(err)
	return raw
}

func same(*genuine.LineKey) {}

func TestLineKey(t *testing.T) {
	s := newScene(t)
	raw := s.sealed(same)
	got, err := genuine.OpenLineKey(chainID, &s.theirs.Device, s.theirs.Open, &s.line, raw)
	s.must(err)
	if d := cmp.Diff(*got, s.key, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("opened (-got +want):\n%s", d)
	}
	if bytes.Equal(raw, s.sealed(same)) {
		t.Error("sealed twice to the same bytes")
	}
	if bytes.Contains(raw, s.key.J[:]) || bytes.Contains(raw, []byte("mass")) {
		t.Error("the seal shows what it holds")
	}
}

// What does not open, or to something that is not the line's, is no key.
func TestLineKeyRefused(t *testing.T) {
	s := newScene(t)
	other := s.line
	other.Maker = deliverer
	next := s.line
	next.Put.Epoch = 3
	next.Put.Criteria = canon.Sum([]byte("other criteria"))
	for name, tt := range map[string]struct {
		chain  string
		device *ledgertest.Device
		open   hpke.PrivateKey
		line   *chain.Line
		change func(k *genuine.LineKey)
		want   error
	}{
		"an earlier epoch":         {chainID, s.theirs, s.theirs.Open, &next, same, nil},
		"another chain":            {"other", s.theirs, s.theirs.Open, &s.line, same, genuine.ErrSealed},
		"another device":           {chainID, s.makers, s.makers.Open, &s.line, same, genuine.ErrSealed},
		"another device's key":     {chainID, s.theirs, s.makers.Open, &s.line, same, genuine.ErrSealed},
		"another device's name":    {chainID, s.makers, s.theirs.Open, &s.line, same, genuine.ErrSealed},
		"another line":             {chainID, s.theirs, s.theirs.Open, &other, same, genuine.ErrSealed},
		"a line key of another":    {chainID, s.theirs, s.theirs.Open, &s.line, func(k *genuine.LineKey) { k.Line[0] ^= 1 }, genuine.ErrSealed},
		"a later epoch":            {chainID, s.theirs, s.theirs.Open, &s.line, func(k *genuine.LineKey) { k.Epoch = 3 }, genuine.ErrSealed},
		"no epoch":                 {chainID, s.theirs, s.theirs.Open, &s.line, func(k *genuine.LineKey) { k.Epoch = 0 }, genuine.ErrSealed},
		"wider criteria":           {chainID, s.theirs, s.theirs.Open, &s.line, func(k *genuine.LineKey) { k.Criteria[0].High++ }, genuine.ErrSealed},
		"fewer criteria":           {chainID, s.theirs, s.theirs.Open, &s.line, func(k *genuine.LineKey) { k.Criteria = k.Criteria[:2] }, genuine.ErrSealed},
		"another salt":             {chainID, s.theirs, s.theirs.Open, &s.line, func(k *genuine.LineKey) { k.Salt[0] ^= 1 }, genuine.ErrSealed},
		"no judgment value":        {chainID, s.theirs, s.theirs.Open, &s.line, func(k *genuine.LineKey) { k.J = genuine.Judgment{} }, genuine.ErrSealed},
		"none, of an earlier":      {chainID, s.theirs, s.theirs.Open, &next, func(k *genuine.LineKey) { k.J = genuine.Judgment{} }, genuine.ErrSealed},
		"no criteria":              {chainID, s.theirs, s.theirs.Open, &s.line, func(k *genuine.LineKey) { k.Criteria = nil }, genuine.ErrCriterion},
		"no criteria, of earlier":  {chainID, s.theirs, s.theirs.Open, &next, func(k *genuine.LineKey) { k.Criteria = nil }, genuine.ErrCriterion},
		"criteria that do not fit": {chainID, s.theirs, s.theirs.Open, &s.line, func(k *genuine.LineKey) { k.Criteria[0].Low = k.Criteria[0].High + 1 }, genuine.ErrCriterion},
	} {
		k, err := genuine.OpenLineKey(tt.chain, &tt.device.Device, tt.open, tt.line, s.sealed(tt.change))
		if !errors.Is(err, tt.want) || (k == nil) != (tt.want != nil) {
			t.Errorf("%s: %v, %v, want %v", name, k, err, tt.want)
		}
	}
}

func TestLineKeyBentBytes(t *testing.T) {
	s := newScene(t)
	raw := s.sealed(same)
	for i := range raw {
		bent := bytes.Clone(raw)
		bent[i] ^= 1 << (i % 8)
		if k, err := genuine.OpenLineKey(chainID, &s.theirs.Device, s.theirs.Open, &s.line, bent); !errors.Is(err, genuine.ErrSealed) || k != nil {
			t.Fatalf("byte %d: %v, %v, want ErrSealed", i, k, err)
		}
	}
	for n := range len(raw) {
		if k, err := genuine.OpenLineKey(chainID, &s.theirs.Device, s.theirs.Open, &s.line, raw[:n]); err == nil || k != nil {
			t.Fatalf("the first %d bytes: %v, %v", n, k, err)
		}
	}
}

// A device that has no key, or none for the seal, gets nothing.
func TestSealLineKeyToNoDevice(t *testing.T) {
	s := newScene(t)
	point := bytes.Clone(s.theirs.Seal)
	point[64] ^= 1
	for name, tt := range map[string]struct {
		d    chain.Device
		want error
	}{
		"no seal key":  {chain.Device{Point: s.theirs.Point}, genuine.ErrSealed},
		"off curve":    {chain.Device{Point: s.theirs.Point, Seal: point}, genuine.ErrSealed},
		"infinity":     {chain.Device{Point: s.theirs.Point, Seal: []byte{0}}, genuine.ErrSealed},
		"no key":       {chain.Device{Seal: s.theirs.Seal}, envelope.ErrKey},
		"not its form": {chain.Device{Point: s.theirs.Point[1:], Seal: s.theirs.Seal}, envelope.ErrKey},
	} {
		if raw, err := genuine.SealLineKey(chainID, &tt.d, &s.key); !errors.Is(err, tt.want) || raw != nil {
			t.Errorf("%s: %d bytes, %v, want %v", name, len(raw), err, tt.want)
		}
	}
}

// The ledger's digest says nothing of the ranges to who tries ranges.
func TestCriteriaDigestIsSalted(t *testing.T) {
	s := newScene(t)
	other := s.key
	other.Salt[0] ^= 1
	a, err := s.key.Digest()
	s.must(err)
	b, err := other.Digest()
	s.must(err)
	if a == b {
		t.Error("two salts, one digest")
	}
}

// A line has one name for a maker and product, which no other pair has.
func TestLineID(t *testing.T) {
	if chain.LineID("4", gs1.GTIN("00")) == chain.LineID("40", gs1.GTIN("0")) {
		t.Error("two lines have one name")
	}
}
