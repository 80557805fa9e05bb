package pedigree_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"theriac/canon"
	"theriac/envelope"
	"theriac/gs1"
	"theriac/internal/ledger/ledgertest"
	"theriac/pedigree"
)

func TestCertificate(t *testing.T) {
	s := newTale(t)
	raw := s.certify()
	c, err := pedigree.ParseCertificate(ledgertest.ChainID, raw)
	if err != nil {
		t.Fatal(err)
	}
	h := s.holders[s.key(s.da).ID()]
	if err := c.Verify(h, s.now); err != nil {
		t.Errorf("Verify = %v", err)
	}
	if c.Digest() != canon.Sum([]byte(raw)) || c.IssuerGLN() != s.da.GLN || !c.Start.Equal(s.from) || !c.End.Equal(s.until) {
		t.Errorf("Digest %s, issuer %s, %s to %s", c.Digest(), c.IssuerGLN(), c.Start, c.End)
	}
	if err := c.Lists(product); err != nil {
		t.Errorf("Lists = %v", err)
	}
	if err := c.Lists(product2); !errors.Is(err, pedigree.ErrNotCertified) {
		t.Errorf("Lists of another = %v, want %v", err, pedigree.ErrNotCertified)
	}
	// Data model 2.0: what any reader of verifiable credentials looks for first.
	var vc map[string]any
	if err := json.Unmarshal(c.JWS.Payload, &vc); err != nil {
		t.Fatal(err)
	}
	if vc["@context"].([]any)[0] != "https://www.w3.org/ns/credentials/v2" || vc["type"].([]any)[0] != "VerifiableCredential" ||
		vc["issuer"] != "https://id.gs1.org/417/"+s.da.GLN || vc["validFrom"] != "2026-11-21T09:00:00Z" {
		t.Errorf("credential = %v", vc)
	}
}

// Attack 000-08: whose key counts for Cert_D, and when.
func TestCertificateVerifyRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		twist func(s *tale)
		key   func(s *tale) envelope.Holder
		want  error
	}{
		"self-signed": {func(s *tale) { s.certifier = s.dm }, func(s *tale) envelope.Holder { return s.holders[s.key(s.dm).ID()] }, pedigree.ErrCertificate},
		"signed by another, shown with the issuer's key": {func(s *tale) { s.certifier = s.dm }, nil, envelope.ErrKeyID},
		"key not yet valid": {func(s *tale) { s.change(s.da, func(h *envelope.Holder) { h.From = s.now.Add(1) }) }, nil, envelope.ErrKeyInvalid},
		"key ended":         {func(s *tale) { s.change(s.da, func(h *envelope.Holder) { h.Until = s.now }) }, nil, envelope.ErrKeyInvalid},
		"key revoked":       {func(s *tale) { s.change(s.da, func(h *envelope.Holder) { h.Revoked = s.now }) }, nil, envelope.ErrKeyInvalid},
	} {
		s := newTale(t)
		tt.twist(s)
		c, err := pedigree.ParseCertificate(ledgertest.ChainID, s.certify())
		if err != nil {
			t.Fatal(err)
		}
		h := s.holders[s.key(s.da).ID()]
		if tt.key != nil {
			h = tt.key(s)
		}
		if err := c.Verify(h, s.now); !errors.Is(err, tt.want) || !errors.Is(err, pedigree.ErrCertificate) {
			t.Errorf("%s: Verify = %v, want %v", name, err, tt.want)
		}
	}
	s := newTale(t)
	raw := s.certify()
	c, err := pedigree.ParseCertificate(ledgertest.ChainID, raw)
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.JWS.Signature.Bytes {
		d := *c.JWS
		d.Signature.Bytes[i] ^= 1
		changed := *c
		changed.JWS = &d
		if err := changed.Verify(s.holders[s.key(s.da).ID()], s.now); !errors.Is(err, pedigree.ErrCertificate) {
			t.Errorf("byte %d of the signature changed: %v", i, err)
		}
	}
}

// What is signed, but is no Cert_D of this chain.
func TestParseCertificateRefuses(t *testing.T) {
	for name, twist := range map[string]func(c *pedigree.Credential){
		"another chain":     func(c *pedigree.Credential) { c.Status.ID = strings.Replace(c.Status.ID, "test", "prod", 1) },
		"another status":    func(c *pedigree.Credential) { c.Status.Type = "BitstringStatusListEntry" },
		"another number":    func(c *pedigree.Credential) { c.Subject.Number = "EU/1/26/002" },
		"another context":   func(c *pedigree.Credential) { c.Context[0] = "https://www.w3.org/2018/credentials/v1" },
		"further context":   func(c *pedigree.Credential) { c.Context = append(c.Context, "https://example.org") },
		"another type":      func(c *pedigree.Credential) { c.Type = c.Type[:1] },
		"issuer no GLN URI": func(c *pedigree.Credential) { c.Issuer = "4000000000012" },
		"time with offset":  func(c *pedigree.Credential) { c.From = "2026-11-21T10:00:00+01:00" },
		"time with parts":   func(c *pedigree.Credential) { c.Until = "2031-11-21T09:00:00.5Z" },
		"no time":           func(c *pedigree.Credential) { c.Until = "" },
		"ends as it begins": func(c *pedigree.Credential) { c.Until = c.From },
		"no dossier":        func(c *pedigree.Credential) { c.Subject.Dossier = canon.Digest{} },
		"no name":           func(c *pedigree.Credential) { c.Subject.Name = "" },
		"no codes":          func(c *pedigree.Credential) { c.Subject.GTINs = nil },
		"a code twice":      func(c *pedigree.Credential) { c.Subject.GTINs = []gs1.GTIN{product, product} },
	} {
		s := newTale(t)
		c := pedigree.NewCredential(ledgertest.ChainID, s.da.GLN, s.authorisation, s.from, s.until)
		twist(&c)
		raw, err := c.Sign(s.da.Key)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pedigree.ParseCertificate(ledgertest.ChainID, raw); !errors.Is(err, pedigree.ErrCertificate) {
			t.Errorf("%s: ParseCertificate = %v, want %v", name, err, pedigree.ErrCertificate)
		}
	}
	s := newTale(t)
	for _, n := range []string{"", strings.Repeat("1", 41), "EU 1", "EU/1\n", "é"} {
		s.authorisation.Number = n
		if _, err := pedigree.ParseCertificate(ledgertest.ChainID, s.certify()); !errors.Is(err, pedigree.ErrCertificate) {
			t.Errorf("number %q: %v", n, err)
		}
	}
	// Another JWS of the issuer is no certificate.
	body, _ := envelope.BodyOf(s.request, noSalt)
	l := s.sign(s.da, s.dm, body, envelope.Claims{Audience: s.dm.GLN, Issuer: s.da.GLN, Type: "dmms/1", Prev: []canon.Digest{}})
	for _, raw := range []string{"", "..", string(l.Message.Raw())} {
		if _, err := pedigree.ParseCertificate(ledgertest.ChainID, raw); !errors.Is(err, pedigree.ErrCertificate) {
			t.Errorf("%.20q: %v", raw, err)
		}
	}
}

// A signer without a P-256 key signs no certificate.
func TestCertificateSignNeedsKey(t *testing.T) {
	s := newTale(t)
	c := pedigree.NewCredential(ledgertest.ChainID, s.da.GLN, s.authorisation, s.from, s.until)
	if raw, err := c.Sign(ledgertest.NewValidators(1)[0]); err == nil {
		t.Errorf("an Ed25519 key signed %s", raw)
	}
}

// What ParseCertificate accepts is what the credential in it is spelled as.
func FuzzParseCertificate(f *testing.F) {
	s := newTale(&testing.T{})
	raw := s.certify()
	f.Add(raw)
	f.Add(raw[:len(raw)-1] + "A")
	f.Add(strings.ToUpper(raw))
	f.Fuzz(func(t *testing.T, raw string) {
		c, err := pedigree.ParseCertificate(ledgertest.ChainID, raw)
		if err != nil {
			if !errors.Is(err, pedigree.ErrCertificate) {
				t.Errorf("ParseCertificate(%q) = %v, want %v", raw, err, pedigree.ErrCertificate)
			}
			return
		}
		payload, err := canon.JSON(c.Credential)
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(raw, ".")
		parts[1], parts[2] = canon.Text(payload), canon.Text(c.JWS.Signature.Bytes[:])
		if again := strings.Join(parts, "."); again != raw {
			t.Errorf("ParseCertificate(%q) writes %q", raw, again)
		}
		if !slices.IsSorted(c.Subject.GTINs) || !c.End.After(c.Start) || c.Start.Location() != time.UTC {
			t.Errorf("accepted %+v", c.Credential)
		}
	})
}
