package ledger

import (
	"fmt"
	"slices"
	"strings"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/pedigree"
)

// MaxAction is the largest size of a proposed action in bytes: the state keeps
// it, and one governor alone can put it there.
const MaxAction = 64 << 10

// propose opens a vote on an action, with the proposer's own vote.
func (t *tx) propose() error {
	var p chain.Propose
	if err := t.body(&p); err != nil {
		return err
	}
	if !t.sender.Is(chain.Governor) {
		return ErrGovernor
	}
	if err := checkAction(&p.Action); err != nil {
		return err
	}
	action, err := canon.CBOR(p.Action)
	if err != nil {
		return err
	}
	if len(action) > MaxAction {
		return fmt.Errorf("%w: %d bytes", ErrProposal, len(action))
	}
	id := chain.ProposalID(t.op, action)
	t.tag("proposal", id)
	t.tag("proposals", "opened")
	return t.count(id, &chain.Proposal{
		Action: action, Proposer: t.Sender, For: []string{}, Against: []string{}, Opened: t.now, Status: chain.Open,
	}, true)
}

// vote adds a governor's vote to an open proposal.
func (t *tx) vote() error {
	var v chain.Vote
	if err := t.body(&v); err != nil {
		return err
	}
	if !t.sender.Is(chain.Governor) {
		return ErrGovernor
	}
	var p chain.Proposal
	ok, err := read(t, chain.ProposalKey(v.Proposal), &p)
	if err != nil {
		return err
	}
	if !ok || p.Status != chain.Open || t.now-p.Opened > t.params.Proposal {
		return ErrProposalClosed
	}
	if slices.Contains(p.For, t.Sender) || slices.Contains(p.Against, t.Sender) {
		return ErrVoted
	}
	t.tag("proposal", v.Proposal)
	return t.count(v.Proposal, &p, v.Accept)
}

// count adds the sender's vote and carries the action out when it has a quorum.
// Only votes of present governors count.
func (t *tx) count(id canon.Digest, p *chain.Proposal, accept bool) error {
	if accept {
		p.For = append(p.For, t.Sender)
	} else {
		p.Against = append(p.Against, t.Sender)
	}
	var governors chain.Governors
	if _, err := read(t, chain.GovernorsKey(), &governors); err != nil {
		return err
	}
	present := func(votes []string) (n int64) {
		for _, g := range votes {
			if slices.Contains(governors, g) {
				n++
			}
		}
		return n
	}
	all := int64(len(governors))
	enough := func(n int64) bool { return n*t.params.Denominator >= all*t.params.Numerator }
	switch {
	case enough(present(p.For)):
		p.Status = chain.Accepted
	case !enough(all - present(p.Against)):
		p.Status = chain.Rejected
	}
	if err := t.put(chain.ProposalKey(id), p); err != nil {
		return err
	}
	if p.Status != chain.Accepted {
		return nil
	}
	var action chain.Action
	if err := decode(p.Action, &action); err != nil {
		return err
	}
	return t.carryOut(&action)
}

func checkAction(a *chain.Action) error {
	n := 0
	for _, set := range []bool{a.Admit != nil, a.Rekey != nil, a.Standing != nil, a.Revoke != nil, a.Params != nil, len(a.Validators) > 0} {
		if set {
			n++
		}
	}
	if n != 1 {
		return fmt.Errorf("%w: %d actions", ErrProposal, n)
	}
	if a.Params == nil {
		return nil
	}
	// With less than these nobody could vote to change them back.
	if a.Params.Window < 60*second || a.Params.Proposal < 3600*second {
		return fmt.Errorf("%w: parameters %+v", ErrProposal, *a.Params)
	}
	return checkParams(a.Params)
}

// second and year are in the ledger's milliseconds.
const (
	second = 1000
	year   = 366 * 24 * 3600 * second
)

// checkParams holds parameters to bounds within which no sum of times overflows,
// and a quorum to a majority: two decisions that exclude each other cannot pass.
func checkParams(p *chain.Params) error {
	switch {
	case p.Window < second, p.Window > year, p.Undo < 0, p.Undo > year, p.Proposal < second, p.Proposal > year,
		p.Denominator < 1, p.Denominator > 1000, p.Numerator < 1, p.Numerator > p.Denominator, 2*p.Numerator <= p.Denominator:
		return fmt.Errorf("%w: parameters %+v", ErrProposal, *p)
	}
	return nil
}

func (t *tx) carryOut(a *chain.Action) error {
	switch {
	case a.Admit != nil:
		return t.admit(a.Admit)
	case a.Rekey != nil:
		return t.rekey(a.Rekey)
	case a.Standing != nil:
		return t.standing(a.Standing)
	case a.Revoke != nil:
		return t.revoke(a.Revoke.Key, "")
	case a.Params != nil:
		return t.put(chain.ParamsKey(), a.Params)
	}
	return t.changeValidators(a.Validators)
}

// opened verifies an application and that its key is new.
func (t *tx) opened(a *chain.Application) (string, *pedigree.Application, error) {
	e, err := envelope.ParseJWS(a.Message)
	if err != nil {
		return "", nil, fmt.Errorf("%w: %w", envelope.ErrNonCanonical, err)
	}
	body, err := envelope.DecodeBody(a.Body)
	if err != nil {
		return "", nil, fmt.Errorf("%w: %w", envelope.ErrNonCanonical, err)
	}
	app, key, err := pedigree.OpenApplication(&envelope.Message{Body: body, Envelope: e}, t.ledger.Chain, t.now/1000)
	if err != nil {
		return "", nil, err
	}
	gln := e.Claims.Issuer
	return gln, app, t.takeKey(key, gln)
}

func (t *tx) takeKey(key envelope.Key, gln string) error {
	taken, err := t.Get(chain.KeyKey(key.ID()))
	if err != nil {
		return err
	}
	if taken != nil {
		return ErrKeyTaken
	}
	t.writes[string(chain.KeyKey(key.ID()))] = []byte(gln)
	return nil
}

// admit is the paper's xins: it enters a role into the system.
func (t *tx) admit(a *chain.Application) error {
	gln, app, err := t.opened(a)
	if err != nil {
		return err
	}
	exists, err := t.Get(chain.MemberKey(gln))
	if err != nil {
		return err
	}
	if exists != nil {
		return ErrMemberExists
	}
	if err := t.takePrefixes(gln, nil, app.Prefixes); err != nil {
		return err
	}
	return t.putMember(&chain.Member{
		GLN: gln, Name: app.Name, Roles: app.Roles, Endpoint: app.Endpoint, Prefixes: orEmpty(app.Prefixes),
		SealKey: append([]byte(nil), app.SealKey...), Status: chain.Active, Since: t.now,
		Keys: []chain.MemberKeys{{Point: app.Key, From: t.now}},
	})
}

func orEmpty(s []string) []string { return append([]string{}, s...) }

// rekey gives a member who lost all keys a new one.
func (t *tx) rekey(a *chain.Application) error {
	gln, app, err := t.opened(a)
	if err != nil {
		return err
	}
	m, err := member(t, gln)
	if err != nil {
		return err
	}
	return t.addKey(m, chain.MemberKeys{Point: app.Key, From: t.now})
}

// putMember writes a member and keeps the list of governors.
func (t *tx) putMember(m *chain.Member) error {
	t.tag("member", m.GLN)
	var governors chain.Governors
	if _, err := read(t, chain.GovernorsKey(), &governors); err != nil {
		return err
	}
	at, listed := slices.BinarySearch(governors, m.GLN)
	governs := m.Status == chain.Active && m.Is(chain.Governor)
	switch {
	case governs && !listed:
		governors = slices.Insert(governors, at, m.GLN)
	case !governs && listed:
		governors = slices.Delete(governors, at, at+1)
	}
	if governs != listed {
		if len(governors) == 0 {
			return ErrLastGovernor
		}
		if err := t.put(chain.GovernorsKey(), governors); err != nil {
			return err
		}
	}
	return t.put(chain.MemberKey(m.GLN), m)
}

// standing sets roles, prefixes and status.
func (t *tx) standing(s *chain.Standing) error {
	m, err := member(t, s.Member)
	if err != nil {
		return err
	}
	if m.Status == chain.Removed || s.Status < chain.Active || s.Status > chain.Removed {
		return ErrStatus
	}
	if err := pedigree.CheckRoles(s.Roles); err != nil {
		return err
	}
	if err := pedigree.CheckPrefixes(s.Prefixes); err != nil {
		return err
	}
	if err := t.takePrefixes(m.GLN, m.Prefixes, s.Prefixes); err != nil {
		return err
	}
	m.Roles, m.Prefixes, m.Status = s.Roles, orEmpty(s.Prefixes), s.Status
	return t.putMember(m)
}

// takePrefixes licenses the new prefixes to a member in place of the old. No
// prefix of one member may begin another's, or a GTIN would have two owners.
func (t *tx) takePrefixes(gln string, old, new []string) error {
	var all chain.Prefixes
	if _, err := read(t, chain.PrefixesKey(), &all); err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(p chain.Prefix) bool { return p.Member == gln && slices.Contains(old, p.Digits) })
	for _, digits := range new {
		for _, p := range all {
			if p.Member != gln && (strings.HasPrefix(p.Digits, digits) || strings.HasPrefix(digits, p.Digits)) {
				return fmt.Errorf("%w: %s", ErrPrefixTaken, digits)
			}
		}
		at, there := slices.BinarySearchFunc(all, digits, func(p chain.Prefix, d string) int { return strings.Compare(p.Digits, d) })
		if !there {
			all = slices.Insert(all, at, chain.Prefix{Digits: digits, Member: gln})
		}
	}
	return t.put(chain.PrefixesKey(), all)
}

// profile replaces what the sender says of itself.
func (t *tx) profile() error {
	var p chain.Profile
	if err := t.body(&p); err != nil {
		return err
	}
	if len(p.Name) == 0 || len(p.Name) > 200 {
		return fmt.Errorf("%w: name", pedigree.ErrApplication)
	}
	if err := pedigree.CheckEndpoint(p.Endpoint); err != nil {
		return err
	}
	if err := pedigree.CheckSealKey(p.SealKey); err != nil {
		return err
	}
	t.sender.Name, t.sender.Endpoint = p.Name, p.Endpoint
	t.sender.SealKey = append([]byte(nil), p.SealKey...) // no key is nil, never empty
	return t.putMember(t.sender)
}
