package theriac_test

import (
	"slices"
	"time"

	"theriac"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/epcis"
	"theriac/gs1"
	"theriac/internal/ledger/ledgertest"
	"theriac/pedigree"
)

// without is honest evidence without some exchanges, the log's proof put right.
func without(types ...string) func(*scene) shown {
	return with(func(s *scene, b *theriac.Bundle) {
		drop(b, types...)
		s.reprove(b)
	})
}

var historyOnes = []golden{
	{"dropped-request", "without exchange 1", without("dmms/1"), matterNo("missing_exchange")},
	{"dropped-supply", "without exchange 2", without("msdm/1"), matterNo("missing_exchange")},
	{"dropped-dossier", "without exchange 3", without("dmda/1"), approveNo("missing_exchange")},
	{"dropped-decision", "without exchange 4", without("dadm/1"), approveNo("missing_exchange")},
	{
		"dropped-distribution", "without exchange 5", without("dmdd/1", "dddm/1"),
		sentence{theriac.Refused, "distribution", "manufacturer", false, "missing_exchange"},
	},
	{"dropped-status", "without exchange 6", without("dddm/1"), distNo("missing_exchange")},
	{"hidden-hand-over", "without exchanges 7 and 8: the ledger says that the pharmacy has the pack", without("dispatch/1", "receipt/1"), distNo("missing_exchange")},
	{
		"never-distributed", "a pack that its maker still has", func(s *scene) shown { return shown{s.show(6), s.trust(), s.now()} },
		sentence{theriac.Refused, "distribution", "manufacturer", false, "missing_exchange"},
	},
	{"swapped-order", "exchanges 3 and 4 in each other's place (000-20)", with(func(_ *scene, b *theriac.Bundle) {
		b.Exchanges[2], b.Exchanges[3] = b.Exchanges[3], b.Exchanges[2]
	}), ledgerNo},
	{"swapped-leaves", "exchanges 3 and 4 under each other's leaf (000-20)", with(func(_ *scene, b *theriac.Bundle) {
		x := b.Exchanges
		x[2], x[3] = x[3], x[2]
		x[2].Leaf, x[3].Leaf = x[3].Leaf, x[2].Leaf
	}), ledgerNo},
	{"swapped-parties", "the manufacturer decides, the administration asks (000-20)", with(func(s *scene, b *theriac.Bundle) {
		x := exchange(b, "dadm/1")
		c := claims(s.t, x)
		c.Issuer, c.Audience = c.Audience, c.Issuer
		m, err := envelope.Sign(s.DM.Key, c, s.Decision.Body)
		if err != nil {
			s.t.Fatal(err)
		}
		*x = s.forged(s.DA, m, x.Leaf)
	}), approveNo("unknown_prev")},
	{"junk-signature", "junk for (r, s) and BC of exchange 6 (000-20)", with(func(s *scene, b *theriac.Bundle) {
		x := exchange(b, "dddm/1")
		junk := slices.Concat(seq(1, 32), seq(33, 64))
		x.Envelope = x.Envelope[:len(x.Envelope)-86] + canon.Text(junk)
		x.Anchor.Paper = canon.Sum(junk)
	}), distNo("bad_signature")},
	{"mirrored-signature", "(r, n − s) for (r, s) in exchange 6", with(func(s *scene, b *theriac.Bundle) {
		x := exchange(b, "dddm/1")
		x.Envelope = mirrored(s.t, x.Envelope)
	}), distNo("high_s")},
	{"paper-bc-of-another", "the BC of another exchange uploaded for exchange 2", with(func(_ *scene, b *theriac.Bundle) {
		exchange(b, "msdm/1").Anchor.Paper = exchange(b, "dmms/1").Anchor.Paper
	}), matterNo("bc_mismatch")},
	{"changed-in-transit", "the expiry date in exchange 6 was changed, by whomever", with(func(_ *scene, b *theriac.Bundle) {
		body := exchange(b, "dddm/1").Body
		for i := range body {
			if v := string(body[i].Value); len(v) > 4 {
				body[i].Value = canon.RawJSON(v[:len(v)-5] + "0" + v[len(v)-4:])
			}
		}
	}), distNo("body_mismatch")},
	{"withheld", "the field with the expiry date in exchange 6 is withheld", with(func(_ *scene, b *theriac.Bundle) {
		x := exchange(b, "dddm/1")
		x.Body = x.Body.Disclose()
	}), distNo("bad_field")},
	{"anchored-by-another", "exchange 6 under the manufacturer's name, anchored with another's key", with(func(s *scene, b *theriac.Bundle) {
		x := exchange(b, "dddm/1")
		*x = s.forged(s.Pharmacy, s.Status, x.Leaf)
	}), distNo("key_mismatch")},
	{"unreadable-exchange", "exchange 3 cannot be read", with(func(_ *scene, b *theriac.Bundle) { exchange(b, "dmda/1").Envelope = "e30.e30.AA" }), approveNo("non_canonical")},
	{"unknown-type", "an exchange of a type that no history has", with(func(_ *scene, b *theriac.Bundle) {
		b.Exchanges = append(b.Exchanges, theriac.Exchange{Type: "xins/1", Envelope: "e30.e30.AA", Body: b.Exchanges[0].Body, Anchor: b.Exchanges[0].Anchor})
	}), distNo("wrong_type")},
	{"anchor-of-another-time", "the anchor of exchange 1 says another time than its sender signed", with(func(_ *scene, b *theriac.Bundle) {
		exchange(b, "dmms/1").Anchor.Time++
	}), matterNo("bad_signature")},
	{"leaf-dated-back", "exchange 1 is said to have been anchored earlier", with(func(_ *scene, b *theriac.Bundle) { exchange(b, "dmms/1").Leaf.Time-- }), ledgerNo},
	{"other-transformation", "another event than the batch record names", with(func(s *scene, b *theriac.Bundle) {
		b.Transformation = s.event(s.Lot, "L42", 1)
	}), batchNo("bad_transformation")},
	{"no-transformation", "no event at all", with(func(_ *scene, b *theriac.Bundle) { b.Transformation = nil }), batchNo("bad_transformation")},
	{"transformation-into-other-lot", "the batch record names an event that made another lot", func(s *scene) shown {
		return s.made(s.event(s.Lot, "L99", 0))
	}, batchNo("bad_transformation")},
	{"transformation-of-other-material", "the batch record names an event with material that nobody supplied", func(s *scene) shown {
		return s.made(s.event(gs1.LGTIN{GTIN: s.Lot.GTIN, Lot: "ASA-8"}, "L43", 0))
	}, batchNo("bad_transformation")},
	{"document-beside-history", "a captured document beside the history", with(func(_ *scene, b *theriac.Bundle) { b.Document = canon.Bytes("{}") }), batchNo("bad_bundle")},
}

// event returns the event that turned a lot of material into one of the product.
func (s *scene) event(from gs1.LGTIN, into gs1.Lot, later time.Duration) []byte {
	s.t.Helper()
	raw, err := epcis.NewTransformation(epcis.Transformation{
		ID: "urn:uuid:00000000-0000-4000-8000-000000000000", Time: s.Now.Add(later), Offset: "+00:00",
		Inputs: []gs1.LGTIN{from}, Output: gs1.LGTIN{GTIN: s.Product, Lot: into}, ReadPoint: gs1.GLN(s.DM.GLN),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return raw
}

// made is evidence of a pack of lot L43, of whose making the record names an event.
func (s *scene) made(event []byte) shown {
	s.t.Helper()
	s.Pack("L43", 1)
	s.Transformation, s.Release.Transformation = event, canon.Sum(event)
	s.Admit(s.DM.Tx(s.Now, chain.KindBatch, s.Release))
	s.Distribute(0, 1)
	s.Deliver(0, 1)
	return s.honest()
}

func seq(from, to byte) []byte {
	var out []byte
	for i := from; i <= to; i++ {
		out = append(out, i)
	}
	return out
}

// second tells the story of another drug up to its approval, and returns its
// exchanges 1 to 4.
func (s *scene) second() [4]*envelope.Message {
	s.t.Helper()
	product := gs1.GTIN(ledgertest.WithCheckDigit("0400000300002"))
	lot := gs1.LGTIN{GTIN: gs1.GTIN(ledgertest.WithCheckDigit("0400000200002")), Lot: "OPI-1"}
	say := func(from, to *ledgertest.Org, c pedigree.Content, prev ...*envelope.Message) *envelope.Message {
		m := from.Message(s.Now, "mithridatium-1", to, c, prev...)
		s.Admit(to.Anchor(s.Now, m))
		return m
	}
	request := say(s.DM, s.MS, &pedigree.MaterialRequest{Material: "opium", Product: "Mithridatium"})
	supply := say(s.MS, s.DM, &pedigree.MaterialSupply{Material: "opium", Lots: []pedigree.SuppliedLot{
		{Analysis: canon.Sum([]byte("opium")), GTIN: lot.GTIN, Lot: lot.Lot, Produced: "2026-09-01"},
	}}, request)
	d := &pedigree.Dossier{
		Documents: canon.Sum([]byte("other documents")), GTINs: []gs1.GTIN{product}, Materials: []gs1.LGTIN{lot}, Product: "Mithridatium",
	}
	dossier := say(s.DM, s.DA, d, supply)
	decision := say(s.DA, s.DM, &pedigree.Decision{
		Certificate: s.DA.Credential(s.DM, d.Documents, "EU/1/26/002", s.Now, product), Decision: pedigree.Approved,
	}, dossier)
	return [4]*envelope.Message{request, supply, dossier, decision}
}

// mixed is honest evidence in which exchanges of the other drug stand for those
// of this one, or beside them.
func mixed(beside bool, take ...int) func(*scene) shown {
	types := []string{"dmms/1", "msdm/1", "dmda/1", "dadm/1"}
	return func(s *scene) shown {
		other := s.second()
		out := s.honest()
		for _, n := range take {
			if !beside {
				drop(out.bundle, types[n-1])
			}
			out.bundle.Exchanges = append(out.bundle.Exchanges, s.anchored(other[n-1]))
		}
		s.reprove(out.bundle)
		return out
	}
}

var mixedOnes = []golden{
	{"approval-of-other-drug", "exchanges 3 and 4 of another drug (000-08, 000-20)", mixed(false, 3, 4), approveNo("missing_exchange")},
	{"decision-of-other-drug", "exchange 4 of another drug (000-20)", mixed(false, 4), approveNo("missing_exchange")},
	{"material-of-other-drug", "exchanges 1 and 2 of another drug (000-20)", mixed(false, 1, 2), matterNo("missing_exchange")},
	{"foreign-request", "an exchange of another drug beside the history", mixed(true, 1), matterNo("foreign_exchange")},
	{"foreign-approval", "the approval of another drug beside the history", mixed(true, 1, 2, 3, 4), matterNo("foreign_exchange")},
	{"no-certificate", "the ledger has no certificate of the batch's number (000-08)", func(s *scene) shown {
		delete(s.State.Records, string(chain.CertificateKey(ledgertest.Number)))
		out := s.honest()
		old := s.fork(s.t)
		for _, m := range []*envelope.Message{s.Request, s.Supply, s.Dossier, s.Decision} {
			if !slices.ContainsFunc(out.bundle.Exchanges, func(x theriac.Exchange) bool { return x.Envelope == string(m.Envelope.Raw()) }) {
				out.bundle.Exchanges = append(out.bundle.Exchanges, old.anchored(m))
			}
		}
		slices.SortFunc(out.bundle.Exchanges, func(a, b theriac.Exchange) int { return int(a.Leaf.Index) - int(b.Leaf.Index) })
		s.reprove(out.bundle)
		return out
	}, proven("approval", chain.Manufacturer, "not_approved")},
	{"certificate-left-out", "the record of the certificate is left out", with(func(s *scene, b *theriac.Bundle) {
		b.State = slices.DeleteFunc(b.State, func(r theriac.Record) bool { return string(r.Key) == "certificate/"+ledgertest.Number })
	}), ledgerNo},
	{"certificate-suspended", "the certificate is suspended", after(func(s *scene) { s.certificate(chain.CertificateSuspended) }), approveNo("not_approved")},
	{"certificate-revoked", "the certificate is revoked", after(func(s *scene) { s.certificate(chain.CertificateRevoked) }), approveNo("not_approved")},
}

func (s *scene) certificate(to chain.CertificateStatus) {
	s.t.Helper()
	s.Admit(s.DA.Tx(s.Now, chain.KindCertificate, chain.CertificateChange{Number: ledgertest.Number, Status: to, Reason: "test"}))
}

// renew gives an organisation a new key and revokes the old one, which it returns.
func (s *scene) renew(o *ledgertest.Org) *ledgertest.Org {
	s.t.Helper()
	old := *o
	next := ledgertest.NewOrg(s.t, o.Name, o.GLN[:12], o.Prefixes, o.Roles...)
	key, err := envelope.KeyOf(next.Key)
	if err != nil {
		s.t.Fatal(err)
	}
	proof, err := envelope.SignDigest(next.Key, chain.Possession(ledgertest.ChainID, o.GLN, key.Point()))
	if err != nil {
		s.t.Fatal(err)
	}
	s.Admit(old.Tx(s.Now, chain.KindRotateKey, chain.RotateKey{Point: key.Point(), Proof: proof}))
	*o = *next
	oldKey, err := envelope.KeyOf(old.Key)
	if err != nil {
		s.t.Fatal(err)
	}
	s.Admit(o.Tx(s.Now, chain.KindRevokeKey, chain.RevokeKey{Key: oldKey.ID()}))
	return &old
}
