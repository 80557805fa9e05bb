package theriac_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"theriac"
	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/gs1"
	"theriac/internal/ledger/ledgertest"
	"theriac/pedigree"
)

// at is honest evidence, verified at another time than its block's.
func at(d time.Duration) func(*scene) shown {
	return func(s *scene) shown {
		out := s.honest()
		out.now = s.Now.Add(time.Second + d)
		return out
	}
}

// units moves the first pack.
func (s *scene) units(by *ledgertest.Org, to chain.UnitState) {
	s.t.Helper()
	s.Admit(by.Tx(s.Now, chain.KindUnits, s.Show(chain.UnitActive, to, 0)))
}

var todayOnes = []golden{
	{"batch-recalled", "the batch is recalled", after(func(s *scene) {
		s.recall(chain.Recall{Batch: s.Batch, Status: chain.Recalled})
	}), batchNo("recalled")},
	{"batch-withdrawn", "the batch is withdrawn", after(func(s *scene) {
		s.recall(chain.Recall{Batch: s.Batch, Status: chain.Withdrawn})
	}), batchNo("recalled")},
	{"product-recalled", "the product is recalled", after(func(s *scene) {
		s.recall(chain.Recall{GTIN: s.Product, Status: chain.Recalled})
	}), batchNo("recalled")},
	{"genuine-released-again", "the batch was recalled, and released again", after(func(s *scene) {
		s.recall(chain.Recall{Batch: s.Batch, Status: chain.Recalled})
		s.recall(chain.Recall{Batch: s.Batch, Status: chain.Released})
	}), good},
	{"dispensed", "the pack was dispensed", after(func(s *scene) { s.units(s.Pharmacy, chain.UnitDispensed) }), packNo("pack_dispensed")},
	{"stolen", "the pack was stolen", after(func(s *scene) { s.units(s.Pharmacy, chain.UnitStolen) }), packNo("not_active")},
	{"returned", "the pack is on its way back", after(func(s *scene) { s.units(s.Pharmacy, chain.UnitReturned) }), packNo("not_active")},
	{"expired", "the day after the expiry date", func(s *scene) shown {
		out := s.honest()
		out.now = time.Date(2029, 4, 1, 0, 0, 0, 0, time.UTC)
		return out
	}, packNo("past_expiry")},
	{"last-day", "the last second of the expiry date: in date, but the evidence is old", func(s *scene) shown {
		out := s.honest()
		out.now = time.Date(2029, 3, 31, 23, 59, 59, 0, time.UTC)
		return out
	}, sentence{theriac.CannotCheck, theriac.StepLedger, "", false, "too_old"}},
	{"genuine-of-the-limit", "evidence as old as the trust root allows", at(600 * time.Second), good},
	{"too-old", "evidence a second older than that", at(601 * time.Second), sentence{theriac.CannotCheck, theriac.StepLedger, "", false, "too_old"}},
	{"genuine-clock-behind", "a clock five minutes behind the validators'", at(-5 * time.Minute), good},
	{"clock", "a clock further behind", at(-5*time.Minute - time.Second), sentence{theriac.CannotCheck, theriac.StepLedger, "", false, "clock"}},
	{"clock-of-another-age", "a clock so far behind that no duration holds it", func(s *scene) shown {
		out := s.honest()
		out.now = time.Time{}
		return out
	}, sentence{theriac.CannotCheck, theriac.StepLedger, "", false, "clock"}},
	{"short-page", "a ledger whose page of states is too short for the pack", with(func(s *scene, b *theriac.Bundle) {
		raw, err := canon.CBOR(chain.Page{States: []byte{0x11}})
		if err != nil {
			s.t.Fatal(err)
		}
		record(s.t, b, chain.UnitsKey(s.Batch, 0)).Value = raw
		s.reseal(b)
	}), ledgerNo},
	{"captured", "a pack that somebody's EPCIS document declares", captured(nil), sentence{theriac.Captured, "approval", "", false, "approval_unproven"}},
	{"captured-expired", "the same, of a lot that expired the day before: a document decides nothing", func(s *scene) shown {
		return s.capture("2026-11-20", nil, nil)
	}, sentence{theriac.Captured, "approval", "", false, "approval_unproven"}},
	{"captured-other-document", "another document than the one that was anchored", captured(func(_ *scene, b *theriac.Bundle) {
		b.Document = append(b.Document, '\n')
	}), batchNo("bad_capture")},
	{"captured-not-anchored", "the record of the document's anchor is left out", captured(func(_ *scene, b *theriac.Bundle) {
		b.State = slices.DeleteFunc(b.State, func(r theriac.Record) bool { return strings.HasPrefix(string(r.Key), "evidence/") })
	}), ledgerNo},
	{"captured-other-serial", "a pack that the document does not commission", func(s *scene) shown {
		return s.capture("2029-03-31", func(p *pedigree.Pack) { p.Serial = "F2" }, nil)
	}, batchNo("bad_capture")},
	{"captured-other-expiry", "a batch with another expiry date than the document says", func(s *scene) shown {
		return s.capture("2029-03-31", func(p *pedigree.Pack) { p.Expiry = laterDate }, nil)
	}, batchNo("bad_capture")},
	{"captured-other-lot", "a batch of another lot than the document says", func(s *scene) shown {
		return s.capture("2029-03-31", func(p *pedigree.Pack) { p.Lot = "G" }, nil)
	}, batchNo("bad_capture")},
	{"captured-with-proof", "a proof of exchanges, of which there are none", captured(func(_ *scene, b *theriac.Bundle) {
		b.Log = make(chain.Hashes, 1)
	}), ledgerNo},
	{"captured-with-history", "a captured pack with another pack's history", captured(func(s *scene, b *theriac.Bundle) {
		b.Exchanges = append(b.Exchanges, s.anchored(s.Request))
		s.reprove(b)
	}), batchNo("bad_bundle")},
}

// foreignDocument is what another company's system sends: one pack, commissioned.
const foreignDocument = `{"@context":["https://ref.gs1.org/standards/epcis/epcis-context.jsonld",{"cbvmda":"urn:epcglobal:cbv:mda:"}],` +
	`"type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-11-20T09:00:00Z","epcisBody":{"eventList":[` +
	`{"type":"ObjectEvent","eventTime":"2026-11-20T09:00:00Z","eventTimeZoneOffset":"+00:00","action":"ADD","bizStep":"commissioning",` +
	`"disposition":"active","epcList":["https://id.gs1.org/01/09524000000019/21/F1"],` +
	`"ilmd":{"cbvmda:lotNumber":"F","cbvmda:itemExpirationDate":"%s"}}]}}`

// captured is evidence of a pack of which the ledger knows a document only.
func captured(do func(*scene, *theriac.Bundle)) func(*scene) shown {
	return func(s *scene) shown { return s.capture("2029-03-31", nil, do) }
}

// capture captures the document with an expiry date; twist says what is printed
// on the pack instead.
func (s *scene) capture(expiry string, twist func(*pedigree.Pack), do func(*scene, *theriac.Bundle)) shown {
	s.t.Helper()
	doc := fmt.Appendf(nil, foreignDocument, expiry)
	digest := canon.Sum(doc)
	s.Admit(s.DD.Tx(s.Now, chain.KindEvidence, chain.Evidence{Digest: digest, Media: "application/ld+json"}))
	p := pedigree.Pack{Expiry: expiry, GTIN: gs1.GTIN("09524000000019"), Lot: "F", Salt: canon.ID{1}, Serial: "F1"}
	if twist != nil {
		twist(&p)
	}
	release := chain.BatchRelease{
		GTIN: p.GTIN, Lot: p.Lot, Expiry: p.Expiry, Size: 1, Root: p.Leaf(), Initial: chain.UnitActive, Evidence: digest,
	}
	s.Admit(s.DD.Tx(s.Now, chain.KindBatch, release))
	b := s.assemble(&api.Opening{
		Batch: chain.BatchID(s.DD.GLN, p.GTIN, p.Lot), Document: doc, Pack: theriac.Pack{Pack: p, Path: chain.Hashes{}},
	})
	if do != nil {
		do(s, b)
	}
	return shown{b, s.trust(), s.now()}
}
