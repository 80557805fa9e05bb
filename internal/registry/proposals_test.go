package registry_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/internal/ledger/ledgertest"
	"theriac/internal/registry"
)

// all reads the list to its end, by pages of a size.
func (s *seat) all(t *testing.T, status string, limit int) []api.Proposal {
	t.Helper()
	var out []api.Proposal
	for cursor := ""; ; {
		l, err := s.ListProposals(status, cursor, limit)
		if err != nil || len(l.Items) > limit {
			t.Fatalf("%d on a page of %d, %v", len(l.Items), limit, err)
		}
		out = append(out, l.Items...)
		if cursor = l.Next; cursor == "" {
			return out
		}
	}
}

// Governors see what is to be decided, in words, who voted how, and their own vote.
func TestListProposals(t *testing.T) {
	c := newCouncil(t, 4)
	o, g := c.stranger(1), c.governors
	a, err := g[0].Receive(t.Context(), "192.0.2.1:1", c.apply(o, g[0]))
	if err != nil {
		t.Fatal(err)
	}
	admit, err := g[0].Admit(t.Context(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	key := canon.Sum([]byte("key"))
	var ids []canon.Digest
	for _, action := range []chain.Action{
		{Standing: &chain.Standing{Member: c.member.GLN, Roles: []chain.Role{chain.Pharmacy}, Prefixes: []string{}, Status: chain.Suspended}},
		{Revoke: &chain.RevokeKey{Key: key}},
		{Params: &chain.Params{Window: 90_000, Undo: 1, Proposal: 3_600_000, Numerator: 3, Denominator: 4}},
		{Validators: []chain.Validator{{Key: make([]byte, 32), Power: 7}}},
	} {
		d, err := g[1].Propose(t.Context(), ledgertest.NewID(), action)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, d.Proposal)
	}
	for _, i := range []int{2, 3} {
		if _, err := g[i].Vote(t.Context(), ids[0], true); err != nil {
			t.Fatal(err)
		}
	}
	for _, i := range []int{0, 2} {
		if _, err := g[i].Vote(t.Context(), ids[1], false); err != nil {
			t.Fatal(err)
		}
	}
	for _, limit := range []int{1, 2, 50} {
		got := g[0].all(t, "", limit)
		if len(got) != 5 {
			t.Fatalf("%d proposals by %d", len(got), limit)
		}
		want := []string{"validators open ", "params open ", "revoke rejected against", "standing accepted ", "admit open for"}
		for i, p := range got {
			if s := p.Action.Kind + " " + p.Status + " " + p.Mine; s != want[i] {
				t.Errorf("proposal %d: %q, want %q", i, s, want[i])
			}
		}
	}
	got := g[0].all(t, "", 50)
	if v := got[0].Action.Validators; len(v) != 1 || v[0].Power != 7 || v[0].Key != canon.Text(make([]byte, 32)) {
		t.Errorf("validators %+v", v)
	}
	if p := got[1].Action.Params; p == nil || p.Numerator != 3 || p.Window != 90_000 {
		t.Errorf("params %+v", p)
	}
	if k := got[2].Action.Key; k == nil || *k != key || !slices.Equal(got[2].Against, []string{g[0].GLN, g[2].GLN}) {
		t.Errorf("revoke %+v", got[2])
	}
	if s := got[3].Action; s.Member != c.member.GLN || s.Status != "suspended" || !slices.Equal(got[3].For, []string{g[1].GLN, g[2].GLN, g[3].GLN}) {
		t.Errorf("standing %+v", got[3])
	}
	first := got[4]
	if x := first.Action; first.Proposal != admit.Proposal || x.Member != o.GLN || x.Name != o.Name || x.Application == nil || *x.Application != a.ID ||
		!slices.Equal(x.Roles, o.Roles) || first.Closes <= first.Opened || first.Proposer != g[0].GLN {
		t.Errorf("admit %+v", first)
	}
	if open := g[3].all(t, "open", 1); len(open) != 3 {
		t.Errorf("%d are open", len(open))
	}
	c.clock = chain.Time(got[0].Closes).Add(time.Second)
	if lapsed := g[3].all(t, "lapsed", 9); len(lapsed) != 3 {
		t.Errorf("%d have lapsed", len(lapsed))
	}
	for _, cursor := range []string{"x", "-1", "007", "18446744073709551616"} {
		if _, err := g[0].ListProposals("", cursor, 9); !errors.Is(err, registry.ErrRequest) {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
}
