package ledger_test

import (
	"strings"
	"testing"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/gs1"
	"theriac/internal/ledger/ledgertest"
	"theriac/pedigree"
)

// approving is a case in which the administration answers a new dossier for a
// second product with this certificate.
func approving(name, code string, cert func(w *town, dossier canon.Digest, product gs1.GTIN) string) refused {
	return refused{name, code, func(w *town) []byte {
		d := w.second()
		dossier := w.tell(w.DM, w.DA, d, w.Supply)
		return w.send(w.DA, w.DM, &pedigree.Decision{Certificate: cert(w, d.Documents, d.GTINs[0]), Decision: pedigree.Approved}, dossier)
	}}
}

// second is the dossier of a second product.
func (w *town) second() *pedigree.Dossier {
	d := w.Dossiers()
	d.Documents, d.GTINs = canon.Sum([]byte("other trials")), []gs1.GTIN{gtin("40000030", "0002")}
	return d
}

// credential signs a Cert_D after a change.
func (w *town) credential(by *ledgertest.Org, dossier canon.Digest, product gs1.GTIN, change func(*pedigree.Credential)) string {
	w.T.Helper()
	from := w.Now.Truncate(time.Second)
	c := pedigree.NewCredential(ledgertest.ChainID, by.GLN, pedigree.Authorisation{
		Dossier: dossier, GTINs: []gs1.GTIN{product}, Holder: gs1.GLN(w.DM.GLN), Name: "Theriacin", Number: "EU/1/26/002",
		Markets: []string{"DE"}, Sites: []gs1.GLN{gs1.GLN(w.DM.GLN)},
	}, from, from.AddDate(5, 0, 0))
	change(&c)
	raw, err := c.Sign(by.Key)
	if err != nil {
		w.T.Fatal(err)
	}
	return raw
}

// certifying is a case in which the certificate says something amiss.
func certifying(name, code string, change func(w *town, c *pedigree.Credential)) refused {
	return approving(name, code, func(w *town, dossier canon.Digest, product gs1.GTIN) string {
		return w.credential(w.DA, dossier, product, func(c *pedigree.Credential) { change(w, c) })
	})
}

func unchanged(*pedigree.Credential) {}

var decisionRefusals = []refused{
	saying("undecided", "bad_field", deciding(&pedigree.Decision{Decision: "perhaps"})),
	saying("approved without certificate", "bad_field", deciding(&pedigree.Decision{Decision: pedigree.Approved})),
	saying("refused with certificate", "bad_field", deciding(&pedigree.Decision{Decision: pedigree.Refused, Certificate: "x"})),
	saying("certificate is noise", "bad_certificate", deciding(&pedigree.Decision{Decision: pedigree.Approved, Certificate: "noise"})),
	// Attack 000-08: a certificate that the manufacturer signed, in its own name or
	// the administration's.
	approving("signed by the manufacturer", "bad_certificate", func(w *town, d canon.Digest, g gs1.GTIN) string {
		return w.credential(w.DM, d, g, unchanged)
	}),
	approving("signed by the manufacturer as the administration", "bad_certificate", func(w *town, d canon.Digest, g gs1.GTIN) string {
		return w.credential(w.DM, d, g, func(c *pedigree.Credential) { c.Issuer = "https://id.gs1.org/417/" + w.DA.GLN })
	}),
	approving("signed by the other administration", "bad_certificate", func(w *town, d canon.Digest, g gs1.GTIN) string {
		return w.credential(w.DA2, d, g, unchanged)
	}),
	approving("signed with nobody's key", "unknown_key", func(w *town, d canon.Digest, g gs1.GTIN) string {
		return w.credential(w.stranger(), d, g, unchanged)
	}),
	approving("signed with a revoked key", "bad_certificate", func(w *town, d canon.Digest, g gs1.GTIN) string {
		raw := w.credential(w.DA, d, g, unchanged)
		next := w.rotate(w.DA, time.Time{})
		w.revoke(next, w.DA)
		w.DA = next
		return raw
	}),
	// Attack 000-08: the certificate of another drug.
	approving("for another dossier", "bad_certificate", func(w *town, _ canon.Digest, g gs1.GTIN) string {
		return w.credential(w.DA, w.Dossiers().Documents, g, unchanged)
	}),
	approving("for a product that the dossier does not name", "bad_certificate", func(w *town, d canon.Digest, _ gs1.GTIN) string {
		return w.credential(w.DA, d, w.Product, unchanged)
	}),
	certifying("held by another", "bad_certificate", func(w *town, c *pedigree.Credential) { c.Subject.Holder = gs1.GLN(w.DM2.GLN) }),
	certifying("number of another", "bad_certificate", func(_ *town, c *pedigree.Credential) { c.Subject.Number = ledgertest.Number }),
	certifying("number taken", "number_taken", func(_ *town, c *pedigree.Credential) {
		c.Subject.Number = ledgertest.Number
		c.Status.ID = "theriac:" + ledgertest.ChainID + "/certificate/" + ledgertest.Number
	}),
	certifying("of another chain", "bad_certificate", func(_ *town, c *pedigree.Credential) { c.Status.ID = "theriac:other/certificate/EU/1/26/002" }),
	certifying("of another kind", "bad_certificate", func(_ *town, c *pedigree.Credential) { c.Type = c.Type[:1] }),
	certifying("ended", "bad_certificate", func(w *town, c *pedigree.Credential) {
		c.From, c.Until = w.Now.AddDate(-1, 0, 0).Format(time.RFC3339), w.Now.Add(time.Second).Format(time.RFC3339)
	}),
	certifying("never valid", "bad_certificate", func(w *town, c *pedigree.Credential) {
		c.From, c.Until = w.Now.AddDate(2, 0, 0).Format(time.RFC3339), w.Now.AddDate(2, 0, 0).Format(time.RFC3339)
	}),
	certifying("no name", "bad_certificate", func(_ *town, c *pedigree.Credential) { c.Subject.Name = "" }),
	certifying("no dossier", "bad_certificate", func(_ *town, c *pedigree.Credential) { c.Subject.Dossier = canon.Digest{} }),
	certifying("issuer without its URI", "bad_certificate", func(w *town, c *pedigree.Credential) { c.Issuer = w.DA.GLN }),
	certifying("number of 41 characters", "bad_certificate", func(_ *town, c *pedigree.Credential) {
		c.Subject.Number = strings.Repeat("1", 41)
		c.Status.ID = "theriac:" + ledgertest.ChainID + "/certificate/" + c.Subject.Number
	}),
	certifying("time with a zone", "bad_certificate", func(_ *town, c *pedigree.Credential) { c.Until = "2031-01-01T00:00:00+01:00" }),
	certifying("no number", "bad_certificate", func(_ *town, c *pedigree.Credential) { c.Subject.Number = "" }),
	certifying("number of other characters", "bad_certificate", func(_ *town, c *pedigree.Credential) {
		c.Subject.Number = "EU 1"
		c.Status.ID = "theriac:" + ledgertest.ChainID + "/certificate/EU 1"
	}),
	certifying("no product", "bad_certificate", func(_ *town, c *pedigree.Credential) { c.Subject.GTINs = nil }),
	{"product under another's prefix", "prefix_not_licensed", func(w *town) []byte { return w.approvingFor(gtin("40000031", "0001")) }},
	{"product under nobody's prefix", "prefix_not_licensed", func(w *town) []byte { return w.approvingFor(gtin("50000000", "0001")) }},
	{"product of the prefix's former owner", "gtin_taken", func(w *town) []byte {
		w.DM2.Prefixes = append(w.DM2.Prefixes, "4000003")
		w.Admit(w.standing(w.DM, func(s *chain.Standing) { s.Prefixes = []string{} }))
		w.Admit(w.standing(w.DM2, func(s *chain.Standing) { s.Prefixes = []string{"40000030"} }))
		request := w.tell(w.DM2, w.MS, content(w.Request))
		supply := w.tell(w.MS, w.DM2, content(w.Supply), request)
		dossier := w.tell(w.DM2, w.DA, w.Dossiers(), supply)
		cert := w.DA.Credential(w.DM2, w.Dossiers().Documents, "EU/1/26/003", w.Now, w.Product)
		return w.send(w.DA, w.DM2, &pedigree.Decision{Certificate: cert, Decision: pedigree.Approved}, dossier)
	}},
}

func deciding(d *pedigree.Decision) func(*town) (*ledgertest.Org, *ledgertest.Org, pedigree.Content, *envelope.Message) {
	return func(w *town) (*ledgertest.Org, *ledgertest.Org, pedigree.Content, *envelope.Message) {
		return w.DA, w.DM, d, w.Dossier
	}
}

// approvingFor returns the approval of a dossier for this product code.
func (w *town) approvingFor(g gs1.GTIN) []byte {
	d := w.second()
	d.GTINs = []gs1.GTIN{g}
	dossier := w.tell(w.DM, w.DA, d, w.Supply)
	return w.send(w.DA, w.DM, &pedigree.Decision{
		Certificate: w.credential(w.DA, d.Documents, g, unchanged), Decision: pedigree.Approved,
	}, dossier)
}

func (w *town) setCertificate(by *ledgertest.Org, s chain.CertificateStatus) []byte {
	return by.Tx(w.Now, chain.KindCertificate, chain.CertificateChange{Number: ledgertest.Number, Status: s, Reason: "test"})
}

var certificateRefusals = []refused{
	{"unknown", "not_approved", func(w *town) []byte {
		return w.DA.Tx(w.Now, chain.KindCertificate, chain.CertificateChange{Number: "EU/9", Status: chain.CertificateRevoked})
	}},
	{"by its holder", "wrong_role", func(w *town) []byte { return w.setCertificate(w.DM, chain.CertificateRevoked) }},
	{"by a governor", "wrong_role", func(w *town) []byte { return w.setCertificate(w.BCC, chain.CertificateRevoked) }},
	{"by another administration", "not_the_issuer", func(w *town) []byte { return w.setCertificate(w.DA2, chain.CertificateRevoked) }},
	{"by another administration while the issuer is suspended", "not_the_issuer", func(w *town) []byte {
		w.stand(w.DA, chain.Suspended)
		return w.setCertificate(w.DA2, chain.CertificateRevoked)
	}},
	{"by its holder after the issuer is gone", "wrong_role", func(w *town) []byte {
		w.stand(w.DA, chain.Removed)
		return w.setCertificate(w.DM, chain.CertificateRevoked)
	}},
	{"by a suspended administration after the issuer is gone", "member_inactive", func(w *town) []byte {
		w.stand(w.DA, chain.Removed)
		w.stand(w.DA2, chain.Suspended)
		return w.setCertificate(w.DA2, chain.CertificateRevoked)
	}},
	{"by another administration after the issuer is one again", "not_the_issuer", func(w *town) []byte {
		w.stand(w.DA, chain.Active, chain.Hospital)
		w.Admit(w.setCertificate(w.DA2, chain.CertificateSuspended))
		w.stand(w.DA, chain.Active, chain.Administration)
		return w.setCertificate(w.DA2, chain.CertificateValid)
	}},
	{"by who is no administration any more", "wrong_role", func(w *town) []byte {
		w.Admit(w.setCertificate(w.DA, chain.CertificateSuspended))
		w.stand(w.DA, chain.Active, chain.Hospital)
		return w.setCertificate(w.DA, chain.CertificateValid)
	}},
	{"valid already", "bad_status", func(w *town) []byte { return w.setCertificate(w.DA, chain.CertificateValid) }},
	{"status zero", "bad_status", func(w *town) []byte { return w.setCertificate(w.DA, 0) }},
	{"unknown status", "bad_status", func(w *town) []byte { return w.setCertificate(w.DA, 4) }},
	{"long reason", "bad_status", func(w *town) []byte {
		return w.DA.Tx(w.Now, chain.KindCertificate, chain.CertificateChange{
			Number: ledgertest.Number, Status: chain.CertificateRevoked, Reason: string(make([]byte, 201)),
		})
	}},
	{"revoked for good", "bad_status", func(w *town) []byte {
		w.Admit(w.setCertificate(w.DA, chain.CertificateRevoked))
		return w.setCertificate(w.DA, chain.CertificateValid)
	}},
}

// Attack 000-23: the administration writes a certificate that two readers could
// read differently.
func TestSpellingsOfCertificates(t *testing.T) {
	base := newTown(t)
	d := base.second()
	dossier := base.tell(base.DM, base.DA, d, base.Supply)
	c := pedigree.NewCredential(ledgertest.ChainID, base.DA.GLN, pedigree.Authorisation{
		Dossier: d.Documents, GTINs: d.GTINs, Holder: gs1.GLN(base.DM.GLN), Name: "Theriacin", Number: "EU/1/26/002",
	}, base.Now, base.Now.AddDate(1, 0, 0))
	good, err := canon.JSON(c)
	if err != nil {
		t.Fatal(err)
	}
	from := base.Now.Format(time.RFC3339)
	for name, tt := range map[string]struct{ old, new, want string }{
		"as it is":         {"", "", "applied"},
		"white space":      {`{"@context"`, `{ "@context"`, "bad_certificate"},
		"unknown member":   {`"validUntil"`, `"validTo":"","validUntil"`, "bad_certificate"},
		"at the end":       {`"validUntil":`, `"x":1,"validUntil":`, "bad_certificate"},
		"member twice":     {`"type":["Ver`, `"type":[],"type":["Ver`, "bad_certificate"},
		"holder twice":     {`"holder":`, `"holder":"4000000000131","holder":`, "bad_certificate"},
		"escape":           {`"name":"T`, `"name":"\u0054`, "bad_certificate"},
		"fractions":        {from, strings.Replace(from, "Z", ".0Z", 1), "bad_certificate"},
		"comma":            {from, strings.Replace(from, "Z", ",0Z", 1), "bad_certificate"},
		"offset":           {from, strings.Replace(from, "Z", "+00:00", 1), "bad_certificate"},
		"leap":             {`"validUntil":"2027-11-21`, `"validUntil":"2027-02-29`, "bad_certificate"},
		"no time at all":   {from, "soon", "bad_certificate"},
		"product of 13":    {`"gtins":["0`, `"gtins":["`, "bad_certificate"},
		"context of other": {"https://www.w3.org/ns/credentials/v2", "https://www.w3.org/2018/credentials/v1", "bad_certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			w := base.fork(t)
			payload := []byte(strings.Replace(string(good), tt.old, tt.new, 1))
			if tt.old != "" && string(payload) == string(good) {
				t.Fatalf("no %s in %s", tt.old, good)
			}
			raw, err := envelope.SignCompact(w.DA.Key, pedigree.CredentialType, payload)
			if err != nil {
				t.Fatal(err)
			}
			r := w.Try(w.send(w.DA, w.DM, &pedigree.Decision{Certificate: string(raw), Decision: pedigree.Approved}, dossier))
			if got := outcome(r); got != tt.want {
				t.Errorf("%s (%s), want %s", got, r.Text, tt.want)
			}
		})
	}
}

// What a certificate allows stops while it is suspended and for good when revoked:
// no new batches, no supply. What is there may go back and be destroyed, and what
// has no certificate has none to lose.
func TestCertificateStatus(t *testing.T) {
	w := newTown(t)
	certified := w.Batch
	show := func(to chain.UnitState, i uint64) chain.Units { return w.Show(chain.UnitActive, to, i) }
	release := w.Release
	release.Lot = "NEXT"
	dispatch := &pedigree.Dispatch{Parcels: []pedigree.Parcel{w.Parcel(25, 30)}}
	returned := &pedigree.Dispatch{Parcels: []pedigree.Parcel{w.Parcel(0, 5)}}
	dispense, export, destroy := show(chain.UnitDispensed, 3), show(chain.UnitExported, 60), show(chain.UnitDestroyed, 60)
	distribution := w.parcel(50, 51)
	w.captured(w.DD)
	uncertified := show(chain.UnitDispensed, 3)
	try := func(what, want string, tx []byte) {
		t.Helper()
		if got := outcome(w.Try(tx)); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	check := func(want string) {
		t.Helper()
		try("release", want, w.DM.Tx(w.Now, chain.KindBatch, release))
		try("distribution", want, w.send(w.DM, w.DD, distribution, w.Decision))
		try("dispatch to a pharmacy", want, w.send(w.DD, w.Pharmacy2, dispatch, w.Distribution))
		try("dispatch to a hospital", want, w.send(w.DD, w.Hospital, dispatch, w.Distribution))
		try("dispense", want, w.Pharmacy.Tx(w.Now, chain.KindUnits, dispense))
		try("export", want, w.DM.Tx(w.Now, chain.KindUnits, export))
		try("dispatch back", "applied", w.send(w.Pharmacy, w.DD, returned, w.Dispatch))
		try("destruction", "applied", w.DM.Tx(w.Now, chain.KindUnits, destroy))
		try("captured", "applied", w.Pharmacy.Tx(w.Now, chain.KindUnits, uncertified))
	}
	check("applied")
	for _, step := range []struct {
		status chain.CertificateStatus
		want   string
	}{
		{chain.CertificateSuspended, "not_approved"},
		{chain.CertificateValid, "applied"},
		{chain.CertificateSuspended, "not_approved"},
		{chain.CertificateRevoked, "not_approved"},
	} {
		w.Admit(w.setCertificate(w.DA, step.status))
		check(step.want)
	}
	// A recall is another matter; the certificate is named first.
	w.Admit(w.DA.Tx(w.Now, chain.KindRecall, chain.Recall{Batch: certified, Status: chain.Recalled}))
	check("not_approved")
}

// Whoever is an administration now answers for the certificates of one that is
// none any more; else nobody could take them back.
func TestIssuerIsGone(t *testing.T) {
	for name, gone := range map[string]func(*town){
		"removed":       func(w *town) { w.stand(w.DA, chain.Removed) },
		"a hospital":    func(w *town) { w.stand(w.DA, chain.Active, chain.Hospital) },
		"both":          func(w *town) { w.stand(w.DA, chain.Removed, chain.Hospital) },
		"and suspended": func(w *town) { w.stand(w.DA, chain.Suspended, chain.Hospital) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t)
			w.Refuse("not_the_issuer", w.setCertificate(w.DA2, chain.CertificateSuspended))
			gone(w)
			for _, status := range []chain.CertificateStatus{chain.CertificateSuspended, chain.CertificateValid, chain.CertificateRevoked} {
				w.Admit(w.setCertificate(w.DA2, status))
			}
			var c chain.Certificate
			w.Read(chain.CertificateKey(ledgertest.Number), &c)
			if c.Issuer != w.DA.GLN || c.Since != chain.Millis(w.Now) {
				t.Errorf("certificate %+v", c)
			}
		})
	}
}

// A certificate counts from its first moment and not at its last.
func TestCertificateValidity(t *testing.T) {
	w := newTown(t)
	d := w.second()
	dossier := w.tell(w.DM, w.DA, d, w.Supply)
	from := w.Now.Add(time.Hour)
	cert := w.credential(w.DA, d.Documents, d.GTINs[0], func(c *pedigree.Credential) {
		c.From, c.Until = from.Format(time.RFC3339), from.Add(time.Hour).Format(time.RFC3339)
	})
	w.tell(w.DA, w.DM, &pedigree.Decision{Certificate: cert, Decision: pedigree.Approved}, dossier)
	r := w.Release
	r.GTIN, r.Certificate = d.GTINs[0], "EU/1/26/002"
	for _, tt := range []struct {
		at   time.Time // of the block
		want string
	}{
		{from.Add(-time.Millisecond), "not_approved"},
		{from, "applied"},
		{from.Add(time.Hour - time.Millisecond), "applied"},
		{from.Add(time.Hour), "not_approved"},
	} {
		w.Now = tt.at.Add(-time.Second)
		if got := outcome(w.Try(w.DM.Tx(w.Now, chain.KindBatch, r))); got != tt.want {
			t.Errorf("at %s: %s, want %s", tt.at, got, tt.want)
		}
	}
}
