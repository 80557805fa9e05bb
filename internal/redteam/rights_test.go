package redteam

import (
	"net/http"
	"testing"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	paper "theriac/internal/paper/pedigree"
	"theriac/pedigree"
)

// Attack 000-21: members send what is not theirs to send; an answer has the right
// ID_BC and nothing else; operators' doors stand without the token.
func TestAttack000_21(t *testing.T) {
	t.Parallel()
	w := stage(t)
	k := &walk{w: w, last: 8}
	k.before = func(f *flight, _ *api.Receipt) {
		w.wrongSenders(t, f)
		w.firstFieldOnly(t, k, f)
	}
	k.run(t)
	r := w.rogue(t)
	thief := w.hospital.signer(t)
	for what, x := range map[string]struct {
		code string
		kind chain.Kind
		body any
	}{
		"a batch of another's": {"wrong_role", chain.KindBatch, chain.BatchRelease{
			GTIN: k.product, Lot: "THIEF", Expiry: k.expiry(), Size: 1, Root: canon.Sum(nil), Certificate: k.certificate,
			Transformation: canon.Sum(nil), Materials: []canon.Digest{k.bc[2]}, Initial: chain.UnitActive,
		}},
		"a certificate's status": {"wrong_role", chain.KindCertificate, chain.CertificateChange{Number: k.certificate, Status: chain.CertificateRevoked}},
		"a recall of another's":  {"not_the_issuer", chain.KindRecall, chain.Recall{Batch: k.batch, Status: chain.Recalled}},
		"packs of another's":     {"not_in_custody", chain.KindUnits, chain.Units{Batch: k.batch, From: chain.UnitActive, To: chain.UnitDispensed, Ranges: []chain.Range{{From: 0, To: 1}}}},
		"a vote":                 {"not_a_governor", chain.KindPropose, chain.Propose{Action: chain.Action{Standing: &chain.Standing{Member: w.hospital.GLN, Roles: []chain.Role{chain.Governor}, Prefixes: []string{}, Status: chain.Active}}}},
		"no contract at all":     {"unknown_kind", "mint", chain.Vote{}},
	} {
		r.refused(t, what, x.code, thief, w.hospital.GLN, x.kind, x.body)
	}
	r.refused(t, "in the office's name", "key_mismatch", thief, w.office.GLN, chain.KindRecall, chain.Recall{Batch: k.batch, Status: chain.Recalled})
	w.openDoors(t)

	p := newPrint()
	var f paper.Fields
	f[paper.ID], f[paper.IDBC], f[paper.Detail], f[paper.Cert] = p.by[paper.DA].ID, "pirate", "approved", "junk"
	if err := p.Insert(paper.DADM, f, random()); err != nil {
		t.Errorf("control: the print refuses an approval that nobody gave: %v", err)
	}
	f[paper.Detail], f[paper.Cert] = "never stored", ""
	var asked paper.Fields
	asked[paper.ID], asked[paper.IDBC] = p.by[paper.DM].ID, "pirate"
	if err := p.Insert(paper.DMDA, asked, random()); err != nil || !p.Check(paper.DADM, f) {
		t.Errorf("control: the print's chk looks at more than its first field: %v", err)
	}
}

// wrongSenders has each member who has no right to this exchange send it, properly
// signed and well formed.
func (w *world) wrongSenders(t *testing.T, f *flight) {
	t.Helper()
	x, err := pedigree.Find(f.claims.Type)
	if err != nil {
		t.Fatal(err)
	}
	roles := map[*party]chain.Role{
		w.office: chain.Governor, w.da: chain.Administration, w.dm: chain.Manufacturer, w.dd: chain.Distributor,
		w.ms: chain.Supplier, w.pharmacy: chain.Pharmacy, w.hospital: chain.Hospital,
	}
	for p, role := range roles {
		c := f.claims
		c.Issuer, c.ID = p.GLN, newID()
		raw := f.sign(t, p.signer(t), c)
		switch {
		case p == f.from || p == f.to:
		case len(x.Follows) > 0: // what somebody follows, he must have received
			w.refused(t, f.to, f.String()+" from "+p.Name, raw, unprocessable, "unknown_prev")
		case role != x.From[0]:
			w.refused(t, f.to, f.String()+" from "+p.Name, raw, http.StatusForbidden, "wrong_role")
		}
		// And to each who has no business with it, by its rightful sender.
		c = f.claims
		c.Audience, c.ID = p.GLN, newID()
		if p != f.from && p != f.to && !receives(x, role) {
			raw := f.sign(t, f.signer, c)
			switch {
			case x.Answers:
				w.refused(t, p, f.String()+" to "+p.Name, raw, unprocessable, "unknown_prev")
			case f.number == 3: // it is sealed to the administration
				w.refused(t, p, f.String()+" to "+p.Name, raw, unprocessable, "bad_dossier")
			default:
				w.refused(t, p, f.String()+" to "+p.Name, raw, http.StatusForbidden, "wrong_role")
			}
		}
	}
}

func receives(x *pedigree.Exchange, role chain.Role) bool {
	for _, r := range x.To {
		if r == role {
			return true
		}
	}
	return false
}

// firstFieldOnly sends answers of which only ID_BC is right: the print's chk looks
// no further.
func (w *world) firstFieldOnly(t *testing.T, k *walk, f *flight) {
	t.Helper()
	send := func(what, code string, prev ...canon.Digest) {
		t.Helper()
		c := f.claims
		c.ID, c.Prev = newID(), append([]canon.Digest{}, prev...)
		w.refused(t, f.to, f.String()+", "+what, f.sign(t, f.signer, c), unprocessable, code)
	}
	send("following what is not anchored", "unknown_prev", canon.Sum([]byte("nothing")))
	if f.number == 1 {
		send("following something", "unknown_prev", k.bc[:1]...)
		return
	}
	send("following nothing", "unknown_prev")
	for i := 1; i < f.number; i++ {
		if k.bc[i] != f.claims.Prev[0] {
			send("following the wrong kind", "unknown_prev", k.bc[i])
		}
	}
	empty := *f
	empty.body = envelope.Body{{Name: "note", Salt: newID(), Value: canon.RawJSON(`"x"`)}}
	c := f.claims
	c.ID, c.BodyDigest = newID(), empty.body.Digest()
	w.refused(t, f.to, f.String()+", nothing but ID_BC", empty.sign(t, f.signer, c), unprocessable, "bad_field")
}

// openDoors tries the operator's operations without his token and with another's.
func (w *world) openDoors(t *testing.T) {
	t.Helper()
	for _, door := range []struct{ method, path string }{
		{http.MethodPost, "/v1/moves"},
		{http.MethodPost, "/v1/undos"},
		{http.MethodPost, "/v1/recalls"},
		{http.MethodPost, "/v1/batches"},
		{http.MethodPost, "/v1/certificates/status"},
		{http.MethodPost, "/v1/standings"},
		{http.MethodPost, "/v1/keys"},
		{http.MethodPost, "/v1/material-requests"},
		{http.MethodPost, "/epcis/capture"},
		{http.MethodPut, "/v1/profile"},
		{http.MethodGet, "/v1/messages"},
		{http.MethodGet, "/v1/audit"},
		{http.MethodGet, "/v1/applications"},
	} {
		for who, token := range map[string]string{"nobody": "", "another's operator": w.hospital.token, "a prefix of the token": w.dm.token[:42]} {
			what := door.method + " " + door.path + " by " + who
			a := w.request(t, door.method, w.dm, door.path, token, []byte("{}"))
			if a.status != http.StatusUnauthorized || a.code != "unauthorised" {
				t.Errorf("%s: %+v", what, a)
			}
		}
	}
	// Strangers are booked once a minute, or they could fill the book.
	if n := w.inBook(t, w.dm, "unauthorised"); n < 1 || n > 3 {
		t.Errorf("the audit book has %d entries unauthorised, want one a minute", n)
	}
}

// inBook counts the entries with a code among the newest of the audit book.
func (w *world) inBook(t *testing.T, at *party, code string) int {
	t.Helper()
	return booked(t, at, 3000)[code]
}
