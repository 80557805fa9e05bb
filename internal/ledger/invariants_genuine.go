package ledger

import (
	"encoding/binary"
	"fmt"

	"theriac/canon"
	"theriac/chain"
)

func (s *invariants) line(_ []byte, name string) error {
	var l chain.Line
	id := canon.Digest([]byte(name))
	if err := s.must(chain.LineKey(id), &l); err != nil {
		return err
	}
	if chain.LineID(l.Maker, l.Put.GTIN) != id || l.Put.Epoch == 0 || l.Index >= s.size {
		return fmt.Errorf("line %+v", l)
	}
	return checkDevices(l.Put.Devices)
}

func (s *invariants) registered(_ []byte, name string) error {
	r, err := s.registration(canon.Digest([]byte(name)))
	if err != nil {
		return err
	}
	t := &r.Terms
	var l chain.Line
	if err := s.must(chain.LineKey(t.Line), &l); err != nil {
		return err
	}
	if r.Index >= s.size || t.Counter == 0 || t.Epoch == 0 || t.Epoch > l.Put.Epoch || t.Size() == 0 {
		return fmt.Errorf("registration %+v", r)
	}
	for _, gln := range []string{r.From, t.To} {
		if _, err := member(s, gln); err != nil {
			return err
		}
	}
	if t.Material != nil {
		return t.Material.Check()
	}
	b, err := s.batchOf(t.Batch)
	if err != nil {
		return err
	}
	if b.Release.GTIN != l.Put.GTIN || b.Holder != l.Maker || t.Ranges[len(t.Ranges)-1].To > b.Release.Size {
		return fmt.Errorf("registration of %+v", b)
	}
	return nil
}

func (s *invariants) registration(id canon.Digest) (*chain.Registration, error) {
	var r chain.Registration
	return &r, s.must(chain.RegistrationKey(id), &r)
}

// mark: what is verified was registered before.
func (s *invariants) mark(key []byte, name string) error {
	var m chain.Mark
	if err := s.must(key, &m); err != nil {
		return err
	}
	r, err := s.registration(canon.Digest([]byte(name[:32])))
	if err != nil {
		return err
	}
	if index := binary.BigEndian.Uint64([]byte(name[32:])); index >= r.Terms.Size() || m.Index <= r.Index || m.Index >= s.size {
		return fmt.Errorf("mark %d of %+v: %+v", index, r, m)
	}
	return nil
}

func (s *invariants) material(key []byte, _ string) error {
	var id canon.Digest
	if err := s.must(key, &id); err != nil {
		return err
	}
	r, err := s.registration(id)
	if err != nil {
		return err
	}
	if r.Terms.Material == nil || string(chain.MaterialKey(*r.Terms.Material)) != string(key) {
		return fmt.Errorf("material %+v", r)
	}
	return nil
}

func (s *invariants) redeemed(key []byte, name string) error {
	var r chain.Redemption
	if err := s.must(key, &r); err != nil {
		return err
	}
	b, err := s.batchOf(canon.Digest([]byte(name[:32])))
	if err != nil {
		return err
	}
	if place := binary.BigEndian.Uint64([]byte(name[32:])); b.Release.Codes.IsZero() || place >= b.Release.Size || r.Index >= s.size {
		return fmt.Errorf("redemption %+v", r)
	}
	_, err = member(s, r.By)
	return err
}

// marks: the packs of a page have registrations of the batch that are of them.
func (s *invariants) marks(batch canon.Digest, no uint64, runs []chain.MarkRun) error {
	first := uint64(0)
	for i, run := range runs {
		if uint64(run.End) <= first || i > 0 && runs[i-1].Registration == run.Registration {
			return fmt.Errorf("runs %v", runs)
		}
		if !run.Registration.IsZero() {
			r, err := s.registration(run.Registration)
			if err != nil {
				return err
			}
			for place := first; place < uint64(run.End); place++ {
				if _, ok := r.Terms.Mark(no*chain.PageUnits + place); !ok || r.Terms.Batch != batch {
					return fmt.Errorf("pack %d is not of registration %s", place, run.Registration)
				}
			}
		}
		first = uint64(run.End)
	}
	if n := len(runs); n > 0 && (first != chain.PageUnits || n == 1 && runs[0].Registration.IsZero()) {
		return fmt.Errorf("runs %v", runs)
	}
	return nil
}

func (s *invariants) alert(key []byte, _ string) error {
	var a chain.Alert
	if err := s.must(key, &a); err != nil {
		return err
	}
	if a.Index >= s.size || len(a.Units) == 0 && a.Registration.IsZero() {
		return fmt.Errorf("alert %+v", a)
	}
	if a.Batch.IsZero() {
		_, err := s.registration(a.Registration)
		return err
	}
	_, err := s.batchOf(a.Batch)
	return err
}
