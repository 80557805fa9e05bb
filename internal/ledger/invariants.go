package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/gs1"
	"theriac/pedigree"
)

// ErrInvariant is returned for a state that no sequence of transactions makes.
var ErrInvariant = errors.New("ledger: invariant broken")

// CheckInvariants reads a whole state and returns ErrInvariant, with what is
// wrong, unless all of these hold:
//
//   - every record decodes, stands under a known key, and is about the key's name;
//   - every registered key is one member's, and every member's keys are registered;
//   - the governors listed are the active members with that role, and there is one;
//   - there are parameters within their bounds, and a validator with power;
//   - no company prefix of one member begins another's, and each of a member's is listed;
//   - every certificate was issued by an administration to a manufacturer with
//     licence for its products, each of which it holds alone;
//   - every batch with a certificate has that certificate's holder and one of its
//     products, and materials that were supplied to the holder;
//   - every exchange's predecessors are anchored before it and allow it, and a
//     dispatch moves only batches that came with them;
//   - every page lies in its batch, has known states and maximal runs of members;
//   - every registration is of its line's product and maker, what is verified was
//     registered before, and the runs of a page name registrations of its packs;
//   - nothing can be undone that destroyed packs or found them stolen;
//   - leaves that records name are in the log of size leaves.
func CheckInvariants(state iter.Seq2[[]byte, []byte], size uint64) error {
	s := invariants{records: map[string][]byte{}, size: size}
	for k, v := range state {
		s.records[string(k)] = bytes.Clone(v)
	}
	for k := range s.records {
		if err := s.record(k); err != nil {
			return fmt.Errorf("%w: %q: %w", ErrInvariant, k, err)
		}
	}
	if err := s.consortium(); err != nil {
		return fmt.Errorf("%w: %w", ErrInvariant, err)
	}
	return nil
}

type invariants struct {
	records map[string][]byte
	size    uint64
}

func (s *invariants) Get(key []byte) ([]byte, error) { return s.records[string(key)], nil }

// must reads a record that has to be there.
func (s *invariants) must(key []byte, v any) error {
	ok, err := read(s, key, v)
	if err == nil && !ok {
		err = fmt.Errorf("%q is missing", key)
	}
	return err
}

func (s *invariants) record(k string) error {
	word, name, _ := strings.Cut(k, "/")
	check, ok := map[string]func(key []byte, name string) error{
		"params": func(key []byte, _ string) error {
			var p chain.Params
			return errors.Join(s.must(key, &p), checkParams(&p))
		},
		"governors":   func(key []byte, _ string) error { var g chain.Governors; return s.must(key, &g) },
		"validators":  s.validators,
		"prefixes":    s.prefixes,
		"member":      s.member,
		"key":         s.key,
		"proposal":    func(key []byte, _ string) error { var p chain.Proposal; return s.must(key, &p) },
		"message":     s.message,
		"exchange":    s.exchange,
		"certificate": s.certificate,
		"product":     s.product,
		"batch":       s.batch,
		"units":       s.page,
		"undo":        s.undoable,
		"alert":       s.alert,
		"evidence":    s.evidence,
		"line":        s.line, "registration": s.registered, "mark": s.mark, "material": s.material, "redeemed": s.redeemed,
	}[word]
	if !ok {
		return errors.New("unknown kind of record")
	}
	return check([]byte(k), name)
}

func (s *invariants) consortium() error {
	var governors chain.Governors
	if err := s.must(chain.GovernorsKey(), &governors); err != nil {
		return err
	}
	for _, key := range [][]byte{chain.ParamsKey(), chain.ValidatorsKey()} {
		if s.records[string(key)] == nil {
			return fmt.Errorf("%q is missing", key)
		}
	}
	var want []string
	for k := range s.records {
		if gln, ok := strings.CutPrefix(k, "member/"); ok {
			m, err := member(s, gln)
			if err != nil {
				return err
			}
			if m.Status == chain.Active && m.Is(chain.Governor) {
				want = append(want, gln)
			}
		}
	}
	slices.Sort(want)
	if len(want) == 0 || !slices.Equal(want, governors) {
		return fmt.Errorf("governors %v, listed %v", want, governors)
	}
	return nil
}

func (s *invariants) validators(key []byte, _ string) error {
	var all chain.Validators
	if err := s.must(key, &all); err != nil {
		return err
	}
	for i, v := range all {
		if v.Power < 1 || i > 0 && bytes.Compare(all[i-1].Key, v.Key) >= 0 {
			return fmt.Errorf("validators %+v", all)
		}
	}
	if len(all) == 0 {
		return ErrLastValidator
	}
	return nil
}

func (s *invariants) prefixes(key []byte, _ string) error {
	var all chain.Prefixes
	if err := s.must(key, &all); err != nil {
		return err
	}
	for i, p := range all {
		m, err := member(s, p.Member)
		if err != nil {
			return err
		}
		if !slices.Contains(m.Prefixes, p.Digits) {
			return fmt.Errorf("prefix %s is not with %s", p.Digits, p.Member)
		}
		for _, q := range all[:i] {
			if q.Member != p.Member && (strings.HasPrefix(p.Digits, q.Digits) || strings.HasPrefix(q.Digits, p.Digits)) {
				return fmt.Errorf("prefixes %s and %s overlap", p.Digits, q.Digits)
			}
		}
	}
	return nil
}

func (s *invariants) member(_ []byte, gln string) error {
	m, err := member(s, gln)
	if err != nil {
		return err
	}
	if m.GLN != gln || len(m.Keys) == 0 || len(m.Keys) > MaxKeys || m.Since == 0 {
		return fmt.Errorf("member %+v", m)
	}
	for _, k := range m.Keys {
		key, err := envelope.ParseKey(k.Point)
		if err != nil {
			return err
		}
		if owner := s.records[string(chain.KeyKey(key.ID()))]; string(owner) != gln {
			return fmt.Errorf("key %s is registered for %q", key.ID(), owner)
		}
	}
	var all chain.Prefixes
	if err := s.must(chain.PrefixesKey(), &all); err != nil {
		return err
	}
	for _, p := range m.Prefixes {
		if !slices.Contains(all, chain.Prefix{Digits: p, Member: gln}) {
			return fmt.Errorf("prefix %s is not listed", p)
		}
	}
	return errors.Join(pedigree.CheckRoles(m.Roles), pedigree.CheckPrefixes(m.Prefixes))
}

func (s *invariants) key(_ []byte, name string) error {
	_, _, err := Holder(s, canon.Digest([]byte(name)))
	return err
}

func (s *invariants) message(key []byte, _ string) error {
	var bc canon.Digest
	var a chain.Anchor
	if err := s.must(key, &bc); err != nil {
		return err
	}
	return s.must(chain.ExchangeKey(bc), &a)
}

func (s *invariants) exchange(key []byte, _ string) error {
	var a chain.Anchor
	if err := s.must(key, &a); err != nil {
		return err
	}
	x, err := pedigree.Find(a.Type)
	if err != nil {
		return err
	}
	prev := make([]chain.Anchor, len(a.Prev))
	for i, bc := range a.Prev {
		if err := s.must(chain.ExchangeKey(bc), &prev[i]); err != nil {
			return err
		}
		if prev[i].Index >= a.Index {
			return fmt.Errorf("leaf %d follows leaf %d", a.Index, prev[i].Index)
		}
	}
	if a.Index >= s.size {
		return fmt.Errorf("leaf %d of %d", a.Index, s.size)
	}
	for _, b := range a.Batches {
		came := slices.ContainsFunc(prev, func(p chain.Anchor) bool { return slices.Contains(p.Batches, b) })
		if a.Type == pedigree.TypeDispatch && !came {
			return fmt.Errorf("batch %s came with none of what it follows", b)
		}
	}
	return x.CheckPrev(&envelope.Claims{Type: a.Type, Case: a.Case, Issuer: a.Issuer, Audience: a.Audience, Prev: a.Prev}, prev)
}

func (s *invariants) certificate(key []byte, name string) error {
	var c chain.Certificate
	if err := s.must(key, &c); err != nil {
		return err
	}
	if c.Number != name || c.Until <= c.From {
		return fmt.Errorf("certificate %+v", c)
	}
	var a chain.Anchor
	if err := s.must(chain.ExchangeKey(c.Anchor), &a); err != nil {
		return err
	}
	if a.Type != pedigree.TypeDecision || a.Issuer != c.Issuer || a.Audience != c.Holder || a.Certificate != c.Number {
		return fmt.Errorf("carried by %+v", a)
	}
	for _, g := range c.GTINs {
		var p chain.Product
		if err := s.must(chain.ProductKey(g), &p); err != nil {
			return err
		}
		if p.Holder != c.Holder {
			return fmt.Errorf("product %s is held by %s", g, p.Holder)
		}
	}
	return nil
}

func (s *invariants) product(key []byte, name string) error {
	var p chain.Product
	if err := s.must(key, &p); err != nil {
		return err
	}
	if string(p.GTIN) != name {
		return fmt.Errorf("product %+v", p)
	}
	_, err := member(s, p.Holder)
	return errors.Join(err, p.GTIN.Check())
}

func (s *invariants) batch(_ []byte, name string) error {
	b, err := s.batchOf(canon.Digest([]byte(name)))
	if err != nil {
		return err
	}
	r := &b.Release
	if b.Index >= s.size || r.Size == 0 {
		return fmt.Errorf("batch %+v", b)
	}
	if r.Certificate == "" {
		var e chain.EvidenceAnchor
		return s.must(chain.EvidenceKey(r.Evidence, b.Holder), &e)
	}
	var c chain.Certificate
	if err := s.must(chain.CertificateKey(r.Certificate), &c); err != nil {
		return err
	}
	if c.Holder != b.Holder || !slices.Contains(c.GTINs, r.GTIN) {
		return fmt.Errorf("certificate %+v", c)
	}
	for _, bc := range r.Materials {
		var a chain.Anchor
		if err := s.must(chain.ExchangeKey(bc), &a); err != nil {
			return err
		}
		if a.Type != pedigree.TypeMaterialSupply || a.Audience != b.Holder || a.Index >= b.Index {
			return fmt.Errorf("material %+v", a)
		}
	}
	return nil
}

func (s *invariants) batchOf(id canon.Digest) (*chain.Batch, error) {
	var b chain.Batch
	if err := s.must(chain.BatchKey(id), &b); err != nil {
		return nil, err
	}
	if chain.BatchID(b.Holder, b.Release.GTIN, b.Release.Lot) != id {
		return nil, fmt.Errorf("batch %+v", b)
	}
	return &b, (gs1.LGTIN{GTIN: b.Release.GTIN, Lot: b.Release.Lot}).Check()
}

func (s *invariants) page(key []byte, name string) error {
	b, err := s.batchOf(canon.Digest([]byte(name[:32])))
	if err != nil {
		return err
	}
	var p chain.Page
	if err := s.must(key, &p); err != nil {
		return err
	}
	no := uint64(name[32])<<24 | uint64(name[33])<<16 | uint64(name[34])<<8 | uint64(name[35])
	if p.Freed > s.size || p.Freed > 0 && len(p.States) == 0 {
		return fmt.Errorf("page %d: freed by leaf %d of %d", no, p.Freed, s.size)
	}
	if no*chain.PageUnits >= b.Release.Size || len(p.States) != 0 && len(p.States) != chain.PageUnits/2 || len(p.States)+len(p.Custody)+len(p.Marks) == 0 {
		return fmt.Errorf("page %d of a batch of %d: %d bytes, %d runs", no, b.Release.Size, len(p.States), len(p.Custody))
	}
	for i := range uint64(chain.PageUnits) {
		st := p.At(i, b.Release.Initial)
		if !st.Known() || no*chain.PageUnits+i >= b.Release.Size && st != b.Release.Initial {
			return fmt.Errorf("pack %d of the page is %s", i, st)
		}
	}
	for i, r := range p.Custody {
		if i > 0 && (p.Custody[i-1].End >= r.End || p.Custody[i-1].Holder == r.Holder) {
			return fmt.Errorf("runs %v", p.Custody)
		}
		if _, err := member(s, r.Holder); err != nil {
			return err
		}
	}
	if n := len(p.Custody); n > 0 && p.Custody[n-1].End != chain.PageUnits {
		return fmt.Errorf("runs %v", p.Custody)
	}
	return s.marks(canon.Digest([]byte(name[:32])), no, p.Marks)
}

func (s *invariants) undoable(key []byte, _ string) error {
	var u chain.Undoable
	if err := s.must(key, &u); err != nil {
		return err
	}
	if u.To == chain.UnitDestroyed || u.To == chain.UnitStolen || u.From == u.To {
		return fmt.Errorf("from %s to %s", u.From, u.To)
	}
	if u.Index >= s.size {
		return fmt.Errorf("leaf %d of %d", u.Index, s.size)
	}
	_, err := s.batchOf(u.Batch)
	return err
}

func (s *invariants) evidence(key []byte, name string) error {
	var e chain.EvidenceAnchor
	if err := s.must(key, &e); err != nil {
		return err
	}
	if e.Index >= s.size {
		return fmt.Errorf("evidence %+v", e)
	}
	_, err := member(s, name[32:])
	return err
}
