package pedigree_test

import (
	"slices"
	"testing"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/gs1"
	"theriac/internal/ledger/ledgertest"
	"theriac/pedigree"
)

// What a party has signed and anchored, and should not have: the step and the
// party that the paper names, or the party whose own signature proves it.
func TestBlame(t *testing.T) {
	for _, tt := range []struct {
		name  string
		twist func(s *tale)
		want  want
	}{
		// Step 1: sales status (6) and distribution (5).
		{
			"step 1: distributor confirms another expiry date", func(s *tale) { s.status.Expiries[0].Expiry = "2039-03-31" },
			want{step1, chain.Distributor, true, pedigree.ErrContradiction},
		},
		{
			"step 1: manufacturer distributes under another expiry date", func(s *tale) { s.distribution.Parcels[0].Expiry = "2039-03-31" },
			want{step1, chain.Manufacturer, true, pedigree.ErrContradiction},
		},
		{
			"step 1: manufacturer distributes another product as the batch", func(s *tale) { s.distribution.Parcels[0].GTIN = product2 },
			want{step1, chain.Manufacturer, true, pedigree.ErrContradiction},
		},
		{
			"step 1: manufacturer distributes another lot as the batch", func(s *tale) { s.distribution.Parcels[0].Lot = "L43" },
			want{step1, chain.Manufacturer, true, pedigree.ErrContradiction},
		},
		{
			"step 1: distributor dispatches under another expiry date", func(s *tale) { s.dispatch.Parcels[0].Expiry = "2039-03-31" },
			want{step1, chain.Distributor, true, pedigree.ErrContradiction},
		},
		{
			"step 1: status of another batch", func(s *tale) { s.status.Expiries[0].Batch[0] ^= 1 },
			want{step1, chain.Distributor, false, pedigree.ErrMissing},
		},
		{
			"step 1: distribution of other packs", func(s *tale) { s.distribution.Parcels[0].Ranges[0].To = 15 },
			want{step1, chain.Manufacturer, false, pedigree.ErrMissing},
		},
		{
			"step 1: dispatch of other packs", func(s *tale) { s.dispatch.Parcels[0].Ranges = []chain.Range{{From: 1, To: 15}, {From: 16, To: 18}} },
			want{step1, chain.Distributor, false, pedigree.ErrMissing},
		},
		{
			"step 1: the distribution lacks a field", func(s *tale) { s.distribution.SalesMethod = "" },
			want{step1, chain.Distributor, false, envelope.ErrField},
		},

		// Step 2: decision (4), dossier (3), Cert_D.
		{
			"step 2: distribution under another certificate (000-08)", func(s *tale) { s.distribution.Certificate = "EU/1/26/002" },
			want{step2, chain.Manufacturer, true, pedigree.ErrNotApproved},
		},
		{
			"step 2: certificate signed by the manufacturer himself (000-08)", func(s *tale) { s.certifier = s.dm },
			want{step2, chain.Manufacturer, true, pedigree.ErrCertificate},
		},
		{
			"step 2: certificate that the manufacturer issues to himself", func(s *tale) { s.issuer, s.certifier = s.dm, s.dm },
			want{step2, chain.Manufacturer, false, pedigree.ErrCertificate},
		},
		{
			"step 2: certificate signed by another member", func(s *tale) { s.certifier = s.stranger },
			want{step2, chain.Manufacturer, true, pedigree.ErrCertificate},
		},
		{
			"step 2: certificate for another dossier", func(s *tale) { s.authorisation.Dossier = canon.Sum(nil) },
			want{step2, chain.Manufacturer, false, pedigree.ErrCertificate},
		},
		{
			"step 2: certificate of another holder", func(s *tale) { s.authorisation.Holder = gs1.GLN(s.stranger.GLN) },
			want{step2, chain.Manufacturer, false, pedigree.ErrCertificate},
		},
		{
			"step 2: certificate of another number", func(s *tale) { s.authorisation.Number = "EU/1/26/002" },
			want{step2, chain.Manufacturer, false, pedigree.ErrCertificate},
		},
		{
			"step 2: certificate of another drug (000-08)", func(s *tale) { s.authorisation.GTINs = []gs1.GTIN{product2} },
			want{step2, chain.Manufacturer, false, pedigree.ErrNotCertified},
		},
		{
			"step 2: certificate that had ended when the batch was released", func(s *tale) { s.until = s.from.Add(time.Minute) },
			want{step2, chain.Manufacturer, false, pedigree.ErrNotApproved},
		},
		{
			"step 2: certificate that had not begun", func(s *tale) { s.from = s.now.Add(2 * time.Minute) },
			want{step2, chain.Manufacturer, false, pedigree.ErrNotApproved},
		},
		{
			"step 2: certificate signed by nobody's key", func(s *tale) {
				s.certifier = ledgertest.NewOrg(s.t, "Nobody", "400000000007", nil, chain.Administration)
			},
			want{step2, chain.Manufacturer, false, envelope.ErrUnknownKey},
		},
		{
			"step 2: certificate with a changed signature", func(s *tale) { s.decision.Certificate = flipLast(s.t, s.certify()) },
			want{step2, chain.Manufacturer, false, envelope.ErrSignature},
		},
		{
			"step 2: certificate that cannot be read", func(s *tale) { s.decision.Certificate = "e30.e30.AA" },
			want{step2, chain.Manufacturer, false, pedigree.ErrCertificate},
		},
		{
			"step 2: refused", func(s *tale) { s.decision = &pedigree.Decision{Decision: pedigree.Refused} },
			want{step2, chain.Manufacturer, false, pedigree.ErrCertificate},
		},
		{
			"step 2: the batch names another certificate", func(s *tale) { s.batch.Release.Certificate = "EU/1/26/002" },
			want{step2, chain.Manufacturer, true, pedigree.ErrNotApproved},
		},

		// Step 3: supply (2) and request (1).
		{
			"step 3: another material than was asked for", func(s *tale) { s.supply.Material = "chalk" },
			want{step3, chain.Supplier, true, pedigree.ErrContradiction},
		},
		{
			"step 3: the supply lacks its lots", func(s *tale) { s.supply.Lots = nil },
			want{step3, chain.Supplier, false, envelope.ErrField},
		},
		{
			"step 3: the batch was made of another supply", func(s *tale) { s.batch.Release.Materials = []canon.Digest{canon.Sum(nil)} },
			want{step3, chain.Supplier, false, pedigree.ErrMissing},
		},
		{
			"step 3: the batch was made of nothing", func(s *tale) { s.batch.Release.Materials = []canon.Digest{} },
			want{step3, chain.Supplier, false, pedigree.ErrMissing},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newTale(t)
			tt.twist(s)
			tt.want.check(t, s.tell().Verify())
		})
	}
}

// What the ledger says now, against what the parties have signed.
func TestLedgerAgainstHistory(t *testing.T) {
	for _, tt := range []struct {
		name  string
		twist func(f *pedigree.Facts)
		want  want
	}{
		{
			"no certificate on the ledger (000-08)", func(f *pedigree.Facts) { f.Certificate = nil },
			want{step2, chain.Manufacturer, true, pedigree.ErrNotApproved},
		},
		{
			"certificate suspended", func(f *pedigree.Facts) { f.Certificate.Status = chain.CertificateSuspended },
			want{step2, chain.Manufacturer, false, pedigree.ErrNotApproved},
		},
		{
			"certificate revoked", func(f *pedigree.Facts) { f.Certificate.Status = chain.CertificateRevoked },
			want{step2, chain.Manufacturer, false, pedigree.ErrNotApproved},
		},
		{
			"certificate of other bytes", func(f *pedigree.Facts) { f.Certificate.Digest[0] ^= 1 },
			want{step2, chain.Manufacturer, false, pedigree.ErrCertificate},
		},
		{
			"certificate of another issuer", func(f *pedigree.Facts) { f.Certificate.Issuer = "4000000000067" },
			want{step2, chain.Manufacturer, false, pedigree.ErrCertificate},
		},
		{
			"certificate carried by another decision", func(f *pedigree.Facts) { f.Certificate.Anchor[0] ^= 1 },
			want{step2, chain.Manufacturer, false, pedigree.ErrMissing},
		},
		{
			"the batch is another's", func(f *pedigree.Facts) { f.Batch.Holder = "4000000000067" },
			want{step1, chain.Distributor, false, pedigree.ErrMissing},
		},
		{
			"somebody else has the pack", func(f *pedigree.Facts) { f.Custodian = "4000000000067" },
			want{step1, chain.Distributor, false, pedigree.ErrMissing},
		},
		{
			"the distributor still has the pack", func(f *pedigree.Facts) { f.Custodian = f.Batch.Holder },
			want{step1, chain.Distributor, false, pedigree.ErrMissing},
		},
		{
			"a pack that was not distributed", func(f *pedigree.Facts) { f.Index = 20 },
			want{step1, chain.Manufacturer, false, pedigree.ErrMissing},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newTale(t).tell()
			tt.twist(&h.Facts)
			tt.want.check(t, h.Verify())
		})
	}
}

// Whose key signed a lie is proven, unless the key may have been stolen by then
// and no log says when it was used.
func TestStolenKeyProvesNothing(t *testing.T) {
	for _, tt := range []struct {
		name            string
		logged, revoked bool
		proven          bool
	}{
		{"in the log, key good", true, false, true},
		{"in the log, key revoked since", true, true, true},
		{"only shown, key good", false, false, true},
		{"only shown, key revoked since", false, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newTale(t)
			s.status.Expiries[0].Expiry = "2039-03-31"
			h := s.tell()
			h.Facts.Logged = tt.logged
			if tt.revoked {
				s.change(s.dd, func(k *envelope.Holder) { k.Revoked = s.now.Add(time.Second) })
			}
			want{step1, chain.Distributor, tt.proven, pedigree.ErrContradiction}.check(t, h.Verify())
		})
	}
}

// A message that its receiver never anchored still shows who signed it.
func TestContradictionNeedsNoAnchor(t *testing.T) {
	s := newTale(t)
	s.status.Expiries[0].Expiry = "2039-03-31"
	h := s.tell()
	l := at(h, 6)
	l.PaperBC, l.Anchorer, l.Anchor.Signature.Bytes = canon.Digest{}, s.ms.GLN, [64]byte{}
	want{step1, chain.Distributor, true, pedigree.ErrContradiction}.check(t, h.Verify())
}

// A member whose roles have changed is blamed in a role that he has; one that
// the ledger does not know is not.
func TestBlameOfWhoHasAnotherRoleNow(t *testing.T) {
	for _, tt := range []struct {
		name   string
		roles  []chain.Role
		blame  chain.Role
		proven bool
	}{
		{"courier and distributor", []chain.Role{chain.Courier, chain.Distributor}, chain.Distributor, true},
		{"hospital now", []chain.Role{chain.Hospital}, chain.Hospital, true},
		{"no role", nil, chain.Distributor, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newTale(t)
			s.status.Expiries[0].Expiry = "2039-03-31"
			h := s.tell()
			s.dd.Roles = tt.roles
			want{step1, tt.blame, tt.proven, pedigree.ErrContradiction}.check(t, h.Verify())
		})
	}
}

// Attack 000-20: a message that was signed and anchored, of another drug.
func TestForeignExchange(t *testing.T) {
	for n, tt := range map[int]struct {
		content func(s *tale) pedigree.Content
		step    pedigree.Step
		blame   chain.Role
	}{
		1: {content: func(*tale) pedigree.Content { return &pedigree.MaterialRequest{Material: "chalk", Product: "chalk"} }, step: step3, blame: chain.Supplier},
		5: {content: func(s *tale) pedigree.Content {
			d := *s.distribution
			d.Parcels = slices.Clone(d.Parcels)
			d.Parcels[0].Ranges = []chain.Range{{From: 30, To: 40}}
			return &d
		}, step: step1, blame: chain.Distributor},
	} {
		s := newTale(t)
		h := s.tell()
		prev := at(h, n).Message.Claims.Prev
		to := s.ms
		if n == 5 {
			to = s.dd
		}
		h.Links = append(h.Links, s.link(s.dm, to, tt.content(s), prev...))
		want{tt.step, tt.blame, false, pedigree.ErrForeign}.check(t, h.Verify())
	}
}

// prev must be in the evidence, of a kind that the exchange may follow, and
// have gone to who follows it.
func TestPredecessors(t *testing.T) {
	t.Run("not in the evidence", func(t *testing.T) {
		s := newTale(t)
		h := s.tell()
		*at(h, 8) = s.link(s.pharmacy, s.dd, s.receipt, canon.Sum(nil))
		want{step1, chain.Distributor, false, envelope.ErrPrev}.check(t, h.Verify())
	})
	// What is missing is named in the step that would verify it, the first one first.
	for name, tt := range map[string]struct {
		exchanges []int
		want      want
	}{
		"of a distribution":            {[]int{5}, want{step2, chain.Manufacturer, false, envelope.ErrPrev}},
		"of a dossier":                 {[]int{3}, want{step3, chain.Supplier, false, envelope.ErrPrev}},
		"of a request, which has none": {[]int{1}, want{step3, chain.Supplier, false, envelope.ErrPrev}},
		"of several":                   {[]int{1, 3, 5}, want{step2, chain.Manufacturer, false, envelope.ErrPrev}},
	} {
		t.Run("one more, "+name, func(t *testing.T) {
			s := newTale(t)
			for _, n := range tt.exchanges {
				s.also[n] = []canon.Digest{canon.Sum(nil)}
			}
			tt.want.check(t, s.tell().Verify())
		})
	}
	t.Run("answers nothing", func(t *testing.T) {
		s := newTale(t)
		h := s.tell()
		*at(h, 2) = s.link(s.ms, s.dm, s.supply)
		want{step3, chain.Supplier, false, envelope.ErrPrev}.check(t, h.Verify())
	})
	t.Run("answers another kind", func(t *testing.T) {
		s := newTale(t)
		h := s.tell()
		*at(h, 8) = s.link(s.pharmacy, s.dd, s.receipt, at(h, 5).Message.Digest())
		want{step1, chain.Distributor, false, envelope.ErrPrev}.check(t, h.Verify())
	})
	t.Run("another case", func(t *testing.T) {
		s := newTale(t)
		h := s.tell()
		l := at(h, 8)
		*l = s.sign(s.pharmacy, s.dd, l.Body, envelope.Claims{
			Audience: s.dd.GLN, Issuer: s.pharmacy.GLN, Type: l.Type, Prev: l.Message.Claims.Prev, Case: "another",
		})
		want{step1, chain.Distributor, false, pedigree.ErrCase}.check(t, h.Verify())
	})
	t.Run("decision that answers another dossier", func(t *testing.T) {
		s := newTale(t)
		h := s.tell()
		other := *s.dossier
		other.Product = "Mithridatium"
		l := s.link(s.dm, s.da, &other, at(h, 2).Message.Digest())
		h.Links[2] = l
		want{step2, chain.Manufacturer, false, pedigree.ErrMissing}.check(t, h.Verify())
	})
}
