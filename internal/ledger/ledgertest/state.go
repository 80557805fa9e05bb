// Package ledgertest gives tests a ledger in memory and organisations that sign
// what they send to it.
package ledgertest

import (
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/internal/ledger"
	"theriac/merkle"
)

// A TB is what the worlds here need of a test: *testing.T, *testing.B and
// *rapid.T have it.
type TB interface {
	Helper()
	Error(args ...any)
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// A State is a ledger's state and log in maps and slices, with a naive state root.
type State struct {
	Records    map[string][]byte
	Operations map[canon.Digest]uint64
	Leaves     []chain.Leaf
	Txs        [][]byte // of the leaves
	Tags       map[string][]uint64
}

// Get implements ledger.Reader.
func (s *State) Get(key []byte) ([]byte, error) { return s.Records[string(key)], nil }

// First implements ledger.Reader.
func (s *State) First(prefix, from []byte) ([]byte, []byte, error) {
	var first []byte
	for k := range s.Records {
		if strings.HasPrefix(k, string(prefix)) && k >= string(from) && (first == nil || k < string(first)) {
			first = []byte(k)
		}
	}
	return first, s.Records[string(first)], nil
}

// Operation implements ledger.Reader.
func (s *State) Operation(op canon.Digest) (uint64, bool, error) {
	i, ok := s.Operations[op]
	return i, ok, nil
}

// All yields every record.
func (s *State) All() iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		for k, v := range s.Records {
			if !yield([]byte(k), v) {
				return
			}
		}
	}
}

// Clone returns a copy that goes its own way.
func (s *State) Clone() *State {
	c := &State{
		Records: maps.Clone(s.Records), Operations: maps.Clone(s.Operations),
		Leaves: slices.Clone(s.Leaves), Txs: slices.Clone(s.Txs), Tags: maps.Clone(s.Tags),
	}
	for tag, leaves := range c.Tags {
		c.Tags[tag] = slices.Clip(leaves) // both may append
	}
	return c
}

// write applies writes.
func (s *State) write(writes []ledger.Write) {
	for _, w := range writes {
		if w.Value == nil {
			delete(s.Records, string(w.Key))
		} else {
			s.Records[string(w.Key)] = w.Value
		}
	}
}

// Root returns what the app hash of the state commits to.
func (s *State) Root(t TB) chain.Root {
	t.Helper()
	tree := s.tree(t)
	var log merkle.Builder
	for i := range s.Leaves {
		log.Append(s.Leaves[i].Hash())
	}
	return chain.Root{LogRoot: log.Root(), LogSize: log.Size(), StateRoot: tree.Root, Version: chain.Version}
}

type nodes map[string][]byte

func (n nodes) Get(k []byte) ([]byte, error) { return n[string(k)], nil }
func (n nodes) Set(k, v []byte) error        { n[string(k)] = v; return nil }
func (n nodes) Delete(k []byte) error        { delete(n, string(k)); return nil }

// A Chain is a ledger that makes a block whenever it is told to.
type Chain struct {
	T      TB
	Ledger *ledger.Ledger
	State  *State
	Height int64
	Now    time.Time
}

// ChainID is the name of all chains here.
const ChainID = "theriac-test"

// NewChain begins a chain with these first members.
func NewChain(t TB, now time.Time, members ...*Org) *Chain {
	t.Helper()
	c := &Chain{
		T: t, Ledger: &ledger.Ledger{Chain: ChainID}, Now: now,
		State: &State{Records: map[string][]byte{}, Operations: map[canon.Digest]uint64{}, Tags: map[string][]uint64{}},
	}
	var docs [][]byte
	for _, m := range members {
		raw, err := m.Apply(now).Encode()
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, raw)
	}
	g := ledger.NewGenesis(docs...)
	doc, err := g.Encode()
	if err != nil {
		t.Fatal(err)
	}
	writes, err := c.Ledger.Genesis(doc, []chain.Validator{{Key: validator, Power: 10}}, now)
	if err != nil {
		t.Fatal(err)
	}
	c.State.write(writes)
	c.check()
	return c
}

// validator is some Ed25519 public key (RFC 8032 section 7.1, test 1).
var validator = []byte{
	0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
	0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
}

func (c *Chain) check() {
	c.T.Helper()
	if err := ledger.CheckInvariants(c.State.All(), uint64(len(c.State.Leaves))); err != nil {
		c.T.Fatal(err)
	}
}

// Block applies transactions in one block a second after the last and checks
// the invariants.
func (c *Chain) Block(txs ...[]byte) []ledger.Result {
	c.T.Helper()
	c.Height++
	c.Now = c.Now.Add(time.Second)
	b, err := c.Ledger.Begin(c.State, c.Height, c.Now, uint64(len(c.State.Leaves)))
	if err != nil {
		c.T.Fatal(err)
	}
	results := make([]ledger.Result, len(txs))
	for i, raw := range txs {
		if results[i], err = b.Apply(raw); err != nil {
			c.T.Fatal(err)
		}
		if results[i].Outcome != 0 {
			c.State.index(uint64(len(c.State.Txs)), results[i].Tags)
			c.State.Txs = append(c.State.Txs, raw)
		}
	}
	changes, err := b.End()
	if err != nil {
		c.T.Fatal(err)
	}
	c.State.write(changes.State)
	c.State.Leaves = append(c.State.Leaves, changes.Leaves...)
	maps.Copy(c.State.Operations, changes.Operations)
	c.check()
	return results
}

// Try returns what would become of one transaction in the next block, which is
// not made.
func (c *Chain) Try(tx []byte) ledger.Result {
	c.T.Helper()
	b, err := c.Ledger.Begin(c.State, c.Height+1, c.Now.Add(time.Second), uint64(len(c.State.Leaves)))
	if err != nil {
		c.T.Fatal(err)
	}
	r, err := b.Apply(tx)
	if err != nil {
		c.T.Fatal(err)
	}
	return r
}

// Admit applies one transaction that must be accepted.
func (c *Chain) Admit(tx []byte) ledger.Result {
	c.T.Helper()
	r := c.Block(tx)[0]
	if r.Outcome != chain.Applied {
		c.T.Fatalf("refused: %s: %s", r.Code, r.Text)
	}
	return r
}

// Refuse applies one transaction that must be refused with this code and change
// nothing.
func (c *Chain) Refuse(code string, tx []byte) {
	c.T.Helper()
	before := c.State.Root(c.T)
	r := c.Block(tx)[0]
	if r.Outcome != 0 || r.Code != code {
		c.T.Errorf("outcome %d, code %q (%s), want %q", r.Outcome, r.Code, r.Text, code)
	}
	if after := c.State.Root(c.T); after != before {
		c.T.Errorf("a refused transaction changed the state")
	}
}

// Read decodes a record, which must be there.
func (c *Chain) Read(key []byte, v any) {
	c.T.Helper()
	if err := canon.DecodeCBOR(c.State.Records[string(key)], v); err != nil {
		c.T.Fatalf("record %q: %v", key, err)
	}
}
