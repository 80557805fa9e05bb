package ledger_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
	"theriac/pedigree"
	"theriac/refusal"
)

// A genesis that could not be lived with is refused before it begins.
func TestGenesisRefuses(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	one := []chain.Validator{{Key: generator, Power: 1}}
	member := func(o *ledgertest.Org) []byte {
		raw, err := o.Apply(now).Encode()
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	governor := member(ledgertest.NewOrg(t, "Governor", "400000000000", nil, chain.Governor))
	supplier := member(ledgertest.NewOrg(t, "Supplier", "400000000001", nil, chain.Supplier))
	twin := member(ledgertest.NewOrg(t, "Governor", "400000000000", nil, chain.Governor))
	for name, tt := range map[string]struct {
		change     func(*ledger.Genesis)
		validators []chain.Validator
		want       error
	}{
		"sound":         {func(*ledger.Genesis) {}, one, nil},
		"other curve":   {func(g *ledger.Genesis) { g.Curve = "P-521" }, one, canon.ErrNotCanonical},
		"other hash":    {func(g *ledger.Genesis) { g.Hash = "MD5" }, one, canon.ErrNotCanonical},
		"no window":     {func(g *ledger.Genesis) { g.Window = 0 }, one, ledger.ErrProposal},
		"no votes":      {func(g *ledger.Genesis) { g.Proposal = 0 }, one, ledger.ErrProposal},
		"no quorum":     {func(g *ledger.Genesis) { g.Numerator = 0 }, one, ledger.ErrProposal},
		"no majority":   {func(g *ledger.Genesis) { g.Numerator, g.Denominator = 1, 2 }, one, ledger.ErrProposal},
		"no members":    {func(g *ledger.Genesis) { g.Members = nil }, one, ledger.ErrLastGovernor},
		"no governor":   {func(g *ledger.Genesis) { g.Members = []canon.RawJSON{supplier} }, one, ledger.ErrLastGovernor},
		"member twice":  {func(g *ledger.Genesis) { g.Members = append(g.Members, governor) }, one, ledger.ErrKeyTaken},
		"name twice":    {func(g *ledger.Genesis) { g.Members = append(g.Members, twin) }, one, ledger.ErrMemberExists},
		"no validators": {func(*ledger.Genesis) {}, nil, ledger.ErrLastValidator},
		"short key":     {func(*ledger.Genesis) {}, []chain.Validator{{Key: []byte{1}, Power: 1}}, ledger.ErrProposal},
	} {
		t.Run(name, func(t *testing.T) {
			g := ledger.NewGenesis(governor)
			tt.change(&g)
			doc, err := g.Encode()
			if err != nil {
				t.Fatal(err)
			}
			l := &ledger.Ledger{Chain: ledgertest.ChainID}
			writes, err := l.Genesis(doc, tt.validators, now)
			if !errors.Is(err, tt.want) {
				t.Fatalf("Genesis = %v, want %v", err, tt.want)
			}
			if tt.want != nil && len(writes) > 0 {
				t.Errorf("%d records of a refused genesis", len(writes))
			}
			if _, err := l.Genesis(append(doc, ' '), tt.validators, now); err == nil {
				t.Error("a second spelling is read")
			}
			other := &ledger.Ledger{Chain: "other"}
			if _, err := other.Genesis(doc, tt.validators, now); err == nil {
				t.Error("the members applied for another chain")
			}
			if _, err := l.Genesis(doc, tt.validators, now.Add(2*time.Hour)); err == nil {
				t.Error("the applications have lapsed")
			}
		})
	}
}

// failing is a store that fails at one of its reads, and at no other.
type failing struct {
	*ledgertest.State
	left int
}

var errStore = errors.New("the disk is gone")

func (s *failing) step() error {
	s.left--
	if s.left == -1 {
		return errStore
	}
	return nil
}

func (s *failing) Get(key []byte) ([]byte, error) {
	if err := s.step(); err != nil {
		return nil, err
	}
	return s.State.Get(key)
}

func (s *failing) First(prefix, from []byte) ([]byte, []byte, error) {
	if err := s.step(); err != nil {
		return nil, nil, err
	}
	return s.State.First(prefix, from)
}

func (s *failing) Operation(op canon.Digest) (uint64, bool, error) {
	if err := s.step(); err != nil {
		return 0, false, err
	}
	return s.State.Operation(op)
}

// A store that fails is no reason to refuse: a validator that cannot read must not
// vote. At whichever read it fails, the error comes out, and nothing else.
func TestStoreErrorIsNoRefusal(t *testing.T) {
	w := newTown(t)
	undo := w.undoable(w.Pharmacy, w.Show(chain.UnitActive, chain.UnitDispensed, 3))
	all := append(seeds(w),
		seed{by: w.Pharmacy, kind: chain.KindUndo, body: &undo},
		seed{by: w.Pharmacy, kind: chain.KindUnits, body: &chain.Units{
			Batch: w.Batch, From: chain.UnitActive, To: chain.UnitDispensed, Ranges: []chain.Range{{From: 3, To: 4}},
		}})
	for i, s := range all {
		raw := s.sign(w, nil)
		for n := range 100 {
			store := &failing{w.State, n}
			b, err := w.Ledger.Begin(store, w.Height+1, w.Now.Add(time.Second), uint64(len(w.State.Leaves)))
			var r ledger.Result
			if err == nil {
				r, err = b.Apply(raw)
			}
			if err == nil {
				_, err = b.End()
			}
			if store.left >= 0 {
				if err != nil {
					t.Errorf("transaction %d: %v", i, err)
				}
				break
			}
			if !errors.Is(err, errStore) || r.Outcome == 0 && r.Code != "" {
				t.Errorf("transaction %d, read %d: %+v, %v", i, n, r, err)
			}
		}
	}
}

// What a record's key holds is that record, or the state is broken and says so.
func TestBrokenRecordIsNoRefusal(t *testing.T) {
	w := newTown(t)
	w.State.Records[string(chain.MemberKey(w.MS.GLN))] = []byte("rust")
	b, err := w.Ledger.Begin(w.State, 1, w.Now, 0)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := b.Apply(w.note()); err == nil || refusal.Code(err) != "" {
		t.Errorf("%+v, %v", r, err)
	}
	delete(w.State.Records, string(chain.ParamsKey()))
	if _, err := w.Ledger.Begin(w.State, 1, w.Now, 0); err == nil {
		t.Error("a block without parameters")
	}
}

// The signatures of a transaction are its own and its message's, for whoever
// verifies them ahead of the block.
func TestSignatures(t *testing.T) {
	w := newTown(t)
	m := w.request()
	ids := func(sigs []envelope.Signature) (out []canon.Digest) {
		for _, s := range sigs {
			out = append(out, s.KeyID)
		}
		return out
	}
	for name, tt := range map[string]struct {
		tx   []byte
		want []canon.Digest
	}{
		"noise":         {[]byte("noise"), nil},
		"plain":         {w.note(), []canon.Digest{kid(w.MS)}},
		"exchange":      {w.MS.Anchor(w.Now, m), []canon.Digest{kid(w.MS), kid(w.DM)}},
		"empty message": {w.carrying(w.MS, nil, m.Body), []canon.Digest{kid(w.MS)}},
		"no argument":   {w.MS.Tx(w.Now, chain.KindExchange, 1), []canon.Digest{kid(w.MS)}},
	} {
		if got := ids(ledger.Signatures(tt.tx)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: keys %v, want %v", name, got, tt.want)
		}
		if r := w.Try(tt.tx); r.Outcome != 0 && !slices.Equal(ids(r.Signatures), tt.want) {
			t.Errorf("%s: keys of the result %v, want %v", name, ids(r.Signatures), tt.want)
		}
	}
	if r := ledger.Refused(pedigree.ErrRole); r.Code != "wrong_role" || r.Outcome != 0 || r.Text == "" {
		t.Errorf("%+v", r)
	}
}
