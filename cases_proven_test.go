package theriac_test

import (
	"crypto/elliptic"
	"math/big"
	"strings"
	"testing"
	"time"

	"theriac"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/ledger/ledgertest"
	"theriac/pedigree"
)

// mirrored returns a JWS with n − s for s.
func mirrored(t testing.TB, jws string) string {
	t.Helper()
	dot := strings.LastIndexByte(jws, '.')
	sig, err := canon.ParseText(jws[dot+1:])
	if err != nil {
		t.Fatal(err)
	}
	s := new(big.Int).SetBytes(sig[32:])
	s.Sub(elliptic.P256().Params().N, s).FillBytes(sig[32:])
	return jws[:dot+1] + canon.Text(sig)
}

// signed has a party sign something else in the place of one of its messages.
// No ledger admits it, so it is shown as if one had.
func signed[C pedigree.Content](typ string, original func(*scene) *envelope.Message, by func(*scene) *ledgertest.Org, lie func(C)) func(*scene) shown {
	return with(func(s *scene, b *theriac.Bundle) {
		c, err := pedigree.Read(typ, original(s).Body)
		if err != nil {
			s.t.Fatal(err)
		}
		lie(c.(C))
		x := exchange(b, typ)
		s.resign(x, by(s), s.receiver(claims(s.t, x).Audience), c)
	})
}

func (s *scene) receiver(gln string) *ledgertest.Org {
	for _, o := range []*ledgertest.Org{s.DA, s.MS, s.DM, s.DD, s.Pharmacy, s.Hospital} {
		if o.GLN == gln {
			return o
		}
	}
	s.t.Fatalf("no organisation %s", gln)
	return nil
}

func (s *scene) maker() *ledgertest.Org       { return s.DM }
func (s *scene) distributor() *ledgertest.Org { return s.DD }
func (s *scene) supplier() *ledgertest.Org    { return s.MS }

const laterDate = "2039-03-31"

var provenOnes = []golden{
	{
		"distributor-lies-on-expiry", "the distributor signed a later expiry date in exchange 6",
		signed("dddm/1", func(s *scene) *envelope.Message { return s.Status }, (*scene).distributor,
			func(c *pedigree.SalesStatus) { c.Expiries[0].Expiry = laterDate }), proven("distribution", chain.Distributor, "contradiction"),
	},
	{
		"manufacturer-lies-on-expiry", "the manufacturer signed a later expiry date in exchange 5",
		signed("dmdd/1", func(s *scene) *envelope.Message { return s.Distribution }, (*scene).maker,
			func(c *pedigree.Distribution) { c.Parcels[0].Expiry = laterDate }), proven("distribution", chain.Manufacturer, "contradiction"),
	},
	{
		"distributor-lies-in-dispatch", "the distributor signed a later expiry date in exchange 7",
		signed("dispatch/1", func(s *scene) *envelope.Message { return s.Dispatch }, (*scene).distributor,
			func(c *pedigree.Dispatch) { c.Parcels[0].Expiry = laterDate }), proven("distribution", chain.Distributor, "contradiction"),
	},
	{
		"other-certificate-cited", "the manufacturer distributed under a certificate of another number (000-08)",
		signed("dmdd/1", func(s *scene) *envelope.Message { return s.Distribution }, (*scene).maker,
			func(c *pedigree.Distribution) { c.Certificate = "EU/1/26/002" }), proven("approval", chain.Manufacturer, "not_approved"),
	},
	{
		"supplier-lies-on-material", "the supplier signed that it delivered something else",
		signed("msdm/1", func(s *scene) *envelope.Message { return s.Supply }, (*scene).supplier,
			func(c *pedigree.MaterialSupply) { c.Material = "chalk" }), proven("material", chain.Supplier, "contradiction"),
	},
	{
		"decision-forged", "the manufacturer signed the decision in the administration's name (000-08)",
		signed("dadm/1", func(s *scene) *envelope.Message { return s.Decision }, (*scene).maker,
			func(*pedigree.Decision) {}), proven("approval", chain.Manufacturer, "key_mismatch"),
	},
	{"certificate-self-signed", "a decision of the administration with a Cert_D that the manufacturer signed (000-08)", with(func(s *scene, b *theriac.Bundle) {
		cert := s.DM.Credential(s.DM, s.Dossiers().Documents, ledgertest.Number, s.Now, s.Product)
		c := pedigree.NewCredential(ledgertest.ChainID, s.DA.GLN, parse(s.t, cert).Subject, s.Now, s.Now.AddDate(5, 0, 0))
		raw, err := c.Sign(s.DM.Key)
		if err != nil {
			s.t.Fatal(err)
		}
		s.resign(exchange(b, "dadm/1"), s.DA, s.DM, &pedigree.Decision{Certificate: raw, Decision: pedigree.Approved})
	}), proven("approval", chain.Manufacturer, "bad_certificate")},
	{
		"dispatch-forged", "the pharmacy signed a dispatch to itself in the distributor's name",
		signed("dispatch/1", func(s *scene) *envelope.Message { return s.Dispatch }, func(s *scene) *ledgertest.Org { return s.Pharmacy },
			func(*pedigree.Dispatch) {}), proven("distribution", chain.Pharmacy, "key_mismatch"),
	},
	{
		"dispatch-of-stranger", "somebody whose key the evidence does not bring signed a dispatch in the distributor's name",
		signed("dispatch/1", func(s *scene) *envelope.Message { return s.Dispatch }, func(s *scene) *ledgertest.Org { return s.Hospital },
			func(*pedigree.Dispatch) {}), distNo("unknown_key"),
	},
	{"dispatch-not-anchored", "a dispatch that the distributor signed and nobody anchored, in the place of the true one", func(s *scene) shown {
		out := s.honest()
		drop(out.bundle, "receipt/1")
		s.reprove(out.bundle)
		s.resign(exchange(out.bundle, "dispatch/1"), s.DD, s.Pharmacy, &pedigree.Dispatch{Parcels: []pedigree.Parcel{s.Parcel(0, 1)}})
		return out
	}, ledgerNo},
	{"stolen-key-dated-back", "the same, with a key that was revoked since, dated back (000-17)", func(s *scene) shown {
		thief := s.renew(s.DD)
		out := s.honest()
		drop(out.bundle, "receipt/1")
		s.reprove(out.bundle)
		s.resign(exchange(out.bundle, "dispatch/1"), thief, s.Pharmacy, &pedigree.Dispatch{Parcels: []pedigree.Parcel{s.Parcel(0, 1)}})
		return out
	}, ledgerNo},
	{"stolen-key-after-revocation", "the same, dated after the revocation (000-17)", func(s *scene) shown {
		thief := s.renew(s.DD)
		out := s.honest()
		x := exchange(out.bundle, "dispatch/1")
		x.Leaf.Time = chain.Millis(s.Now.Add(time.Second))
		s.resign(x, thief, s.Pharmacy, &pedigree.Dispatch{Parcels: []pedigree.Parcel{s.Parcel(0, 2)}})
		return out
	}, distNo("key_invalid")},
	{"stolen-key-lies", "a lie under a distributor's key that was revoked since: who signed is not proven (000-17)", func(s *scene) shown {
		thief := s.renew(s.DD)
		out := s.honest()
		s.resign(exchange(out.bundle, "dddm/1"), thief, s.DM, &pedigree.SalesStatus{
			Expiries: []pedigree.BatchExpiry{{Batch: s.Batch, Expiry: laterDate}},
		})
		return out
	}, distNo("contradiction")},
}

func parse(t testing.TB, cert string) *pedigree.Certificate {
	t.Helper()
	c, err := pedigree.ParseCertificate(ledgertest.ChainID, cert)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
