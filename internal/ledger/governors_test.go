package ledger_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/internal/ledger/ledgertest"
)

// A council is a chain of governors only.
type council struct {
	*ledgertest.Chain
	governors []*ledgertest.Org
}

func newCouncil(t *testing.T, n int) *council {
	t.Helper()
	c := &council{}
	for i := range n {
		c.governors = append(c.governors, ledgertest.NewOrg(t, fmt.Sprintf("Governor %d", i), fmt.Sprintf("40000000002%d", i), nil, chain.Governor))
	}
	c.Chain = ledgertest.NewChain(t, time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC), c.governors...)
	return c
}

// open has governor i propose something harmless that can be seen, and returns the
// proposal's name.
func (c *council) open(i int, undo int64) canon.Digest {
	c.T.Helper()
	p := chain.Params{Window: 300_000, Undo: undo, Proposal: 30 * 24 * 3600_000, Numerator: 2, Denominator: 3}
	return c.move(i, chain.Action{Params: &p})
}

func (c *council) move(i int, a chain.Action) canon.Digest {
	c.T.Helper()
	r := c.Admit(c.governors[i].Tx(c.Now, chain.KindPropose, chain.Propose{Action: a}))
	raw, err := canon.CBOR(a)
	if err != nil {
		c.T.Fatal(err)
	}
	return canon.Hash("theriac/proposal/1", r.Operation[:], raw)
}

func (c *council) vote(i int, id canon.Digest, accept bool) []byte {
	return c.governors[i].Tx(c.Now, chain.KindVote, chain.Vote{Proposal: id, Accept: accept})
}

func (c *council) status(id canon.Digest) chain.ProposalStatus {
	c.T.Helper()
	var p chain.Proposal
	c.Read(chain.ProposalKey(id), &p)
	return p.Status
}

func (c *council) undo() int64 {
	c.T.Helper()
	var p chain.Params
	c.Read(chain.ParamsKey(), &p)
	return p.Undo
}

// A decision takes two thirds of the governors, however many they are; it is off
// the table when so many are against it that it can have them no more.
func TestQuorum(t *testing.T) {
	for n, want := range map[int]struct{ accept, reject int }{
		1: {1, 1}, 2: {2, 1}, 3: {2, 2}, 4: {3, 2}, 5: {4, 2}, 6: {4, 3}, 7: {5, 3},
	} {
		t.Run(fmt.Sprintf("%d governors", n), func(t *testing.T) {
			c := newCouncil(t, n)
			id := c.open(0, 1000)
			for votes := 1; votes < want.accept; votes++ {
				if got := c.status(id); got != chain.Open || c.undo() == 1000 {
					t.Fatalf("after %d votes status %d, undo %d", votes, got, c.undo())
				}
				c.Admit(c.vote(votes, id, true))
			}
			if got := c.status(id); got != chain.Accepted || c.undo() != 1000 {
				t.Errorf("after %d votes status %d, undo %d", want.accept, got, c.undo())
			}
			if n == 1 {
				return
			}
			id = c.open(0, 2000) // its proposer is for it
			for against := 1; against <= want.reject; against++ {
				if got := c.status(id); got != chain.Open {
					t.Fatalf("before vote %d against, status %d", against, got)
				}
				c.Admit(c.vote(against, id, false))
			}
			if got := c.status(id); got != chain.Rejected || c.undo() == 2000 {
				t.Errorf("after %d votes against status %d, undo %d", want.reject, got, c.undo())
			}
			c.Refuse("proposal_closed", c.vote(n-1, id, true))
		})
	}
}

// Votes of governors who are no more do not count, nor those who are gone among
// whom a quorum is taken; what a removed governor proposed can still be decided by
// the others.
func TestRemovedGovernorsDoNotCount(t *testing.T) {
	c := newCouncil(t, 4)
	id := c.open(0, 1000) // governor 0 is for it
	removal := c.move(1, chain.Action{Standing: &chain.Standing{
		Member: c.governors[0].GLN, Roles: []chain.Role{chain.Governor}, Prefixes: []string{}, Status: chain.Removed,
	}})
	c.Admit(c.vote(2, removal, true))
	c.Admit(c.vote(3, removal, true))
	c.Refuse("member_inactive", c.vote(0, id, true))
	c.Admit(c.vote(1, id, true))
	if got := c.status(id); got != chain.Open {
		t.Fatalf("one of three present governors: status %d", got)
	}
	c.Admit(c.vote(2, id, true))
	if got := c.status(id); got != chain.Accepted || c.undo() != 1000 {
		t.Errorf("two of three present governors: status %d, undo %d", got, c.undo())
	}
}

// A governor whose role was taken keeps its membership and loses its vote.
func TestDemotedGovernor(t *testing.T) {
	c := newCouncil(t, 2)
	id := c.move(0, chain.Action{Standing: &chain.Standing{
		Member: c.governors[0].GLN, Roles: []chain.Role{chain.Courier}, Prefixes: []string{}, Status: chain.Active,
	}})
	other := c.open(1, 1000)
	c.Admit(c.vote(1, id, true))
	c.Refuse("not_a_governor", c.vote(0, other, true))
	c.Refuse("already_voted", c.vote(1, other, true))
}

// Of two decisions that exclude each other the second is refused when its time
// comes, and the vote that would have passed it is not counted.
func TestSecondAdmissionFails(t *testing.T) {
	c := newCouncil(t, 2)
	w := &town{World: &ledgertest.World{Chain: c.Chain, BCC: c.governors[0]}}
	o := w.stranger()
	first := c.move(0, chain.Action{Admit: w.application(o, asItStands)})
	o.Key = w.stranger().Key
	second := c.move(0, chain.Action{Admit: w.application(o, asItStands)})
	c.Admit(c.vote(1, first, true))
	c.Refuse("member_exists", c.vote(1, second, true))
	if got := c.status(second); got != chain.Open {
		t.Errorf("status %d", got)
	}
}

// Nobody votes twice, whichever way.
func TestVotesAreFinal(t *testing.T) {
	c := newCouncil(t, 5)
	id := c.open(0, 1000)
	c.Admit(c.vote(1, id, false))
	c.Refuse("already_voted", c.vote(1, id, false))
	c.Refuse("already_voted", c.vote(1, id, true))
	c.Admit(c.vote(2, id, true))
	c.Refuse("already_voted", c.vote(2, id, false))
}

// A lapsed proposal is closed, at the moment after its time.
func TestProposalLapses(t *testing.T) {
	c := newCouncil(t, 3)
	id, opened := c.open(0, 1000), c.Now
	c.Now = opened.Add(30*24*time.Hour - time.Second)
	if r := c.Try(c.vote(1, id, true)); r.Outcome != chain.Applied {
		t.Errorf("on the last moment: %s", r.Code)
	}
	c.Now = opened.Add(30 * 24 * time.Hour)
	c.Refuse("proposal_closed", c.vote(1, id, true))
}

// The last block's powers are what the engine is told, each key once, even if a
// block changes one twice.
func TestValidators(t *testing.T) {
	w := newTown(t)
	key := slices.Clone(generator)
	tx := func(vs ...chain.Validator) []byte { return w.propose(chain.Action{Validators: vs}) }
	b, err := w.Ledger.Begin(w.State, w.Height+1, w.Now.Add(time.Second), uint64(len(w.State.Leaves)))
	if err != nil {
		t.Fatal(err)
	}
	for _, power := range []int64{5, 7} {
		if r, err := b.Apply(tx(chain.Validator{Key: key, Power: power})); err != nil || r.Outcome != chain.Applied {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	changes, err := b.End()
	if err != nil || len(changes.Validators) != 1 || changes.Validators[0].Power != 7 {
		t.Errorf("changes %+v, %v", changes.Validators, err)
	}
	w.Admit(tx(chain.Validator{Key: key, Power: 5}))
	if b, err = w.Ledger.Begin(w.State, w.Height+1, w.Now.Add(time.Second), uint64(len(w.State.Leaves))); err != nil {
		t.Fatal(err)
	}
	if r, err := b.Apply(tx(chain.Validator{Key: key})); err != nil || r.Outcome != chain.Applied {
		t.Fatalf("%+v, %v", r, err)
	}
	changes, err = b.End()
	if err != nil || len(changes.Validators) != 1 || changes.Validators[0].Power != 0 || !slices.Equal(changes.Validators[0].Key, key) {
		t.Errorf("changes %+v, %v", changes.Validators, err)
	}
	var all chain.Validators
	w.Read(chain.ValidatorsKey(), &all)
	if len(all) != 2 {
		t.Fatalf("validators %+v", all)
	}
	for _, v := range all {
		if !slices.Equal(v.Key, key) {
			w.Admit(tx(chain.Validator{Key: v.Key}))
		}
	}
	w.Refuse("last_validator", tx(chain.Validator{Key: key}))
	w.Refuse("last_validator", tx(chain.Validator{Key: key, Power: 3}, chain.Validator{Key: key}))
}

// There are as many validators as a block can carry votes of, and not more power
// than can be counted.
func TestManyValidators(t *testing.T) {
	w := newTown(t)
	many := func(n int) (out []chain.Validator) {
		for i := range n {
			key := slices.Clone(generator)
			key[0], key[1] = byte(i), byte(i>>8)
			out = append(out, chain.Validator{Key: key, Power: 1 << 40})
		}
		return out
	}
	w.Refuse("bad_proposal", w.propose(chain.Action{Validators: many(1000)})) // and the one that is there
	w.Admit(w.propose(chain.Action{Validators: many(999)}))
}

// generator is the base point of Ed25519 (RFC 8032 section 5.1), compressed.
var generator = append([]byte{0x58}, slices.Repeat([]byte{0x66}, 31)...)

var proposeRefusals = []refused{
	{"by a member", "not_a_governor", func(w *town) []byte {
		return w.DM.Tx(w.Now, chain.KindPropose, chain.Propose{Action: chain.Action{Revoke: &chain.RevokeKey{Key: kid(w.DD)}}})
	}},
	{"nothing", "bad_proposal", func(w *town) []byte { return w.propose(chain.Action{}) }},
	{"two things", "bad_proposal", func(w *town) []byte {
		return w.propose(chain.Action{Revoke: &chain.RevokeKey{Key: kid(w.DD)}, Validators: []chain.Validator{{Key: generator, Power: 1}}})
	}},
	{"too much", "bad_proposal", func(w *town) []byte {
		return w.propose(chain.Action{Admit: &chain.Application{Message: make([]byte, 64<<10), Body: []byte{}}})
	}},
	params("window too short to vote", func(p *chain.Params) { p.Window = 59_999 }),
	params("window beyond a year", func(p *chain.Params) { p.Window = 1<<63 - 1 }),
	params("negative window", func(p *chain.Params) { p.Window = -1 }),
	params("negative undo", func(p *chain.Params) { p.Undo = -1 }),
	params("undo beyond a year", func(p *chain.Params) { p.Undo = 1<<63 - 1 }),
	params("no time to vote", func(p *chain.Params) { p.Proposal = 3599_999 }),
	params("proposals for ever", func(p *chain.Params) { p.Proposal = 1<<63 - 1 }),
	params("no quorum", func(p *chain.Params) { p.Numerator = 0 }),
	// Two halves of the governors could decide two things that exclude each other.
	params("half of the governors", func(p *chain.Params) { p.Numerator, p.Denominator = 1, 2 }),
	params("half in other words", func(p *chain.Params) { p.Numerator, p.Denominator = 500, 1000 }),
	params("a third", func(p *chain.Params) { p.Numerator = 1 }),
	params("less than nobody", func(p *chain.Params) { p.Numerator = -2 }),
	// Doubled, these come round to a majority.
	params("minus a quarter of all numbers", func(p *chain.Params) { p.Numerator = -1<<62 - 1 }),
	params("minus a half of all numbers", func(p *chain.Params) { p.Numerator = -1 << 63 }),
	params("a quarter of all numbers", func(p *chain.Params) { p.Numerator = 1<<62 + 1 }),
	params("of nobody", func(p *chain.Params) { p.Numerator, p.Denominator = 0, 0 }),
	params("minus the whole", func(p *chain.Params) { p.Numerator, p.Denominator = -2, -3 }),
	params("more than all", func(p *chain.Params) { p.Numerator = 4 }),
	params("fine fractions", func(p *chain.Params) { p.Denominator = 1001 }),
	{"validator key of small order", "bad_proposal", func(w *town) []byte {
		return w.propose(chain.Action{Validators: []chain.Validator{{Key: append([]byte{1}, make([]byte, 31)...), Power: 1}}})
	}},
	{"short validator key", "bad_proposal", func(w *town) []byte {
		return w.propose(chain.Action{Validators: []chain.Validator{{Key: []byte{1}, Power: 1}}})
	}},
	{"negative power", "bad_proposal", func(w *town) []byte {
		return w.propose(chain.Action{Validators: []chain.Validator{{Key: generator, Power: -1}}})
	}},
	{"all the power", "bad_proposal", func(w *town) []byte {
		return w.propose(chain.Action{Validators: []chain.Validator{{Key: generator, Power: 1<<40 + 1}}})
	}},
	{"removing no validator", "bad_proposal", func(w *town) []byte {
		return w.propose(chain.Action{Validators: []chain.Validator{{Key: generator}}})
	}},
	{"last validator", "last_validator", func(w *town) []byte {
		var all chain.Validators
		w.Read(chain.ValidatorsKey(), &all)
		return w.propose(chain.Action{Validators: []chain.Validator{{Key: all[0].Key}}})
	}},
}

func params(name string, change func(*chain.Params)) refused {
	return refused{name, "bad_proposal", func(w *town) []byte {
		p := chain.Params{Window: 300_000, Undo: 1000, Proposal: 30 * 24 * 3600_000, Numerator: 2, Denominator: 3}
		change(&p)
		return w.propose(chain.Action{Params: &p})
	}}
}

var voteRefusals = []refused{
	{"by a member", "not_a_governor", func(w *town) []byte { return w.DM.Tx(w.Now, chain.KindVote, chain.Vote{}) }},
	{"on nothing", "proposal_closed", func(w *town) []byte { return w.BCC.Tx(w.Now, chain.KindVote, chain.Vote{Proposal: canon.Digest{1}}) }},
	{"on what is decided", "proposal_closed", func(w *town) []byte {
		a := chain.Action{Revoke: &chain.RevokeKey{Key: kid(w.DD)}}
		c := &council{Chain: w.Chain, governors: []*ledgertest.Org{w.BCC}}
		return c.vote(0, c.move(0, a), true)
	}},
	{"twice", "already_voted", func(w *town) []byte {
		second := ledgertest.NewOrg(w.T, "Second governor", "400000000097", nil, chain.Governor)
		w.Join(second)
		c := &council{Chain: w.Chain, governors: []*ledgertest.Org{w.BCC, second}}
		return c.vote(0, c.open(0, 1000), false)
	}},
}
