package ledger

import (
	"fmt"
	"slices"

	"theriac/chain"
	"theriac/envelope"
	"theriac/gs1"
	"theriac/pedigree"
)

// approve enters Cert_D with the decision that carries it (contract dadmins):
// signed by the deciding administration, for the manufacturer who asked, for
// product codes and documents of the dossier.
func (t *tx) approve(raw string, c *envelope.Claims, a, dossier *chain.Anchor) error {
	cert, err := pedigree.ParseCertificate(t.ledger.Chain, raw)
	if err != nil {
		return err
	}
	t.sigs = append(t.sigs, cert.JWS.Signature)
	holder, _, err := t.holder(cert.JWS.Signature.KeyID)
	if err != nil {
		return err
	}
	if err := cert.Verify(holder, chain.Time(t.now)); err != nil {
		return err
	}
	s := &cert.Subject
	switch {
	case cert.IssuerGLN() != c.Issuer:
		return fmt.Errorf("%w: issued by %s, decided by %s", pedigree.ErrCertificate, cert.IssuerGLN(), c.Issuer)
	case string(s.Holder) != c.Audience:
		return fmt.Errorf("%w: held by %s, asked for by %s", pedigree.ErrCertificate, s.Holder, c.Audience)
	case s.Dossier != dossier.Documents:
		return fmt.Errorf("%w: it is for another dossier", pedigree.ErrCertificate)
	case !chain.Time(t.now).Before(cert.End):
		return fmt.Errorf("%w: it has ended", pedigree.ErrCertificate)
	}
	taken, err := t.Get(chain.CertificateKey(s.Number))
	if err != nil {
		return err
	}
	if taken != nil {
		return fmt.Errorf("%w: %s", ErrNumberTaken, s.Number)
	}
	for _, g := range s.GTINs {
		if !slices.Contains(dossier.GTINs, g) {
			return fmt.Errorf("%w: the dossier does not ask for %s", pedigree.ErrCertificate, g)
		}
		if err := t.takeProduct(g, c.Audience); err != nil {
			return err
		}
	}
	a.Certificate = s.Number
	t.tag("certificate", s.Number)
	return t.put(chain.CertificateKey(s.Number), &chain.Certificate{
		Number: s.Number, Issuer: c.Issuer, Holder: c.Audience, GTINs: s.GTINs, Digest: cert.Digest(),
		Anchor: t.bc, From: chain.Millis(cert.Start), Until: chain.Millis(cert.End),
		Status: chain.CertificateValid, Since: t.now,
	})
}

// takeProduct enters a product code for a holder, who must have licensed its
// company prefix and be its only one.
func (t *tx) takeProduct(g gs1.GTIN, holder string) error {
	m, err := member(t, holder)
	if err != nil {
		return err
	}
	if !m.Licensed(g) {
		return fmt.Errorf("%w: %s", ErrLicence, g)
	}
	var p chain.Product
	ok, err := read(t, chain.ProductKey(g), &p)
	if err != nil {
		return err
	}
	if ok && p.Holder != holder {
		return fmt.Errorf("%w: %s", ErrProductTaken, g)
	}
	if ok {
		return nil
	}
	return t.put(chain.ProductKey(g), &chain.Product{GTIN: g, Holder: holder, Status: chain.Released, Since: t.now, By: holder})
}

// validCertificate returns the certificate of this number, valid at the block
// for this holder; pedigree.ErrNotApproved otherwise.
func (t *tx) validCertificate(number, holder string) (*chain.Certificate, error) {
	var cert chain.Certificate
	ok, err := read(t, chain.CertificateKey(number), &cert)
	if err != nil {
		return nil, err
	}
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: no certificate %.40q", pedigree.ErrNotApproved, number)
	case cert.Holder != holder:
		return nil, fmt.Errorf("%w: certificate %s is held by another", pedigree.ErrNotApproved, number)
	case cert.Status != chain.CertificateValid || t.now < cert.From || t.now >= cert.Until:
		return nil, fmt.Errorf("%w: certificate %s is not valid now", pedigree.ErrNotApproved, number)
	}
	return &cert, nil
}

// answersFor returns ErrIssuer unless the sender issued it, or who did is no
// administration any more: somebody must be able to revoke.
func (t *tx) answersFor(issuer string) error {
	if issuer == t.Sender {
		return nil
	}
	m, err := member(t, issuer)
	if err != nil {
		return err
	}
	if m.Status != chain.Removed && m.Is(chain.Administration) {
		return ErrIssuer
	}
	return nil
}

// certificateStatus suspends, revokes or reinstates a certificate.
func (t *tx) certificateStatus() error {
	var arg chain.CertificateChange
	if err := t.body(&arg); err != nil {
		return err
	}
	var cert chain.Certificate
	ok, err := read(t, chain.CertificateKey(arg.Number), &cert)
	if err != nil {
		return err
	}
	switch {
	case !ok:
		return fmt.Errorf("%w: no certificate %.40q", pedigree.ErrNotApproved, arg.Number)
	case !t.sender.Is(chain.Administration):
		return pedigree.ErrRole
	case cert.Status == chain.CertificateRevoked || cert.Status == arg.Status ||
		arg.Status < chain.CertificateValid || arg.Status > chain.CertificateRevoked || len(arg.Reason) > 200:
		return ErrStatus
	}
	if err := t.answersFor(cert.Issuer); err != nil {
		return err
	}
	cert.Status, cert.Since = arg.Status, t.now
	t.tag("certificate", arg.Number)
	return t.put(chain.CertificateKey(arg.Number), &cert)
}
