package browsertest

import (
	"slices"
	"testing"

	"theriac/api"
	"theriac/chain"
	"theriac/client"
	"theriac/internal/browser"
	"theriac/internal/journey"
)

func member(t *testing.T, of *journey.Actor, gln string) *api.Member {
	t.Helper()
	found, err := client.Get[[]api.Member](t.Context(), of.API, "/v1/members", nil)
	must(t, err)
	i := slices.IndexFunc(*found, func(m api.Member) bool { return m.GLN == gln })
	if i < 0 {
		t.Fatalf("%s is no member", gln)
	}
	return &(*found)[i]
}

// Governors vote: with the hospital made one, one vote is no quorum. The office
// proposes to suspend the pharmacy's neighbour, the supplier; the hospital sees the
// proposal waiting, votes, cannot vote twice, and the ledger has it; then both
// reinstate.
func TestConsoleGovernors(t *testing.T) {
	s := play(t)
	c := &s.Stage.Cast
	office, hospital := device(t, desktop), device(t, desktop)
	enter(t, office, &c.Governor, "responsible")
	propose(t, office, c.Hospital.GLN, `document.querySelector('[value=governor]').click()`)
	if got := member(t, &c.Governor, c.Hospital.GLN); !slices.Contains(got.Roles, chain.Governor) {
		t.Fatalf("the hospital is %v", got.Roles)
	}
	enter(t, hospital, &c.Hospital, "responsible")

	propose(t, office, c.Supplier.GLN, `(() => { const d = document.querySelector('#status'); d.value = 'suspended'; d.dispatchEvent(new Event('change', {bubbles: true})) })()`)
	if got := member(t, &c.Governor, c.Supplier.GLN); got.Status != "active" {
		t.Fatalf("one vote of two made the supplier %s", got.Status)
	}
	screen(t, hospital, "members")
	screen(t, hospital, "")
	must(t, hospital.Until(`document.querySelector('#waiting-votes a')`))
	look(t, hospital, "home-votes")
	vote(t, hospital, "for")
	if got := member(t, &c.Governor, c.Supplier.GLN); got.Status != "suspended" {
		t.Errorf("two votes made the supplier %s", got.Status)
	}
	screen(t, hospital, "decisions")
	if open, err := browser.Evaluate[int](hospital, `document.querySelectorAll('[id^=vote-]').length`); err != nil || open != 0 {
		t.Errorf("%d votes are offered after the vote, %v", open, err)
	}

	propose(t, office, c.Supplier.GLN, `(() => { const d = document.querySelector('#status'); d.value = 'active'; d.dispatchEvent(new Event('change', {bubbles: true})) })()`)
	vote(t, hospital, "for")
	propose(t, office, c.Hospital.GLN, `document.querySelector('[value=governor]').click()`)
	vote(t, hospital, "for")
	if got := member(t, &c.Governor, c.Supplier.GLN); got.Status != "active" {
		t.Errorf("the supplier stays %s", got.Status)
	}
}

// propose proposes a change of a member, which act makes in the form.
func propose(t *testing.T, p *browser.Page, gln, act string) {
	t.Helper()
	screen(t, p, "members")
	screen(t, p, "members/"+gln)
	must(t, p.Click("#change"))
	must(t, p.Until(`document.querySelector('#status')`))
	_, err := browser.Evaluate[bool](p, act+`, true`)
	must(t, err)
	look(t, p, "propose")
	must(t, p.Click("#change-dialog [type=submit]"))
	must(t, p.Until(`!document.querySelector('#change-dialog') && document.querySelector('main .notice.good')`))
}

// vote votes on the proposal that is open.
func vote(t *testing.T, p *browser.Page, how string) {
	t.Helper()
	screen(t, p, "members")
	screen(t, p, "decisions")
	must(t, p.Click("[id^=vote-"+how+"]"))
	look(t, p, "vote")
	must(t, p.Click("#vote-dialog [type=submit]"))
	must(t, p.Until(`!document.querySelector('#vote-dialog') && document.querySelector('main .notice.good')`))
}

// A new signing key, and the end of the old one.
func TestConsoleKeys(t *testing.T) {
	s := play(t)
	of := &s.Stage.Cast.Administration
	p := device(t, desktop)
	enter(t, p, of, "administrator")
	screen(t, p, "organisation")
	old := member(t, of, of.GLN).Keys
	must(t, p.Click("#rotate"))
	look(t, p, "rotate")
	must(t, p.Click("#rotate-dialog [type=submit]"))
	says(t, p, "The new key is in use.")
	if now := member(t, of, of.GLN).Keys; len(now) != len(old)+1 {
		t.Fatalf("%d keys after %d", len(now), len(old))
	}
	kid := old[len(old)-1].ID
	must(t, p.Click("#revoke-"+kid.String()))
	must(t, p.Click("#revoke-dialog [type=submit]"))
	must(t, p.Until(`!document.querySelector('#revoke-dialog') && !document.querySelector('#revoke-`+kid.String()+`')`))
	i := slices.IndexFunc(member(t, of, of.GLN).Keys, func(k api.Key) bool { return k.ID == kid })
	if k := member(t, of, of.GLN).Keys[i]; k.Revoked == 0 {
		t.Errorf("the key is not revoked: %+v", k)
	}
	look(t, p, "keys")
}
