package registry_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
	"theriac/internal/registry"
	"theriac/pedigree"
	"theriac/refusal"
)

// From application to membership: it takes two thirds of the governors.
func TestAdmissionByQuorum(t *testing.T) {
	c := newCouncil(t, 4)
	o, g := c.stranger(1), c.governors
	a, err := g[0].Receive(t.Context(), "192.0.2.1:1", c.apply(o, g[0]))
	if err != nil {
		t.Fatal(err)
	}
	if found, err := g[0].Applications.Applications(t.Context()); err != nil || len(found) != 1 || found[0].Content.Name != o.Name {
		t.Errorf("the inbox has %v, %v", found, err)
	}
	d, err := g[0].Admit(t.Context(), a.ID)
	if err != nil || d.Status != chain.Open || d.For != 1 {
		t.Fatalf("Admit = %+v, %v, want it open", d, err)
	}
	if again, err := g[0].Admit(t.Context(), a.ID); err != nil || *again != *d {
		t.Errorf("Admit again = %+v, %v, want %+v", again, err, d)
	}
	if _, err := g[1].Vote(t.Context(), d.Proposal, false); err != nil {
		t.Fatal(err)
	}
	if _, err := g[1].Vote(t.Context(), d.Proposal, true); !errors.Is(err, ledger.ErrVoted) {
		t.Errorf("a second thought = %v, want ErrVoted", err)
	}
	if again, err := g[1].Vote(t.Context(), d.Proposal, false); err != nil || again.Against != 1 {
		t.Errorf("the same vote again = %+v, %v", again, err)
	}
	if _, err := c.member.Vote(t.Context(), d.Proposal, true); !errors.Is(err, ledger.ErrGovernor) {
		t.Errorf("a pharmacy's vote = %v, want ErrGovernor", err)
	}
	if d, err := g[2].Vote(t.Context(), d.Proposal, true); err != nil || d.Status != chain.Open || c.find(o.GLN) != nil {
		t.Errorf("after two of four = %+v, %v", d, err)
	}
	if d, err := g[3].Vote(t.Context(), d.Proposal, true); err != nil || d.Status != chain.Accepted || d.For != 3 {
		t.Errorf("after three of four = %+v, %v", d, err)
	}
	m := c.find(o.GLN)
	if m == nil || m.Name != o.Name || !slices.Equal(m.Roles, o.Roles) || m.Endpoint != "https://example.org" {
		t.Errorf("the member is %+v", m)
	}
	if d, err := g[0].Admit(t.Context(), a.ID); err != nil || d.Status != chain.Accepted {
		t.Errorf("Admit of a member = %+v, %v, want what was decided", d, err)
	}
	if all, err := g[0].Members(); err != nil || len(all) != 6 || !slices.IsSortedFunc(all, func(a, b chain.Member) int { return strings.Compare(a.GLN, b.GLN) }) {
		t.Errorf("Members = %d, %v, want 6 by GLN", len(all), err)
	}
	if _, err := g[0].Decision(canon.Sum(nil)); !errors.Is(err, registry.ErrUnknown) {
		t.Errorf("Decision of nothing = %v, want ErrUnknown", err)
	}
	if _, err := g[0].Admit(t.Context(), ledgertest.NewID()); !errors.Is(err, registry.ErrUnknown) {
		t.Errorf("Admit of nobody = %v, want ErrUnknown", err)
	}
}

// A member that lost its keys applies with a new one, and is the same member.
func TestRekey(t *testing.T) {
	c := newCouncil(t, 1)
	g := c.governors[0]
	lost := *c.member.org
	lost.Key = ledgertest.NewOrg(t, "x", "400000000098", nil, chain.Pharmacy).Key
	a, err := g.Receive(t.Context(), "", c.apply(&lost, g))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if d, err := g.Admit(t.Context(), a.ID); err != nil || d.Status != chain.Accepted {
			t.Errorf("Admit = %+v, %v, want it accepted", d, err)
		}
	}
	if m := c.find(lost.GLN); len(m.Keys) != 2 || m.Name != c.member.org.Name {
		t.Errorf("the member is %+v, want it with two keys", m)
	}
	c.member.ring.keys[0] = lost.Key
	if err := c.member.SetProfile(t.Context(), "Back", ""); err != nil {
		t.Errorf("the new key does not sign: %v", err)
	}
}

func TestDoubledApplication(t *testing.T) {
	c := newCouncil(t, 1)
	g, o := c.governors[0], c.stranger(1)
	raw := c.apply(o, g)
	for range 3 {
		if _, err := g.Receive(t.Context(), "", raw); err != nil {
			t.Errorf("Receive = %v", err)
		}
	}
	if all, err := g.Applications.Applications(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("%d applications (%v), want 1", len(all), err)
	}
	// Attack: another application under the same identifier.
	m, err := envelope.DecodeMessage(raw)
	if err != nil {
		t.Fatal(err)
	}
	thief := c.stranger(2)
	forged, err := registry.NewApplication(thief.Key, thief.GLN, g.GLN, pedigree.Application{
		Chain: ledgertest.ChainID, Name: thief.Name, Roles: thief.Roles,
	}, c.clock, func() canon.ID { return m.Envelope.Claims.ID })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Receive(t.Context(), "", forged); refusal.Code(err) != "exists" {
		t.Errorf("another application under its identifier: %v, want exists", err)
	}
	a, err := g.Applications.Application(t.Context(), m.Envelope.Claims.ID)
	if err != nil || a.GLN != o.GLN || !bytes.Equal(a.Message, raw) {
		t.Errorf("the inbox has %+v, %v", a, err)
	}
}

// Every refusal leaves its entry in the audit book, and nothing else.
func TestRefusedApplicationLeavesOnlyItsEntry(t *testing.T) {
	c := newCouncil(t, 2)
	g, o := c.governors[0], c.stranger(1)
	good := c.apply(o, g)
	swapped := func() []byte { // the application of one under the signature of another
		a, errA := envelope.DecodeMessage(good)
		b, errB := envelope.DecodeMessage(c.apply(c.stranger(2), g))
		if err := errors.Join(errA, errB); err != nil {
			t.Fatal(err)
		}
		raw, err := (&envelope.Message{Body: a.Body, Envelope: b.Envelope}).Encode()
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	greedy := *o
	greedy.Prefixes = nil
	for i := range 5000 {
		greedy.Prefixes = append(greedy.Prefixes, fmt.Sprintf("4000%05d", i))
	}
	for _, tt := range []struct {
		name string
		at   *seat
		raw  []byte
		want error
	}{
		{"noise", g, []byte("{}"), envelope.ErrNonCanonical},
		{"too large", g, c.apply(&greedy, g), envelope.ErrOversized},
		{"for another governor", c.governors[1], good, envelope.ErrAudience},
		{"to no governor", c.member, c.apply(o, c.member), ledger.ErrGovernor},
		{"another's body", g, swapped(), pedigree.ErrApplication},
		{"no application", g, encoded(t, o.Message(c.clock, "c", g.org, &pedigree.MaterialRequest{Material: "m", Product: "p"})), pedigree.ErrApplication},
	} {
		before := len(tt.at.booked(t))
		if _, err := tt.at.Receive(t.Context(), "192.0.2.1:1", tt.raw); !errors.Is(err, tt.want) {
			t.Errorf("%s: Receive = %v, want %v", tt.name, err, tt.want)
		}
		book := tt.at.booked(t)
		if len(book) != before+1 || book[0] != "apply: "+refusal.Code(tt.want) {
			t.Errorf("%s: %d new entries, the newest %q", tt.name, len(book)-before, book[0])
		}
		if all, _ := tt.at.Applications.Applications(t.Context()); len(all) != 0 {
			t.Errorf("%s: it is kept", tt.name)
		}
	}
	c.clock = c.clock.Add(31 * 24 * time.Hour)
	if _, err := g.Receive(t.Context(), "", good); !errors.Is(err, pedigree.ErrApplication) {
		t.Errorf("an expired application: %v, want ErrApplication", err)
	}
}

func encoded(t *testing.T, m *envelope.Message) []byte {
	t.Helper()
	raw, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Attack: strangers make organisations up, and each of them applies.
func TestFloodOfApplications(t *testing.T) {
	c := newCouncil(t, 1)
	g := c.governors[0]
	first := c.apply(c.stranger(0), g)
	kept, refused := 0, 0
	for i := range 300 {
		raw := first
		if i > 0 {
			raw = c.apply(c.stranger(i), g)
		}
		switch _, err := g.Receive(t.Context(), "", raw); {
		case err == nil:
			kept++
		case errors.Is(err, registry.ErrMany):
			refused++
		default:
			t.Fatal(err)
		}
	}
	if kept != 100 || refused != 200 {
		t.Errorf("%d kept and %d refused, want 100 and 200", kept, refused)
	}
	if _, err := g.Receive(t.Context(), "", first); err != nil {
		t.Errorf("one that is there already: %v", err)
	}
	c.clock = c.clock.Add(time.Hour)
	if _, err := g.Receive(t.Context(), "", c.apply(c.stranger(301), g)); err != nil {
		t.Errorf("an hour later: %v", err)
	}
}

// A crash between the new key's registration and its first use: rotating again
// turns to the key that is registered.
func TestRotateSurvivesACrash(t *testing.T) {
	c := newCouncil(t, 1)
	m := c.member
	m.ring.crash = true
	if _, err := m.Rotate(t.Context()); !errors.Is(err, errCrash) {
		t.Fatalf("Rotate = %v, want the crash", err)
	}
	if got := len(c.find(m.GLN).Keys); got != 2 || m.ring.inUse != 0 {
		t.Fatalf("%d keys, key %d in use: the test breaks at the wrong place", got, m.ring.inUse)
	}
	m.ring.crash = false
	kid, err := m.Rotate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := len(c.find(m.GLN).Keys); got != 2 || m.ring.inUse != 1 {
		t.Errorf("%d keys, key %d in use, want 2 and 1", got, m.ring.inUse)
	}
	key, err := envelope.KeyOf(m.ring.keys[1])
	if err != nil || key.ID() != kid {
		t.Errorf("Rotate = %s, %v, want %s", kid, err, key.ID())
	}
	if err := m.SetProfile(t.Context(), "Signed anew", ""); err != nil {
		t.Errorf("the new key does not sign: %v", err)
	}
}

// Two rotations at once leave a key in use that the ledger knows.
func TestRotateTwiceAtOnce(t *testing.T) {
	c := newCouncil(t, 1)
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			if _, err := c.member.Rotate(t.Context()); err != nil {
				t.Errorf("Rotate = %v", err)
			}
		})
	}
	group.Wait()
	if err := c.member.SetProfile(t.Context(), "Signed anew", ""); err != nil {
		t.Errorf("the key in use does not sign: %v", err)
	}
}

func TestRevoke(t *testing.T) {
	c := newCouncil(t, 1)
	m := c.member
	old, err := envelope.KeyOf(m.org.Key)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Revoke(t.Context(), canon.Sum(nil)); !errors.Is(err, envelope.ErrUnknownKey) {
		t.Errorf("Revoke of no key = %v, want ErrUnknownKey", err)
	}
	if err := c.governors[0].Revoke(t.Context(), old.ID()); !errors.Is(err, envelope.ErrKeyID) {
		t.Errorf("Revoke of another's key = %v, want ErrKeyID", err)
	}
	if _, err := m.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the same operation again is found
		if err := m.Revoke(t.Context(), old.ID()); err != nil {
			t.Errorf("Revoke = %v", err)
		}
	}
	if got := c.find(m.GLN).Keys; got[0].Revoked == 0 || got[1].Revoked != 0 {
		t.Errorf("the keys are %+v, want the first revoked", got)
	}
	c.clock = c.clock.Add(time.Minute)
	m.ring.inUse = 0 // whoever has the old key
	if err := m.SetProfile(t.Context(), "Thief", ""); !errors.Is(err, envelope.ErrKeyInvalid) {
		t.Errorf("the revoked key signs: %v, want ErrKeyInvalid", err)
	}
}

func TestSetProfile(t *testing.T) {
	c := newCouncil(t, 1)
	m := c.member
	before := c.find(m.GLN)
	for _, tt := range []struct {
		name     string
		its      string
		endpoint string
		want     error
	}{
		{"no name", "", "", pedigree.ErrApplication},
		{"an inbox that is no address", "P", "ftp://example.org", pedigree.ErrApplication},
		{"an inbox whose path ends before ours", "P", "https://example.org/admin?", pedigree.ErrApplication},
		{"an inbox with a password", "P", "https://u:p@example.org", pedigree.ErrApplication},
		{"good", "P", "https://example.org", nil},
	} {
		if err := m.SetProfile(t.Context(), tt.its, tt.endpoint); !errors.Is(err, tt.want) {
			t.Errorf("%s: SetProfile = %v, want %v", tt.name, err, tt.want)
		}
	}
	if got := c.find(m.GLN); got.Name != "P" || got.Endpoint != "https://example.org" || !bytes.Equal(got.SealKey, before.SealKey) {
		t.Errorf("the member is %+v", got)
	}
	if book := m.booked(t); len(book) != 5 || book[0] != "profile: " || book[1] != "profile: bad_application" {
		t.Errorf("the book says %q", book)
	}
}

// A ledger that does not answer is no refusal, and what is done again is done once.
func TestBusyLedgerIsNotBooked(t *testing.T) {
	c := newCouncil(t, 1)
	g := c.governors[0]
	a, err := g.Receive(t.Context(), "", c.apply(c.stranger(1), g))
	if err != nil {
		t.Fatal(err)
	}
	g.submit = func(tx []byte) (ledger.Result, error) {
		c.commit(tx)
		return ledger.Result{}, errCrash
	}
	if _, err := g.Admit(t.Context(), a.ID); !errors.Is(err, registry.ErrBusy) {
		t.Errorf("Admit = %v, want ErrBusy", err)
	}
	if book := g.booked(t); len(book) != 1 || book[0] != "apply: " {
		t.Errorf("the book says %q", book)
	}
	g.submit = nil
	if d, err := g.Admit(t.Context(), a.ID); err != nil || d.Status != chain.Accepted {
		t.Errorf("Admit = %+v, %v, want what was decided", d, err)
	}
}
