package redteam

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"theriac/api"
	"theriac/envelope"
	"theriac/internal/organisation"
	paper "theriac/internal/paper/pedigree"
	"theriac/pedigree"
)

// window is ΔT of the genesis.
const window = 5 * time.Minute

// again hands in a message that was taken before: the receipt of then, one leaf,
// one message.
func (w *world) again(t *testing.T, what string, at, ledger *party, f *flight, was api.Receipt) {
	t.Helper()
	leaves := get[api.Status](t, ledger, "/v1/status", nil).Root.LogSize
	got := w.accepted(t, at, f.String()+", "+what, f.raw)
	if got != was {
		t.Errorf("%v, %s: receipt %+v, want that of before, %+v", f, what, got, was)
	}
	if now := get[api.Status](t, ledger, "/v1/status", nil).Root.LogSize; now != leaves {
		t.Errorf("%v, %s: %d leaves, want %d", f, what, now, leaves)
	}
	mail := get[api.Messages](t, at, "/v1/messages", url.Values{"type": {f.claims.Type}, "case": {f.claims.Case}, "status": {"received"}})
	if len(mail.Items) != 1 {
		t.Errorf("%v, %s: %d orders, want 1", f, what, len(mail.Items))
	}
}

// Attack 000-11: each message is sent again: at once, many times at the same
// moment, after a restart, to a server that lost its store, at +ΔT/2 and after ΔT.
func TestAttack000_11(t *testing.T) {
	t.Parallel()
	w := ownStage(t)
	var sent []*flight
	var receipts []api.Receipt
	k := &walk{w: w, last: 8}
	k.before = func(f *flight, _ *api.Receipt) {
		before := w.leaves(t)
		for i, a := range w.postAll(t, f.to, 16, func(int) []byte { return f.raw }) {
			if a.status != http.StatusOK {
				t.Errorf("%v, copy %d of 16 at once: %+v", f, i, a)
			}
		}
		if got := w.leaves(t); got != before+1 {
			t.Errorf("%v 16 times at once: %d leaves more, want 1", f, got-before)
		}
	}
	k.after = func(f *flight, r *api.Receipt) {
		w.again(t, "at once", f.to, w.office, f, *r)
		// The sender may sign it afresh: it is the same order still.
		c := f.claims
		c.IssuedAt++
		fresh := *f
		fresh.raw = f.sign(t, f.signer, c)
		w.again(t, "signed afresh", f.to, w.office, &fresh, *r)
		// Another order under its number is refused.
		other := *f
		other.body = append(envelope.Body{}, f.body...)
		other.body[0].Salt[0] ^= 1
		c = f.claims
		c.BodyDigest = other.body.Digest()
		w.refused(t, f.to, f.String()+", its number on another", other.sign(t, f.signer, c), http.StatusConflict, "replayed")
		sent, receipts = append(sent, f), append(receipts, *r)
	}
	k.run(t)
	w.stop()
	w.afterRestart(t, sent, receipts)

	p := newPrint()
	for i, m := range p.trade(t, "case") {
		x := paper.Exchange(i)
		for _, late := range []time.Duration{0, delta / 2, delta} {
			p.takes(t, "again", p.by[x.To()], x, m, p.now.Add(late))
		}
		if got := len(p.Rows(x)); got != 4 {
			t.Errorf("control: %v four times is %d rows in the print, want 4", x, got)
		}
	}
}

// afterRestart plays the messages again to organisations that were opened anew.
func (w *world) afterRestart(t *testing.T, sent []*flight, receipts []api.Receipt) {
	office := w.reopen(t, w.office, organisation.Options{})
	defer office.stop()
	office.ready(t)
	at := func(p *party, o organisation.Options, do func(s *site)) {
		o.Node = office.org.Node
		s := w.reopen(t, p, o)
		defer s.stop()
		do(s)
	}
	for i, f := range sent {
		r, issued := receipts[i], f.claims.Issued()
		at(f.to, organisation.Options{}, func(s *site) { w.again(t, "after a restart", s.party, office.party, f, r) })
		for _, late := range []time.Duration{window / 2, window} {
			at(f.to, organisation.Options{Now: frozen(issued.Add(late))}, func(s *site) {
				w.again(t, "after "+late.String(), s.party, office.party, f, r)
			})
		}
		at(f.to, organisation.Options{Now: frozen(issued.Add(window + time.Second))}, func(s *site) {
			w.stale(t, s, f.String()+" after ΔT + 1 s", f.raw, "stale")
		})
	}
	// A server whose store was lost has no memory of what it saw. The ledger has.
	for i, f := range sent[:6] {
		for _, name := range []string{"store.db", "store.db-wal", "store.db-shm"} {
			if err := os.RemoveAll(filepath.Join(f.to.dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		at(f.to, organisation.Options{}, func(s *site) { w.again(t, "after its store was lost", s.party, office.party, f, receipts[i]) })
	}
}

// stale hands a message to a site that must refuse it for its time.
func (w *world) stale(t *testing.T, s *site, what string, raw []byte, code string) {
	t.Helper()
	a := w.post(t, s.party, raw)
	if a.status != unprocessable || a.code != code {
		t.Errorf("%s: %d %q (%s), want %q", what, a.status, a.code, a.detail, code)
	}
	if e := newest(t, s.party); e.Code != code {
		t.Errorf("%s: booked %+v, want %q", what, e, code)
	}
}

// Attack 000-12: a sender dates a message ahead or back; a receiver's clock is
// wrong; both are, and agree.
func TestAttack000_12(t *testing.T) {
	t.Parallel()
	w := ownStage(t)
	k := &walk{w: w, last: 8}
	k.before = func(f *flight, _ *api.Receipt) {
		// At least so long ahead when it is looked at.
		for ahead, code := range map[time.Duration]string{
			window + 5*time.Second: "ts_future", 24 * time.Hour: "ts_future", 10 * 365 * 24 * time.Hour: "ts_future",
			-window - time.Second: "stale", -365 * 24 * time.Hour: "stale", -50 * 365 * 24 * time.Hour: "stale",
		} {
			c := f.claims
			c.ID, c.IssuedAt = newID(), time.Now().Add(ahead).Unix()
			c.Expires = c.IssuedAt + 600
			w.refused(t, f.to, f.String()+" dated by "+ahead.String(), f.sign(t, f.signer, c), unprocessable, code)
		}
		c := f.claims
		c.IssuedAt, c.Expires = c.IssuedAt-60, c.IssuedAt-1
		w.refused(t, f.to, f.String()+", expired", f.sign(t, f.signer, c), unprocessable, "expired_message")
	}
	k.run(t)
	// Within ΔT on either side it is taken.
	for _, ahead := range []time.Duration{window - 5*time.Second, -window + 5*time.Second} {
		f := message(t, w.dm, w.ms, k.id, &pedigree.MaterialRequest{Material: "thyme", Product: "syrup"})
		f.claims.IssuedAt = time.Now().Add(ahead).Unix()
		f.claims.Expires = f.claims.IssuedAt + 600
		w.accepted(t, w.ms, "dated by "+ahead.String(), f.sign(t, f.signer, f.claims))
	}
	w.stop()
	w.wrongClocks(t, k)

	p := newPrint()
	year := p.now.AddDate(1, 0, 0)
	for x := paper.DMMS; x <= paper.DDDM; x++ {
		var f paper.Fields
		f[paper.Detail], f[paper.IDBC], f[paper.Cert] = "detail", "case", "cert"
		if x > paper.DMDA { // their contracts ask for a dossier
			var d paper.Fields
			d[paper.ID], d[paper.IDBC] = p.by[paper.DM].ID, "case"
			if err := p.Insert(paper.DMDA, d, random()); err != nil {
				t.Fatal(err)
			}
		}
		m, err := p.by[x.From()].Send(x, f, year, random())
		if err != nil {
			t.Fatal(err)
		}
		p.takes(t, "a year ahead", p.by[x.To()], x, m, p.now)
	}
}

// wrongClocks opens the receiver with a clock that is wrong by more than ΔT.
func (w *world) wrongClocks(t *testing.T, k *walk) {
	office := w.reopen(t, w.office, organisation.Options{})
	defer office.stop()
	office.ready(t)
	for _, wrong := range []time.Duration{window + 10*time.Second, -window - 10*time.Second} {
		s := w.reopen(t, w.ms, organisation.Options{Node: office.org.Node, Now: shifted(wrong)})
		honest, agreed := "stale", "ts_future"
		if wrong < 0 {
			// The stage's keys are younger than ΔT, and keys are asked before times.
			honest, agreed = "key_invalid", "key_invalid"
		}
		leaves := get[api.Status](t, office.party, "/v1/status", nil).Root.LogSize
		f := message(t, w.dm, s.party, k.id, &pedigree.MaterialRequest{Material: "thyme", Product: "syrup"})
		w.stale(t, s, "honest sender, receiver's clock off by "+wrong.String(), f.raw, honest)
		f.claims.IssuedAt = time.Now().Add(wrong).Unix()
		f.claims.Expires = f.claims.IssuedAt + 600
		// Sender and receiver agree on another time. The blocks do not.
		w.stale(t, s, "both off by "+wrong.String(), f.sign(t, f.signer, f.claims), agreed)
		if got := get[api.Status](t, office.party, "/v1/status", nil).Root.LogSize; got != leaves {
			t.Errorf("off by %s: %d leaves, want %d", wrong, got, leaves)
		}
		s.stop()
	}
	// A clock that stopped a moment after the keys were registered.
	f := message(t, w.dm, w.ms, k.id, &pedigree.MaterialRequest{Material: "thyme", Product: "syrup"})
	s := w.reopen(t, w.ms, organisation.Options{Node: office.org.Node, Now: frozen(f.claims.Issued())})
	defer s.stop()
	f.claims.IssuedAt += int64(window/time.Second) + 1
	f.claims.Expires = f.claims.IssuedAt + 600
	w.stale(t, s, "receiver's clock behind", f.sign(t, f.signer, f.claims), "ts_future")
}
