package registry

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/ledger"
	"theriac/pedigree"
	"theriac/refusal"
)

// ErrRequest is returned for a cursor that no page gave.
var ErrRequest = refusal.New("bad_request", "the request cannot be meant")

// maxLooked is how many proposals one page is chosen from.
const maxLooked = 500

// ListProposals pages through the proposals of this chain, the newest first, of one
// status or, if that is empty, of any.
func (d *Desk) ListProposals(status, cursor string, limit int) (*api.Proposals, error) {
	before := uint64(math.MaxUint64)
	if cursor != "" {
		n, err := strconv.ParseUint(cursor, 10, 64)
		if err != nil || strconv.FormatUint(n, 10) != cursor {
			return nil, fmt.Errorf("%w: no such cursor", ErrRequest)
		}
		before = n
	}
	out := &api.Proposals{Items: []api.Proposal{}}
	found, err := d.Ledger.TaggedBefore("proposals/opened", before, maxLooked)
	if err != nil {
		return nil, err
	}
	for i, index := range found {
		if len(out.Items) == limit || i == maxLooked-1 {
			// What stands at this place comes next time.
			out.Next = strconv.FormatUint(index+1, 10)
			break
		}
		p, err := d.opened(index)
		if err != nil {
			return nil, err
		}
		if status == "" || p.Status == status {
			out.Items = append(out.Items, *p)
		}
	}
	return out, nil
}

// opened returns the proposal that a leaf of the log opened, as it stands now.
func (d *Desk) opened(index uint64) (*api.Proposal, error) {
	leaf, raw, err := d.Ledger.Leaf(index)
	if err != nil {
		return nil, err
	}
	var tx chain.Tx
	if _, err := ledger.Open(raw, &tx); err != nil {
		return nil, err
	}
	var asked chain.Propose
	if err := canon.DecodeCBOR(tx.Body, &asked); err != nil {
		return nil, err
	}
	action, err := canon.CBOR(asked.Action)
	if err != nil {
		return nil, err
	}
	id := chain.ProposalID(leaf.Operation, action)
	var p chain.Proposal
	if err := d.read(chain.ProposalKey(id), &p); err != nil {
		return nil, err
	}
	var params chain.Params
	if err := d.read(chain.ParamsKey(), &params); err != nil {
		return nil, err
	}
	out := &api.Proposal{
		Proposal: id, Proposer: p.Proposer, Opened: p.Opened, Closes: p.Opened + params.Proposal, For: p.For, Against: p.Against,
		Status: [...]string{"", "open", "accepted", "rejected"}[min(p.Status, chain.Rejected)],
	}
	if p.Status == chain.Open && chain.Millis(d.Now()) > out.Closes {
		out.Status = "lapsed"
	}
	switch {
	case slices.Contains(p.For, d.GLN):
		out.Mine = "for"
	case slices.Contains(p.Against, d.GLN):
		out.Mine = "against"
	}
	out.Action = readable(&asked.Action)
	return out, nil
}

func (d *Desk) read(key []byte, into any) error {
	raw, err := d.Ledger.Get(key)
	if err != nil {
		return err
	}
	if raw == nil {
		return ErrUnknown
	}
	return canon.DecodeCBOR(raw, into)
}

// readable returns an action as people read it.
func readable(a *chain.Action) api.Action {
	switch {
	case a.Admit != nil:
		return applied("admit", a.Admit)
	case a.Rekey != nil:
		return applied("rekey", a.Rekey)
	case a.Standing != nil:
		s := a.Standing
		return api.Action{
			Kind: "standing", Member: s.Member, Roles: s.Roles, Prefixes: s.Prefixes,
			Status: [...]string{"", "active", "suspended", "removed"}[min(s.Status, chain.Removed)],
		}
	case a.Revoke != nil:
		return api.Action{Kind: "revoke", Key: &a.Revoke.Key}
	case a.Params != nil:
		p := a.Params
		return api.Action{Kind: "params", Params: &api.Params{
			Window: p.Window, Undo: p.Undo, Proposal: p.Proposal, Numerator: p.Numerator, Denominator: p.Denominator,
		}}
	}
	out := api.Action{Kind: "validators"}
	for _, v := range a.Validators {
		out.Validators = append(out.Validators, api.Validator{Key: canon.Text(v.Key), Power: v.Power})
	}
	return out
}

// applied returns an action about an application. The ledger checked none of it
// before the vote: what cannot be read is shown as what it is.
func applied(kind string, a *chain.Application) api.Action {
	out := api.Action{Kind: kind}
	e, err := envelope.ParseJWS(a.Message)
	if err != nil {
		return out
	}
	out.Member, out.Application = e.Claims.Issuer, &e.Claims.ID
	body, err := envelope.DecodeBody(a.Body)
	if err != nil || body.Digest() != e.Claims.BodyDigest {
		return out
	}
	var c pedigree.Application
	if body.Into(&c) == nil {
		out.Name, out.Roles, out.Prefixes, out.Endpoint = c.Name, c.Roles, c.Prefixes, c.Endpoint
	}
	return out
}
