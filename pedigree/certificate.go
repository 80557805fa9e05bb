package pedigree

import (
	"crypto"
	"fmt"
	"slices"
	"strings"
	"time"

	"theriac/canon"
	"theriac/envelope"
	"theriac/gs1"
	"theriac/refusal"
)

// CredentialType is the media type (JOSE typ) of a Cert_D: a W3C verifiable
// credential secured as a JWS.
const CredentialType = "vc+jwt"

var (
	// ErrCertificate is returned for a Cert_D that is malformed, not signed by
	// its issuer, or does not fit what it is shown for.
	ErrCertificate = refusal.New("bad_certificate", "the certificate is not one that its issuer signed for this")
	// ErrNotCertified is returned for a product that the certificate does not list.
	ErrNotCertified = refusal.New("gtin_not_in_certificate", "the certificate does not list this product code")
	// ErrNotApproved is returned where no certificate stands on the ledger, or
	// none that is valid at the time.
	ErrNotApproved = refusal.New("not_approved", "the medicine is not approved")
)

// A Credential is Cert_D, the drug approval certificate: a W3C verifiable
// credential (data model 2.0) about a medicine, issued by a drug administration.
type Credential struct {
	Context []string         `json:"@context"`
	Status  CredentialStatus `json:"credentialStatus"`
	Subject Authorisation    `json:"credentialSubject"`
	Issuer  string           `json:"issuer"` // GLN as a URI, https://id.gs1.org/417/…
	Type    []string         `json:"type"`
	From    string           `json:"validFrom"` // RFC 3339, UTC, seconds
	Until   string           `json:"validUntil"`
}

// A CredentialStatus says where the status stands: the ledger's record.
type CredentialStatus struct {
	ID   string `json:"id"` // theriac:<chain>/certificate/<number>
	Type string `json:"type"`
}

// An Authorisation is what a drug administration approves.
type Authorisation struct {
	Dossier      canon.Digest `json:"dossier"` // root of the dossier's documents
	Form         string       `json:"form"`
	GTINs        []gs1.GTIN   `json:"gtins"` // rising: the packs that the code covers
	Holder       gs1.GLN      `json:"holder"`
	Markets      []string     `json:"markets"`
	Name         string       `json:"name"`
	NationalCode string       `json:"nationalCode"` // NTIN or NHRN (AI 710–717), the classification half of ID_UI
	Number       string       `json:"number"`       // of the authorisation
	Sites        []gs1.GLN    `json:"sites"`        // of manufacture
	Strength     string       `json:"strength"`
	Substance    string       `json:"substance"`
}

const issuerPrefix = "https://id.gs1.org/417/"

// NewCredential makes the credential of an authorisation on a chain.
func NewCredential(chainID, issuer string, a Authorisation, from, until time.Time) Credential {
	return Credential{
		Context: []string{"https://www.w3.org/ns/credentials/v2"},
		Status:  CredentialStatus{ID: statusID(chainID, a.Number), Type: "TheriacLedgerStatus"},
		Subject: a,
		Issuer:  issuerPrefix + issuer,
		Type:    []string{"VerifiableCredential", "MedicineAuthorisation"},
		From:    from.UTC().Format(time.RFC3339),
		Until:   until.UTC().Format(time.RFC3339),
	}
}

func statusID(chainID, number string) string { return "theriac:" + chainID + "/certificate/" + number }

// Sign returns the credential as a compact JWS, the certificate's exact bytes.
func (c *Credential) Sign(s crypto.Signer) (string, error) {
	payload, err := canon.JSON(c)
	if err != nil {
		return "", err
	}
	raw, err := envelope.SignCompact(s, CredentialType, payload)
	return string(raw), err
}

// A Certificate is a parsed Cert_D. Its signature is not verified until
// VerifySignature says so.
type Certificate struct {
	Credential
	JWS *envelope.Compact
	Raw string
	// Start and End bound the validity.
	Start, End time.Time
}

// ParseCertificate reads a Cert_D for a chain and returns ErrCertificate for one
// that no drug administration of ours writes.
func ParseCertificate(chainID, raw string) (*Certificate, error) {
	jws, err := envelope.ParseCompact([]byte(raw), CredentialType)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	c := &Certificate{JWS: jws, Raw: raw}
	if err := canon.DecodeJSON(jws.Payload, &c.Credential); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	if c.Start, err = stamp(c.From); err != nil {
		return nil, err
	}
	if c.End, err = stamp(c.Until); err != nil {
		return nil, err
	}
	return c, c.check(chainID)
}

func stamp(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.UTC().Format(time.RFC3339) != s {
		return time.Time{}, fmt.Errorf("%w: time %q", ErrCertificate, s)
	}
	return t, nil
}

func (c *Certificate) check(chainID string) error {
	want := NewCredential(chainID, c.IssuerGLN(), c.Subject, c.Start, c.End)
	switch a := &c.Subject; {
	case !slices.Equal(c.Context, want.Context) || !slices.Equal(c.Type, want.Type):
		return fmt.Errorf("%w: it is a credential of another kind", ErrCertificate)
	case c.Status != want.Status || c.Issuer != want.Issuer:
		return fmt.Errorf("%w: status or issuer is of another chain", ErrCertificate)
	case !c.End.After(c.Start):
		return fmt.Errorf("%w: it is never valid", ErrCertificate)
	case a.Dossier.IsZero() || a.Name == "" || a.Holder == "":
		return fmt.Errorf("%w: name, holder or dossier is missing", ErrCertificate)
	case len(a.Number) == 0 || len(a.Number) > 40 || strings.Trim(a.Number, numberCharacters) != "":
		return fmt.Errorf("%w: number %q", ErrCertificate, a.Number)
	}
	if err := checkGTINs(c.Subject.GTINs); err != nil {
		return fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	return nil
}

// numberCharacters are those of authorisation numbers, such as EU/1/26/001.
const numberCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._/"

// IssuerGLN returns the GLN of the drug administration that claims to have issued it.
func (c *Certificate) IssuerGLN() string { return strings.TrimPrefix(c.Issuer, issuerPrefix) }

// Digest returns the digest of the certificate's exact bytes.
func (c *Certificate) Digest() canon.Digest { return canon.Sum([]byte(c.Raw)) }

// Verify returns nil if h's key belongs to the certificate's issuer, counted at
// the time at and signed the certificate.
func (c *Certificate) Verify(h envelope.Holder, at time.Time) error {
	if h.Member != c.IssuerGLN() {
		return fmt.Errorf("%w: key of %s, issuer %s", ErrCertificate, h.Member, c.IssuerGLN())
	}
	if err := h.ValidAt(at); err != nil {
		return fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	if err := h.Key.Verify(c.JWS.Signature); err != nil {
		return fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	return nil
}

// Lists returns ErrNotCertified unless the certificate lists the GTIN.
func (c *Certificate) Lists(gtin gs1.GTIN) error {
	if !slices.Contains(c.Subject.GTINs, gtin) {
		return fmt.Errorf("%w: %s", ErrNotCertified, gtin)
	}
	return nil
}
