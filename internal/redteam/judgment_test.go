package redteam

import (
	"crypto/rand"
	"net/http"
	"testing"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/internal/device"
	paper "theriac/internal/paper/genuine"
	"theriac/refusal"
)

// Attack 001-04: a device was opened: its keys and the line's J are the thief's. He can
// forge for this line, under this device's name, until it is revoked; for no other
// line, under no other name, and not afterwards.
func TestAttack001_04(t *testing.T) {
	t.Parallel()
	w := stage(t)
	r := w.rogue(t)
	l, other := measured(t, w), measured(t, w)
	x := l.opened(t, l.carrier)

	// J without a device of the line proves nothing.
	c := l.challenge(t, 0)
	l.unproven(t, r, "J with a device of nobody's", "unknown_device", w.dd, identifying(c, stranger(t, w.ms).signs(t, c, *x.invents(t, c))))
	// For another line it makes another key, and the device is none of that line's.
	c = other.challenge(t, 0)
	if a, err := x.key.Answer(c, weighed(usual), x.sign); refusal.Code(err) != "bad_transaction" {
		t.Errorf("J of one line for another: %+v, %v", a, err)
	}
	bent := *x.key
	bent.Line, bent.Epoch = c.Transaction.Line, c.Transaction.Epoch
	y := *x
	y.key = &bent
	other.unproven(t, r, "J of one line for another", "bad_proof", w.dd, identifying(c, y.invents(t, c)))
	other.unproven(t, r, "a device of one line for another", "unknown_device", w.dd, identifying(c, x.signs(t, c, *other.opened(t, other.carrier).invents(t, c))))

	// For its own line it passes, and the ledger names the device: the residual.
	c = l.challenge(t, 0)
	l.identified(t, identifying(c, x.invents(t, c)))
	if m := l.mark(t, 0); m.Device != x.id {
		t.Errorf("residual: the mark names %s, want the opened device %s", m.Device, x.id)
	}
	l.revoked(t, r, x)

	s := newShop()
	opened := s.deliverer.J.OK
	diamonds := &paper.Registration{Device: paper.Device{Ranges: []paper.Range{{Low: 9.9, High: 10}}, J: s.supplier.J}, Chain: s.Chain}
	u := paper.Info{ID: paper.ID{Manufacturer: "another maker", Serial: "1"}, Random: rand.Text()}
	diamonds.Register(paper.Signal{10}, u)
	passes(t, "J of one opened device for another product", s.user.Identify(u.ID, paper.KeyOf(opened, u.Value())))
}

// revoked revokes the thief's device.
func (l *lab) revoked(t *testing.T, r *rogue, x *thief) {
	t.Helper()
	w, before := l.w, l.challenge(t, 1)
	stolen := identifying(before, x.invents(t, before))
	honest, _ := l.another(t, steady)
	l.change(t, device.Change{Revoke: []canon.Digest{x.id}})
	if l.line.Epoch != 2 {
		t.Fatalf("epoch %d after a revocation, want 2", l.line.Epoch)
	}
	l.unproven(t, r, "made before the revocation", "unknown_device", w.dd, stolen)
	c := l.challenge(t, 1)
	l.unproven(t, r, "made after it", "unknown_device", w.dd, identifying(c, x.invents(t, c)))
	// He gets no key of the new epoch, and registers nothing.
	path := "/v1/lines/" + l.line.ID.String() + "/keys/" + x.id.String()
	if a := w.request(t, http.MethodGet, w.dm, path, "", nil); a.status != http.StatusNotFound || a.code != "not_found" {
		t.Errorf("the keys of the new epoch for a revoked device: %+v", a)
	}
	l.sees(t, "the revoked device", "unknown_device", l.meter.address, 1)
	again := chain.Terms{Line: l.line.ID, Epoch: 2, Counter: 2, To: w.dd.GLN, Place: w.dd.GLN, Batch: l.batch, Ranges: []chain.Range{{To: 1}}}
	l.noRegistration(t, r, "by a revoked device", "unknown_device", w.dm, x.registers(t, w, w.dm, w.dd, again))
	again.Epoch = 1
	l.noRegistration(t, r, "of an epoch that is over", "bad_registration", w.dm, x.registers(t, w, w.dm, w.dd, again))
	// What was registered before is measured by the devices that are left.
	c = l.challenge(t, 1)
	a, err := l.asks(t, honest, c)
	if err != nil {
		t.Fatal(err)
	}
	l.identified(t, identifying(c, a))
}

// noRegistration has a member register what must be refused, by its server and past it.
func (l *lab) noRegistration(t testing.TB, r *rogue, what, code string, by *party, arg *api.Registering) {
	t.Helper()
	status, ok := map[string]int{"not_the_registrar": http.StatusForbidden, "unknown_line": http.StatusNotFound}[code]
	if !ok {
		status = unprocessable
	}
	l.w.refuses(t, by, what, func() answer { return l.w.sendsJSON(t, by, "/v1/registrations", arg) }, status, code)
	r.refused(t, what+", past the desk", code, by.signer(t), by.GLN, chain.KindRegister, chain.Register{
		Terms: chain.Terms(arg.Terms), Device: arg.Device, Signature: arg.Signature,
	})
}

func weighed(q genuine.Quantity) []genuine.Reading {
	return []genuine.Reading{{Feature: "mass", Unit: "g", Value: q}}
}
