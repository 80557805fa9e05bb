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
		if h.moves(l) {
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
	if _, _, f = h.two(TypeReceipt, TypeDispatch); f != nil {
		return f
	}
	return h.custody()
}

func (h *History) confirms(s *SalesStatus) bool {
	return slices.ContainsFunc(s.Expiries, func(e BatchExpiry) bool { return e.Batch == h.Facts.BatchID })
}

// moves reports whether the exchange hands the pack over.
func (h *History) moves(l *Link) bool {
	if l == nil {
		return false
	}
	var parcels []Parcel
	switch c := l.content.(type) {
	case *Distribution:
		parcels = c.Parcels
	case *Dispatch:
		parcels = c.Parcels
	}
	for i := range parcels {
		if parcels[i].Batch == h.Facts.BatchID && slices.ContainsFunc(parcels[i].Ranges, func(r chain.Range) bool {
			return r.From <= h.Facts.Index && h.Facts.Index < r.To
		}) {
			return true
		}
	}
	return false
}

// custody verifies that the pack went from hand to hand, from its maker to whom
// the ledger says has it: no hand-over can be left out.
func (h *History) custody() *Failure {
	who := h.Facts.Batch.Holder
	for i := range h.Links {
		l := &h.Links[i]
		if !h.moves(l) {
			continue
		}
		if l.Message.Claims.Issuer != who {
			return fail(StepDistribution, fmt.Errorf("%w: %s handed the pack over, %s had it", ErrMissing, l.Message.Claims.Issuer, who))
		}
		who = l.Message.Claims.Audience
	}
	if who != h.Facts.Custodian {
		return fail(StepDistribution, fmt.Errorf("%w: the exchanges lead to %s, %s has the pack", ErrMissing, who, h.Facts.Custodian))
	}
	h.pass(StepDistribution, "handed over without a gap from %s to %s", h.Facts.Batch.Holder, who)
	return nil
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
	if record == nil {
		return fail(step, fmt.Errorf("%w: the ledger has no certificate %q", ErrNotApproved, h.Facts.Batch.Release.Certificate))
	}
	for _, l := range decisions {
		if l.bc != record.Anchor {
			continue
		}
		i := slices.IndexFunc(dossiers, func(d *Link) bool { return Index(&l.Message.Claims, d.bc) >= 0 })
		if i < 0 {
			return fail(step, fmt.Errorf("%w: the dossier that was decided", ErrMissing))
		}
		return h.certificate(l, dossiers[i].content.(*Dossier))
	}
	return fail(step, fmt.Errorf("%w: the decision that carried certificate %s", ErrMissing, record.Number))
}

// certificate verifies Cert_D in the decision against the dossier and the
// ledger's record.
func (h *History) certificate(l *Link, dossier *Dossier) *Failure {
	const step = StepApproval
	cert, record := l.cert, h.Facts.Certificate
	if cert == nil {
		_, err := ParseCertificate(h.Facts.Chain, l.content.(*Decision).Certificate)
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
	case cert.Subject.Dossier != dossier.Documents:
		return fail(step, fmt.Errorf("%w: it is for another dossier", ErrCertificate))
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
		if !slices.ContainsFunc(requests, func(q *Link) bool { return Index(&l.Message.Claims, q.bc) >= 0 }) {
			return fail(step, fmt.Errorf("%w: the request for a supply", ErrMissing))
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
