package theriac_test

import (
	"bytes"
	"slices"

	"theriac"
	"theriac/lightclient"
	"theriac/merkle"
)

// A table holds the nodes of a state tree.
type table map[string][]byte

func (n table) Get(k []byte) ([]byte, error) { return n[string(k)], nil }
func (n table) Set(k, v []byte) error        { n[string(k)] = v; return nil }
func (n table) Delete(k []byte) error        { delete(n, string(k)); return nil }

// reseal has the validators sign a state of which these are the records: a ledger that
// lies. Who reads what it says must not stumble.
func (s *scene) reseal(b *theriac.Bundle) {
	s.t.Helper()
	tree := merkle.State{Nodes: table{}}
	var all []merkle.Change
	for i := range b.State {
		if r := &b.State[i]; r.Value != nil {
			all = append(all, merkle.Change{Path: merkle.Path(r.Key), Value: merkle.ValueHash(r.Value)})
		}
	}
	slices.SortFunc(all, func(a, b merkle.Change) int { return bytes.Compare(a.Path[:], b.Path[:]) })
	all = slices.CompactFunc(all, func(a, b merkle.Change) bool { return a.Path == b.Path }) // a record may stand twice
	if err := tree.Update(all); err != nil {
		s.t.Fatal(err)
	}
	for i := range b.State {
		r := &b.State[i]
		proof, err := tree.Prove(r.Key)
		if err != nil {
			s.t.Fatal(err)
		}
		*r = theriac.NewRecord(r.Key, r.Value, proof)
	}
	b.Root.StateRoot = tree.Root
	s.sign(b, func(h *lightclient.Header) { h.AppHash = b.Root.AppHash() })
}

// sign has the validators sign the last header again, as do leaves it.
func (s *scene) sign(b *theriac.Bundle, do func(h *lightclient.Header)) {
	if len(b.Chain) == 0 {
		return
	}
	last := &b.Chain[len(b.Chain)-1]
	do(&last.Header)
	*last = s.validators.Sign(last.Header)
}
