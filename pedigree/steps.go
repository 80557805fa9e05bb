package pedigree

import (
	"fmt"
	"slices"
	"time"

	"theriac/chain"
	"theriac/gs1"
)

// distribution is the paper's step 1: the distributor's status and the
// manufacturer's distribution agree on the expiry date, which is the batch's.
// Dispatches and receipts after them are verified with it.
func (h *History) distribution() *Failure {
	statuses, distributions, f := h.two(TypeSalesStatus, TypeDistribution)
	if f != nil {
		return f
	}
	var moved *Link
	for _, l := range distributions {
		if h.moves(l.content.(*Distribution).Parcels) {
			moved = l
		}
	}
	if moved == nil {
		f := fail(StepDistribution, fmt.Errorf("%w: no distribution of this pack", ErrMissing))
		f.Blame = chain.Manufacturer // nobody else could have made it
		return f
	}
	if !slices.ContainsFunc(statuses, func(l *Link) bool {
		return Index(&l.Message.Claims, moved.bc) >= 0 && h.confirms(l.content.(*SalesStatus))
	}) {
		return fail(StepDistribution, fmt.Errorf("%w: the distributor does not confirm the expiry date", ErrMissing))
	}
	h.pass(StepDistribution, "manufacturer and distributor signed the expiry date %s", h.Facts.Batch.Release.Expiry)
	_, _, f = h.two(TypeReceipt, TypeDispatch)
	return f
}

func (h *History) confirms(s *SalesStatus) bool {
	return slices.ContainsFunc(s.Expiries, func(e BatchExpiry) bool { return e.Batch == h.Facts.BatchID })
}

// contradicts holds what a sender signed of the batch against the ledger.
func (h *History) contradicts(l *Link) *Failure {
	switch c := l.content.(type) {
	case *Distribution:
		return h.checkParcels(l, c.Parcels)
	case *Dispatch:
		return h.checkParcels(l, c.Parcels)
	case *SalesStatus:
		for _, e := range c.Expiries {
			if want := h.Facts.Batch.Release.Expiry; e.Batch == h.Facts.BatchID && e.Expiry != want {
				return h.prove(l, fmt.Errorf("%w: expiry %s, the ledger has %s", ErrContradiction, e.Expiry, want))
			}
		}
	}
	return nil
}

func (h *History) checkParcels(l *Link, parcels []Parcel) *Failure {
	want := h.Facts.Batch.Release
	for _, p := range parcels {
		if p.Batch == h.Facts.BatchID && (p.Expiry != want.Expiry || p.GTIN != want.GTIN || p.Lot != want.Lot) {
			return h.prove(l, fmt.Errorf("%w: %s lot %s expiry %s, the ledger has %s lot %s expiry %s",
				ErrContradiction, p.GTIN, p.Lot, p.Expiry, want.GTIN, want.Lot, want.Expiry))
		}
	}
	return nil
}

func (h *History) moves(parcels []Parcel) bool {
	for _, p := range parcels {
		for _, r := range p.Ranges {
			if p.Batch == h.Facts.BatchID && r.From <= h.Facts.Index && h.Facts.Index < r.To {
				return true
			}
		}
	}
	return false
}

// approval is the paper's step 2: decision and dossier, and Cert_D verified with
// the drug administration's key.
func (h *History) approval() *Failure {
	const step = StepApproval
	decisions, dossiers, f := h.two(TypeDecision, TypeDossier)
	if f != nil {
		return f
	}
	record := h.Facts.Certificate
	if f := h.cited(); f != nil {
		return f
	}
	if record == nil {
		return fail(step, fmt.Errorf("%w: the ledger has no certificate %q", ErrNotApproved, h.Facts.Batch.Release.Certificate))
	}
	if len(dossiers) == 0 {
		return fail(step, fmt.Errorf("%w: no dossier", ErrMissing))
	}
	for _, l := range decisions {
		if l.bc == record.Anchor {
			return h.certificate(l, record)
		}
	}
	return fail(step, fmt.Errorf("%w: the decision that carried certificate %s", ErrMissing, record.Number))
}

// cited finds a manufacturer who signed a distribution under a certificate that
// is not the batch's, or does not exist.
func (h *History) cited() *Failure {
	for i := range h.Links {
		l := &h.Links[i]
		d, ok := l.content.(*Distribution)
		if !ok || !h.moves(d.Parcels) {
			continue
		}
		if want := h.Facts.Batch.Release.Certificate; d.Certificate != want || h.Facts.Certificate == nil {
			return &Failure{StepApproval, chain.Manufacturer, true, fmt.Errorf("%w: %s distributed under certificate %s, the ledger has %q for the batch",
				ErrNotApproved, l.Message.Claims.Issuer, d.Certificate, want)}
		}
	}
	return nil
}

// certificate verifies Cert_D in the decision against the ledger's record.
func (h *History) certificate(l *Link, record *chain.Certificate) *Failure {
	const step = StepApproval
	cert, err := ParseCertificate(h.Facts.Chain, l.content.(*Decision).Certificate)
	if err != nil {
		return fail(step, err)
	}
	holder, err := h.Facts.Holder(cert.JWS.Signature.KeyID)
	if err != nil {
		return fail(step, err)
	}
	if err := cert.Verify(holder, l.Anchored); err != nil {
		return fail(step, err)
	}
	batch := h.Facts.Batch
	switch {
	case cert.Digest() != record.Digest || cert.IssuerGLN() != record.Issuer || cert.Subject.Number != record.Number:
		return fail(step, fmt.Errorf("%w: it is not the certificate on the ledger", ErrCertificate))
	case string(cert.Subject.Holder) != batch.Holder:
		return fail(step, fmt.Errorf("%w: its holder is %s, the batch's %s", ErrCertificate, cert.Subject.Holder, batch.Holder))
	case record.Status != chain.CertificateValid:
		return fail(step, fmt.Errorf("%w: certificate %s is suspended or revoked since %s", ErrNotApproved,
			record.Number, chain.Time(record.Since).Format(time.RFC3339)))
	case chain.Time(batch.At).Before(cert.Start) || !chain.Time(batch.At).Before(cert.End):
		return fail(step, fmt.Errorf("%w: certificate %s was not valid when the batch was released", ErrNotApproved, record.Number))
	}
	if err := cert.Lists(batch.Release.GTIN); err != nil {
		return fail(step, err)
	}
	h.Certificate = cert
	h.pass(step, "certificate %s: signed by %s, valid, lists %s", record.Number, record.Issuer, batch.Release.GTIN)
	return nil
}

// material is the paper's step 3: supply and request of every lot of material
// that went into the batch and into its approval.
func (h *History) material() *Failure {
	const step = StepMaterial
	supplies, requests, f := h.two(TypeMaterialSupply, TypeMaterialRequest)
	if f != nil {
		return f
	}
	for _, l := range supplies {
		request := h.find(l.Message.Claims.Prev[0])
		if i := slices.Index(requests, request); i < 0 {
			return fail(step, fmt.Errorf("%w: the request for a supply", ErrMissing))
		}
		asked, got := request.content.(*MaterialRequest).Material, l.content.(*MaterialSupply).Material
		if asked != got {
			return h.prove(l, fmt.Errorf("%w: asked for %q, supplied %q", ErrContradiction, asked, got))
		}
	}
	for _, bc := range h.Facts.Batch.Release.Materials {
		if !slices.ContainsFunc(supplies, func(l *Link) bool { return l.bc == bc }) {
			return fail(step, fmt.Errorf("%w: supply %s that the batch was made of", ErrMissing, bc))
		}
	}
	if len(h.Facts.Batch.Release.Materials) == 0 {
		return fail(step, fmt.Errorf("%w: the batch names no material", ErrMissing))
	}
	h.pass(step, "%d lots of material, supplied as requested", len(h.Lots()))
	return nil
}

// Lots returns the lots of material that the batch was made of, as the supplies
// signed them. It is meaningful after Verify.
func (h *History) Lots() []gs1.LGTIN {
	var out []gs1.LGTIN
	for i := range h.Links {
		s, ok := h.Links[i].content.(*MaterialSupply)
		if !ok || !slices.Contains(h.Facts.Batch.Release.Materials, h.Links[i].bc) {
			continue
		}
		for _, l := range s.Lots {
			out = append(out, l.ID())
		}
	}
	return out
}
