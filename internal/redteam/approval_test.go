package redteam

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"theriac"
	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/gs1"
	"theriac/internal/journey"
	paper "theriac/internal/paper/pedigree"
	"theriac/pedigree"
)

// releases asks the manufacturer's API to release a batch.
func (w *world) releases(t testing.TB, r api.Release) answer {
	t.Helper()
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return w.request(t, http.MethodPost, w.dm, "/v1/batches", w.dm.token, raw)
}

// Attack 000-08: a manufacturer markets a drug without Cert_D, with one that it
// signed, with that of another drug, and with one that was taken back.
func TestAttack000_08(t *testing.T) {
	t.Parallel()
	w := stage(t)
	k := &walk{w: w, last: 8}
	k.before = func(f *flight, _ *api.Receipt) {
		if f.number == 4 {
			w.selfApproved(t, k, f)
		}
	}
	other := (&walk{w: w, last: 4}).run(t)
	k.run(t)
	with := func(bend func(r *api.Release)) func() answer {
		r := k.order()
		r.Lot = "FAKE"
		bend(&r)
		return func() answer { return w.releases(t, r) }
	}
	w.refuses(t, w.dm, "no certificate", with(func(r *api.Release) { r.Certificate = "" }), unprocessable, "not_approved")
	w.refuses(t, w.dm, "a certificate that nobody issued", with(func(r *api.Release) { r.Certificate = "RT/0" }), unprocessable, "not_approved")
	w.refuses(t, w.dm, "the certificate of another drug", with(func(r *api.Release) { r.Certificate = other.certificate }), unprocessable, "gtin_not_in_certificate")
	w.refuses(t, w.dm, "material that nobody supplied", with(func(r *api.Release) { r.Inputs = []gs1.LGTIN{{GTIN: k.material.GTIN, Lot: "NONE"}} }), unprocessable, "unknown_material")

	// The same past its own desk, from a node of the manufacturer's.
	r, s := w.rogue(t), w.dm.signer(t)
	batch := chain.BatchRelease{
		GTIN: k.product, Lot: "FAKE", Expiry: k.expiry(), Size: 10, Root: canon.Sum([]byte("root")), Certificate: k.certificate,
		Transformation: canon.Sum([]byte("event")), Materials: []canon.Digest{k.bc[2]}, Initial: chain.UnitActive,
	}
	for what, x := range map[string]struct {
		code string
		bend func(b *chain.BatchRelease)
	}{
		"no certificate":         {"bad_batch", func(b *chain.BatchRelease) { b.Certificate = "" }},
		"unknown certificate":    {"not_approved", func(b *chain.BatchRelease) { b.Certificate = "RT/0" }},
		"another drug's":         {"gtin_not_in_certificate", func(b *chain.BatchRelease) { b.Certificate = other.certificate }},
		"no material":            {"bad_batch", func(b *chain.BatchRelease) { b.Materials = nil }},
		"a document never shown": {"unknown_evidence", func(b *chain.BatchRelease) { *b = captured(b) }},
	} {
		b := batch
		x.bend(&b)
		r.refused(t, "on the ledger, "+what, x.code, s, w.dm.GLN, chain.KindBatch, b)
	}
	w.unapproved(t, k, other)

	p := newPrint()
	p.trade(t, "approved")
	cert := p.Download("approved").Cert
	for x := paper.DMMS; x <= paper.DDDM; x++ {
		junk := paper.Signature{R: random(), S: random()}
		p.Upload(x, "pirate", paper.BC(junk), junk)
	}
	var f paper.Fields
	f[paper.ID], f[paper.IDBC], f[paper.Cert] = p.by[paper.DA].ID, "pirate", cert
	if err := p.Insert(paper.DADM, f, random()); err != nil {
		t.Fatal(err)
	}
	if err := p.legal("pirate"); err != nil {
		t.Errorf("control: the print refuses a drug with another's Cert_D: %v", err)
	}
}

func captured(b *chain.BatchRelease) chain.BatchRelease {
	c := *b
	c.Certificate, c.Materials, c.Transformation, c.Evidence = "", nil, canon.Digest{}, canon.Sum([]byte("self-made"))
	return c
}

// selfApproved has the manufacturer decide on its own dossier.
func (w *world) selfApproved(t *testing.T, k *walk, f *flight) {
	own := w.dm.signer(t)
	decision := func(cert string) *flight {
		return message(t, w.da, w.dm, k.id, &pedigree.Decision{Certificate: cert, Decision: pedigree.Approved}, k.bc[3])
	}
	byDM := k.cert(t, w.da, own, k.product)
	w.refused(t, w.dm, "decision signed by the manufacturer", f.sign(t, own, f.claims), unprocessable, "key_mismatch")
	w.refused(t, w.dm, "decision in the manufacturer's name", f.as(t, w.dm.GLN, own), unprocessable, "unknown_prev")
	w.refused(t, w.dm, "certificate signed by the manufacturer", decision(byDM).raw, unprocessable, "bad_certificate")
	w.refused(t, w.dm, "certificate issued by the manufacturer", decision(k.cert(t, w.dm, own, k.product)).raw, unprocessable, "bad_certificate")
	w.refused(t, w.dm, "certificate of a product that the dossier lacks",
		decision(k.cert(t, w.da, w.da.signer(t), item(journey.ManufacturerPrefix, "9999"))).raw, unprocessable, "bad_certificate")
}

// unapproved takes the approval out of the evidence, puts another's in, and has
// the administration take it back: the third party says that it is not approved.
func (w *world) unapproved(t *testing.T, k, other *walk) {
	code := k.code(t, 0)
	good := w.evidence(t, code)
	if v := w.verify(t, good); v.Verdict != theriac.Genuine {
		t.Fatalf("before the attack: %+v", v)
	}
	foreign := exchanges(t, w, other.id)
	for what, bend := range map[string]func(b *theriac.Bundle){
		"no decision": func(b *theriac.Bundle) { b.Exchanges = drop(b.Exchanges, pedigree.TypeDecision) },
		"the decision on another drug": func(b *theriac.Bundle) {
			for i := range b.Exchanges {
				if b.Exchanges[i].Type == pedigree.TypeDecision {
					b.Exchanges[i] = foreign[pedigree.TypeDecision]
				}
			}
		},
	} {
		v := w.verify(t, bent(t, good, bend))
		if v.Verdict != theriac.Refused || v.Step != pedigree.StepApproval || v.Blame != string(chain.Manufacturer) {
			t.Errorf("%s: %+v, want it refused in the step approval", what, v)
		}
	}
	raw := []byte(`{"number":"` + k.certificate + `","status":"revoked","reason":"trial data forged"}`)
	if a := w.request(t, http.MethodPost, w.da, "/v1/certificates/status", w.da.token, raw); a.status != http.StatusOK {
		t.Fatalf("revocation of the certificate: %+v", a)
	}
	if v := w.judge(t, code); v.Verdict != theriac.Refused || v.Step != pedigree.StepApproval || codeOf(v) != "not_approved" {
		t.Errorf("certificate taken back: %+v", v)
	}
	order := k.order()
	order.Lot = "LATE"
	if j := w.job(t, order); j.State != "failed" || j.Code != "not_approved" {
		t.Errorf("a batch after that: %+v", j)
	}
	// What the evidence said before is older than the trust root lets it be.
	if v := w.verify(t, good); v.Verdict != theriac.Genuine {
		t.Errorf("evidence of before, still fresh: %+v", v)
	}
	if v := w.verifyAt(t, good, tooLate); v.Verdict != theriac.CannotCheck {
		t.Errorf("evidence of before, when it is too old: %+v", v)
	}
}

// Attack 000-24: the classification half of the packs' ID_UI is not in Cert_D.
func TestAttack000_24(t *testing.T) {
	t.Parallel()
	w := stage(t)
	foreign := item(journey.ManufacturerPrefix, "9998")
	k := &walk{w: w, last: 6}
	k.before = func(f *flight, _ *api.Receipt) {
		if f.number != 5 {
			return
		}
		for _, code := range []gs1.GTIN{foreign, item(journey.SupplierPrefix, "0001")} {
			order := k.order()
			order.GTIN, order.Lot = code, "CLASS"
			w.refuses(t, w.dm, "batch of "+string(code), func() answer { return w.releases(t, order) }, unprocessable, "gtin_not_in_certificate")
			d := k.distribution()
			d.Parcels[0].GTIN = code
			w.refused(t, w.dd, "distribution of "+string(code), message(t, w.dm, w.dd, k.id, d, k.bc[4]).raw, http.StatusNotFound, "unknown_batch")
		}
		r, err := json.Marshal(k.order())
		if err != nil {
			t.Fatal(err)
		}
		wrong := string(k.product[:13]) + string('0'+(k.product[13]-'0'+1)%10)
		r = bytes.Replace(r, []byte(k.product), []byte(wrong), 1)
		if a := w.request(t, http.MethodPost, w.dm, "/v1/batches", w.dm.token, r); a.status != http.StatusBadRequest || a.code != "bad_request" {
			t.Errorf("wrong check digit: %+v", a)
		}
	}
	k.run(t)
	r := w.rogue(t)
	r.refused(t, "past the desk", "gtin_not_in_certificate", w.dm.signer(t), w.dm.GLN, chain.KindBatch, chain.BatchRelease{
		GTIN: foreign, Lot: "CLASS", Expiry: k.expiry(), Size: 10, Root: canon.Sum([]byte("root")), Certificate: k.certificate,
		Transformation: canon.Sum([]byte("event")), Materials: []canon.Digest{k.bc[2]}, Initial: chain.UnitActive,
	})

	// In the print nothing ties ID_UI to Cert_D.
	p, d := newPrint(), drug("case")
	d.UI = "09999999999999SN000001"
	if _, err := paper.Trade(p.by, d, p.now, random); err != nil || p.legal("case") != nil {
		t.Errorf("control: the print refuses another ID_UI: %v, %v", err, p.legal("case"))
	}
}
