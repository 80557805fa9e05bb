package redteam

import (
	"crypto/rand"
	"errors"
	"net/http"
	"path/filepath"
	"testing"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/internal/device"
	paper "theriac/internal/paper/genuine"
	"theriac/internal/simulate"
	"theriac/refusal"
)

// steady is a balance that shows what lies on it.
var steady = simulate.BalanceSettings{Readability: 100, Settle: 1, Seed: 9}

// hop has the distributor register a pack that he verified for the pharmacy, on a
// device of his own, and send it on.
func (l *lab) hop(t *testing.T, pack uint64) canon.Digest {
	t.Helper()
	w := l.w
	d := newRegistrar(t, filepath.Join(t.TempDir(), "hop"), w.dd)
	l.change(t, device.Change{Admit: []device.Card{d.Card}})
	r := d.at(w.dd)
	r.Scan = scanned(l.code(t, pack))
	done, err := r.Register(t.Context(), device.Job{GTIN: l.product, Batch: string(l.lot), To: w.pharmacy.GLN, Place: w.pharmacy.GLN})
	if err != nil {
		t.Fatal(err)
	}
	w.sends(t, w.dd, "/v1/dispatches", api.Address{To: w.pharmacy.GLN, Prev: []canon.Digest{l.bc[5]}}, map[string]any{
		"note": "hop", "parcels": l.parcels(pack, pack+1), "registrations": []canon.Digest{done.Registration.ID},
	})
	return done.Registration.ID
}

// Attack 001-05: an answer, or the key in it, for another pack, in another registration
// of the same pack, and in the next hop.
func TestAttack001_05(t *testing.T) {
	t.Parallel()
	w := stage(t)
	l, r := measured(t, w), w.rogue(t)
	i := l.honest(t, 0)
	for what, bend := range map[string]func(i *api.Identifying){
		"another pack":  func(i *api.Identifying) { i.Index = 1 },
		"another place": func(i *api.Identifying) { i.Place = w.hospital.GLN },
		"another nonce": func(i *api.Identifying) { i.Nonce = newID() },
	} {
		bent := i
		bend(&bent)
		l.unproven(t, r, what, "bad_proof", w.dd, bent)
	}
	l.identified(t, i)
	next := l.hop(t, 0)
	hop := i
	hop.Registration = next
	l.unproven(t, r, "A→B for B→C, by C", "bad_proof", w.pharmacy, hop)
	l.unproven(t, r, "A→B for B→C, by B", "bad_proof", w.dd, hop)
	hop.Place = w.pharmacy.GLN
	l.unproven(t, r, "A→B for B→C, at C", "bad_proof", w.pharmacy, hop)
	// The opened device has J, but C's U is not that of B: its key of A→B is not B→C's.
	x, c := l.opened(t, l.carrier), l.challengeOf(t, w.pharmacy, next, 0, 0)
	old := l.challenge(t, 0)
	old.Registration, old.Consignee, old.Place, old.Nonce = next, w.pharmacy.GLN, w.pharmacy.GLN, c.Nonce
	l.unproven(t, r, "the key of A→B, signing for C", "bad_proof", w.pharmacy, identifying(old, x.invents(t, old)))
	// B→C has its own, once.
	a, err := l.asks(t, l.meter, c)
	if err != nil {
		t.Fatal(err)
	}
	if got := w.identifies(t, w.pharmacy, identifying(c, a)); got.status != http.StatusOK {
		t.Errorf("C's own: %+v", got)
	}

	// The print resists this much; that V is replaced for all hops is 001-11.
	s := newShop()
	ab := s.shipped()
	key2 := s.deliverer.Verify(syrup, ab.ID, ab.Value())
	passes(t, "A→B", s.user.Identify(ab.ID, key2))
	bc := ab
	bc.Random = rand.Text()
	s.supplier.Register(syrup, bc)
	if err := s.user.Identify(bc.ID, key2); !errors.Is(err, paper.ErrMismatch) {
		t.Errorf("the print resists this: %v", err)
	}
}

// Attack 001-06: a thing is verified again: with the same answer, with a new one, by
// device, by server, and with an answer from before that was held back.
func TestAttack001_06(t *testing.T) {
	t.Parallel()
	w := stage(t)
	l := measured(t, w)
	held, i := l.honest(t, 0), l.honest(t, 0)
	l.identified(t, i)
	l.alerted(t, "the same answer", w.dd, i, http.StatusConflict, "already_verified")
	l.alerted(t, "one that was held back", w.dd, held, http.StatusConflict, "already_verified")
	l.alerted(t, "another good thing", w.dd, l.honest(t, 0), http.StatusConflict, "already_verified")
	before := l.w.leaves(t)
	if _, err := l.door(t, l.meter.address).Identify(t.Context(), l.code(t, 0), canon.Digest{}, 0); refusal.Code(err) != "already_verified" {
		t.Errorf("at the door: %v", err)
	}
	if after := l.w.leaves(t); after != before+1 {
		t.Errorf("at the door: %d leaves more, want the alert's", after-before)
	}
	l.inList(t, "at the door", "already_verified", w.dd, i)
	// The pack beside it is not touched.
	l.identified(t, l.honest(t, 1))

	s := newShop()
	u := s.shipped()
	passes(t, "first", s.delivered(syrup, u))
	if err := s.delivered(syrup, u); !errors.Is(err, paper.ErrVerified) {
		t.Errorf("the print resists this: %v", err)
	}
	s.supplier.Register(syrup, u)
	passes(t, "second, registered again under the same U", s.delivered(syrup, u))
}

// Attack 001-08: the mark is set by who delivers, by who sees the consignee's
// transaction on its way, by who is not the consignee at all.
func TestAttack001_08(t *testing.T) {
	t.Parallel()
	w := stage(t)
	l, r := measured(t, w), w.rogue(t)
	i := l.honest(t, 0)
	for _, by := range []*party{w.ms, w.hospital, w.dm} {
		l.unproven(t, r, "copied by "+by.Name, "bad_proof", by, i)
	}
	tx := l.transaction(t, i)
	for _, by := range []*party{w.ms, w.hospital} {
		r.refused(t, "in the consignee's name by "+by.Name, "key_mismatch", by.signer(t), w.dd.GLN, chain.KindIdentify, tx)
	}
	// The deliverer has device, J and the consignee's U. For himself he proves it, and is
	// not the one it was registered for.
	x, c := l.opened(t, l.carrier), l.challenge(t, 0)
	c.Consignee = w.ms.GLN
	l.alerted(t, "by the deliverer, for himself", w.ms, identifying(c, x.invents(t, c)), http.StatusForbidden, "wrong_consignee")
	c.Consignee, c.Place = w.dd.GLN, w.ms.GLN
	l.unproven(t, r, "by the deliverer, for the consignee", "bad_proof", w.ms, identifying(c, x.invents(t, c)))
	// A device that is asked for the consignee by a stranger answers the consignee alone.
	c = l.challenge(t, 0)
	l.unproven(t, r, "asked by the hospital", "bad_proof", w.hospital, identifying(c, l.answers(t, c)))
	l.identified(t, i)

	s := newShop()
	u := s.shipped()
	s.Mark(u.ID)
	if err := s.delivered(syrup, u); !errors.Is(err, paper.ErrVerified) {
		t.Errorf("control: the print does not let a stranger burn the mark: %v", err)
	}
	u = s.shipped()
	s.deliverer.Verify(syrup, u.ID, u.Value())
	copied, ok := s.Observe(u.ID)
	if !ok {
		t.Error("control: Key2 is not seen on its way")
	}
	passes(t, "copied Key2", (&paper.Identification{Chain: s.Chain}).Identify(u.ID, copied))
}

// terms are those of the next registration of a pack.
func (l *lab) terms(to *party, counter, pack uint64) chain.Terms {
	return chain.Terms{
		Line: l.line.ID, Epoch: l.line.Epoch, Counter: counter, To: to.GLN, Place: to.GLN, Batch: l.batch, Ranges: []chain.Range{{From: pack, To: pack + 1}},
	}
}

// Attack 001-09: the counter is raised by who is not the supplier, before the mark is
// verified, to an old value or beyond the next. A device of the line helps.
func TestAttack001_09(t *testing.T) {
	t.Parallel()
	w := stage(t)
	l, r := measured(t, w), w.rogue(t)
	x := l.opened(t, l.carrier)
	try := func(what, code string, by, to *party, counter, pack uint64) {
		t.Helper()
		l.noRegistration(t, r, what, code, by, x.registers(t, w, by, to, l.terms(to, counter, pack)))
	}
	try("by the deliverer", "not_in_custody", w.ms, w.pharmacy, 2, 0)
	try("by a stranger", "not_in_custody", w.hospital, w.pharmacy, 2, 0)
	try("by the consignee, before he verified it", "not_verified", w.dd, w.pharmacy, 2, 0)
	l.identified(t, l.honest(t, 0))
	try("by the deliverer, after it was verified", "not_in_custody", w.ms, w.pharmacy, 2, 0)
	for _, counter := range []uint64{1, 3, 1 << 40} {
		try("the consignee's, but another counter", "wrong_counter", w.dd, w.pharmacy, counter, 0)
		try("the maker's, but another counter", "wrong_counter", w.dm, w.dd, counter, 0)
	}
	try("no counter", "bad_registration", w.dd, w.pharmacy, 0, 0)
	try("to himself", "bad_registration", w.dd, w.dd, 2, 0)
	// The pharmacy has a pack that was not registered for it.
	w.sends(t, w.dd, "/v1/dispatches", api.Address{To: w.pharmacy.GLN, Prev: []canon.Digest{l.bc[5]}}, map[string]any{"note": "no hop", "parcels": l.parcels(1, 2)})
	try("by who has it, and was not the consignee", "not_the_registrar", w.pharmacy, w.hospital, 2, 1)
	// After the hop the old counter is over.
	next := l.hop(t, 0)
	try("the counter before", "not_in_custody", w.dd, w.hospital, 2, 0)
	try("the counter before, by who has it now", "wrong_counter", w.pharmacy, w.hospital, 2, 0)
	if now := get[api.Registration](t, w.office, "/v1/registrations/"+next.String(), nil); now.Terms.Counter != 2 || now.Before[0] != l.registration.ID {
		t.Errorf("the hop is %+v", now)
	}

	s := newShop()
	u := s.shipped()
	passes(t, "the consignee's", s.delivered(syrup, u))
	again := (&paper.Registration{Device: s.deliverer.Device, Chain: s.Chain}).Reverify(syrup, u)
	passes(t, "an unknown brand's, the counter raised by the deliverer", s.delivered(syrup, again))
}

// Attack 001-11: another than its maker enters the product, registers it first, or
// overwrites what is registered.
func TestAttack001_11(t *testing.T) {
	t.Parallel()
	w := stage(t)
	r := w.rogue(t)
	l := &lab{walk: (&walk{w: w, last: 4, packs: 8}).run(t)}
	l.release(t)
	// Before the maker has a line.
	squat := stranger(t, w.hospital)
	put := chain.PutLine{GTIN: l.product, Criteria: canon.Sum([]byte("mine")), Epoch: 1, Devices: []chain.Device{squat.Device}}
	update := api.LineUpdate{GTIN: put.GTIN, Criteria: put.Criteria, Epoch: 1, Devices: []api.LineDevice{{
		Point: squat.Point, Seal: squat.Seal, Operator: squat.Operator,
	}}, Keys: []api.LineKey{{Device: squat.id, Epoch: 1, Sealed: randomBytes(200)}}}
	for _, by := range []*party{w.hospital, w.dd, w.ms} {
		w.refuses(t, by, "a line of another's product", func() answer {
			return w.request(t, http.MethodPut, by, "/v1/lines", by.token, mustJSON(t, update))
		}, unprocessable, "prefix_not_licensed")
		r.refused(t, "a line of another's product, past the desk", "prefix_not_licensed", by.signer(t), by.GLN, chain.KindLine, put)
	}
	l.begin(t)
	x := l.opened(t, l.carrier)
	squat.key = x.key
	l.noRegistration(t, r, "first, by a stranger's device", "unknown_device", w.hospital, squat.registers(t, w, w.hospital, w.dd, l.terms(w.dd, 1, 0)))
	l.noRegistration(t, r, "first, by a device of the line", "not_in_custody", w.hospital, x.registers(t, w, w.hospital, w.dd, l.terms(w.dd, 1, 0)))
	own := l.terms(w.dd, 1, 0)
	own.Line = chain.LineID(w.hospital.GLN, l.product)
	l.noRegistration(t, r, "first, under a line of his own", "unknown_line", w.hospital, x.registers(t, w, w.hospital, w.dd, own))
	l.squatter(t, r, x)

	s := newShop()
	id := paper.ID{Manufacturer: "7612345", Serial: "1"}
	key := paper.Key(randomBytes(32))
	s.Register(id, paper.DigestOf(key))
	passes(t, "registered first by a stranger", s.user.Identify(id, key))
	u := s.shipped()
	s.Register(u.ID, paper.DigestOf(key))
	passes(t, "overwritten by a stranger", s.user.Identify(u.ID, key))
}

// squatter has the packs, or not, before and after the maker has registered half.
func (l *lab) squatter(t *testing.T, r *rogue, x *thief) {
	t.Helper()
	w := l.w
	l.registers(t, 4)
	l.distribute(t)
	l.noRegistration(t, r, "first, by who has the pack", "not_the_registrar", w.dd, x.registers(t, w, w.dd, w.pharmacy, l.terms(w.pharmacy, 1, 5)))
	for counter := range uint64(3) {
		code := "not_in_custody"
		if counter == 0 {
			code = "bad_registration"
		}
		l.noRegistration(t, r, "over the maker's", code, w.hospital, x.registers(t, w, w.hospital, w.pharmacy, l.terms(w.pharmacy, counter, 0)))
	}
	if at := get[api.Registration](t, w.office, "/v1/registrations/"+l.registration.ID.String(), nil); at.From != w.dm.GLN {
		t.Errorf("the registration is %+v", at)
	}
	l.identified(t, l.honest(t, 0))
}

// Attack 001-14: goods are diverted: the distributor's pack is verified by the hospital,
// or by him somewhere else. Both are refused, and the maker finds an alert.
func TestAttack001_14(t *testing.T) {
	t.Parallel()
	w := stage(t)
	l := measured(t, w)
	// Bought with the consignee's U: the proof is good, and tells on both.
	c := l.challenge(t, 0)
	c.Consignee, c.Place = w.hospital.GLN, w.hospital.GLN
	l.alerted(t, "at another consignee's", w.hospital, identifying(c, l.answers(t, c)), http.StatusForbidden, "wrong_consignee")
	c.Place, c.Nonce = w.dd.GLN, newID()
	l.alerted(t, "by another consignee at the place", w.hospital, identifying(c, l.answers(t, c)), http.StatusForbidden, "wrong_consignee")
	// The consignee himself, elsewhere, by his own device.
	before := w.leaves(t)
	door := l.door(t, l.meter.address)
	door.Place = w.hospital.GLN
	if _, err := door.Identify(t.Context(), l.code(t, 0), canon.Digest{}, 0); refusal.Code(err) != "wrong_place" {
		t.Errorf("at another place: %v", err)
	}
	if after := w.leaves(t); after != before+1 || newest(t, w.dd).Code != "wrong_place" {
		t.Errorf("at another place: %d leaves more, audit entry %+v", after-before, newest(t, w.dd))
	}
	l.inList(t, "at another place", "wrong_place", w.dd, api.Identifying{Registration: l.registration.ID})
	l.unverified(t, l.registration.ID, 0)
	l.untold(t)
	l.identified(t, l.honest(t, 0))

	s := newShop()
	u := s.shipped()
	passes(t, "at another consignee's", (&paper.Identification{Chain: s.Chain}).Identify(u.ID, s.deliverer.Verify(syrup, u.ID, u.Value())))
}

// untold is the residual: who has the goods and not their U is refused before anything
// is measured, so nothing proves that he has them, and the maker is told nothing.
func (l *lab) untold(t *testing.T) {
	t.Helper()
	w := l.w
	w.refuses(t, w.hospital, "without U", func() answer {
		door := l.door(t, l.meter.address)
		door.Office, door.Place = w.hospital.API, w.hospital.GLN
		_, err := door.Identify(t.Context(), l.code(t, 0), canon.Digest{}, 0)
		return answer{code: refusal.Code(err)}
	}, 0, "wrong_consignee")
}
