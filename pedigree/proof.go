package pedigree

import (
	"fmt"
	"slices"
	"time"

	"theriac/chain"
	"theriac/envelope"
)

// impersonation looks at a signature that does not count for whom it names. If it
// is valid under the key of another member, that proves against the key's owner.
func (h *History) impersonation(f *Failure, k *envelope.Holder, as string, sig envelope.Signature, at time.Time) *Failure {
	if k.Member == as || k.ValidAt(at) != nil || k.Key.Verify(sig) != nil {
		return f
	}
	f.Err = fmt.Errorf("%w: %s signed as %s", f.Err, k.Member, as)
	return h.convict(f, k, []chain.Role{blame[f.Step].role})
}

// contradicts holds what a sender signed against the ledger and against what it
// answers. A contradiction counts before the anchor is looked at, because a
// message that nobody anchored still shows who signed it.
func (h *History) contradicts(l *Link) *Failure {
	switch c := l.content.(type) {
	case *MaterialSupply:
		return h.checkSupply(l, c)
	case *Decision:
		return h.checkIssuer(l, c)
	case *Distribution:
		if f := h.checkParcels(l, c.Parcels); f != nil {
			return f
		}
		return h.checkCited(l, c)
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

// checkSupply finds a supplier who signed another material than the request asked
// for, to which its signature binds it.
func (h *History) checkSupply(l *Link, s *MaterialSupply) *Failure {
	if len(l.Message.Claims.Prev) != 1 {
		return nil
	}
	request := h.byBC[l.Message.Claims.Prev[0]]
	if request == nil || request.x.Type != TypeMaterialRequest || h.signed(request) != nil {
		return nil // the request's own check says what is wrong with it
	}
	if asked := request.content.(*MaterialRequest).Material; asked != s.Material {
		return h.prove(l, fmt.Errorf("%w: asked for %q, supplied %q", ErrContradiction, asked, s.Material))
	}
	return nil
}

// checkIssuer finds a member who signed a Cert_D in the name of another.
func (h *History) checkIssuer(l *Link, d *Decision) *Failure {
	if d.Certificate == "" {
		return nil
	}
	cert, err := ParseCertificate(h.Facts.Chain, d.Certificate)
	if err != nil {
		return nil // what the ledger has is held against it in the approval
	}
	l.cert = cert
	k, err := h.Facts.Holder(cert.JWS.Signature.KeyID)
	if err != nil {
		return nil
	}
	f := h.impersonation(h.at(l, ErrCertificate), &k, cert.IssuerGLN(), cert.JWS.Signature, l.Anchored)
	if !f.Proven {
		return nil
	}
	return f
}

// checkParcels finds a sender who signed another product, lot or expiry date.
func (h *History) checkParcels(l *Link, parcels []Parcel) *Failure {
	want := &h.Facts.Batch.Release
	for i := range parcels {
		p := &parcels[i]
		if p.Batch == h.Facts.BatchID && (p.Expiry != want.Expiry || p.GTIN != want.GTIN || p.Lot != want.Lot) {
			return h.prove(l, fmt.Errorf("%w: %s lot %s expiry %s, the ledger has %s lot %s expiry %s",
				ErrContradiction, p.GTIN, p.Lot, p.Expiry, want.GTIN, want.Lot, want.Expiry))
		}
	}
	return nil
}

// checkCited finds a manufacturer who signed a distribution of the batch under a
// certificate that is not the batch's, or does not exist.
func (h *History) checkCited(l *Link, d *Distribution) *Failure {
	want := h.Facts.Batch.Release.Certificate
	if !slices.ContainsFunc(d.Parcels, func(p Parcel) bool { return p.Batch == h.Facts.BatchID }) ||
		d.Certificate == want && h.Facts.Certificate != nil {
		return nil
	}
	f := fail(StepApproval, fmt.Errorf("%w: %s distributed under certificate %q, the ledger has %q for the batch",
		ErrNotApproved, l.Message.Claims.Issuer, d.Certificate, want))
	return h.convict(f, &l.holder, l.x.From)
}

// foreign finds an exchange that is not of the history: neither what the batch
// was made of, nor its approval, nor what moved the pack, nor an answer to that,
// nor what these follow.
func (h *History) foreign() *Failure {
	of := make(map[*Link]bool, len(h.Links))
	var take func(l *Link)
	take = func(l *Link) {
		if l == nil || of[l] {
			return
		}
		of[l] = true
		for _, bc := range l.Message.Claims.Prev {
			take(h.byBC[bc])
		}
	}
	take(h.byBC[h.Facts.Certificate.Anchor])
	for _, bc := range h.Facts.Batch.Release.Materials {
		take(h.byBC[bc])
	}
	for i := range h.Links {
		if h.moves(&h.Links[i]) {
			take(&h.Links[i])
		}
	}
	for i := range h.Links {
		l := &h.Links[i]
		if l.x.Type != TypeSalesStatus && l.x.Type != TypeReceipt {
			continue
		}
		if moved := h.byBC[l.Message.Claims.Prev[0]]; h.moves(moved) {
			of[l] = true
		}
	}
	for i := range h.Links {
		if l := &h.Links[i]; !of[l] {
			return h.at(l, ErrForeign)
		}
	}
	return nil
}
