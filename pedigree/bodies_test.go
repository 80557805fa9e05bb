package pedigree_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/gs1"
	"theriac/pedigree"
)

// contents of a tale, by exchange.
func (s *tale) contents() []pedigree.Content {
	return []pedigree.Content{s.request, s.supply, s.dossier, s.decision, s.distribution, s.status, s.dispatch, s.receipt}
}

func noSalt() canon.ID { return canon.ID{} }

// What is sent is what is read.
func TestRead(t *testing.T) {
	s := newTale(t)
	s.decision.Certificate = "certificate"
	for _, c := range s.contents() {
		body, err := envelope.BodyOf(c, noSalt)
		if err != nil {
			t.Fatal(err)
		}
		got, err := pedigree.Read(c.Type(), body)
		if err != nil {
			t.Fatalf("Read(%s) = %v", c.Type(), err)
		}
		if diff := cmp.Diff(c, got); diff != "" {
			t.Errorf("Read(%s) (-want +got):\n%s", c.Type(), diff)
		}
		if _, err := pedigree.Read("xins/1", body); !errors.Is(err, envelope.ErrType) {
			t.Errorf("Read(xins/1) = %v, want %v", err, envelope.ErrType)
		}
		body = append(body, envelope.Field{Name: "zz", Value: canon.RawJSON("1")})
		if _, err := pedigree.Read(c.Type(), body); !errors.Is(err, envelope.ErrField) {
			t.Errorf("Read(%s with a field more) = %v, want %v", c.Type(), err, envelope.ErrField)
		}
	}
}

// Each body's rules: one thing wrong in one that is otherwise good.
func TestCheckRefuses(t *testing.T) {
	for name, twist := range map[string]func(s *tale) pedigree.Content{
		"request: no material":        func(s *tale) pedigree.Content { s.request.Material = ""; return s.request },
		"request: no product":         func(s *tale) pedigree.Content { s.request.Product = ""; return s.request },
		"request: line break":         func(s *tale) pedigree.Content { s.request.Material = "chalk\nand cheese"; return s.request },
		"request: hidden direction":   func(s *tale) pedigree.Content { s.request.Product = "a\u202eb"; return s.request },
		"request: 201 bytes":          func(s *tale) pedigree.Content { s.request.Product = strings.Repeat("x", 201); return s.request },
		"supply: no lots":             func(s *tale) pedigree.Content { s.supply.Lots = nil; return s.supply },
		"supply: 65 lots":             func(s *tale) pedigree.Content { s.supply.Lots = make([]pedigree.SuppliedLot, 65); return s.supply },
		"supply: wrong code":          func(s *tale) pedigree.Content { s.supply.Lots[0].GTIN = "04000002000019"; return s.supply },
		"supply: no lot number":       func(s *tale) pedigree.Content { s.supply.Lots[0].Lot = ""; return s.supply },
		"supply: date":                func(s *tale) pedigree.Content { s.supply.Lots[0].Produced = "2026-10-32"; return s.supply },
		"supply: date spelled":        func(s *tale) pedigree.Content { s.supply.Lots[0].Produced = "2026-1-1"; return s.supply },
		"supply: no analysis":         func(s *tale) pedigree.Content { s.supply.Lots[0].Analysis = canon.Digest{}; return s.supply },
		"supply: no material":         func(s *tale) pedigree.Content { s.supply.Material = ""; return s.supply },
		"dossier: no documents":       func(s *tale) pedigree.Content { s.dossier.Documents = canon.Digest{}; return s.dossier },
		"dossier: no codes":           func(s *tale) pedigree.Content { s.dossier.GTINs = nil; return s.dossier },
		"dossier: 65 codes":           func(s *tale) pedigree.Content { s.dossier.GTINs = make([]gs1.GTIN, 65); return s.dossier },
		"dossier: wrong code":         func(s *tale) pedigree.Content { s.dossier.GTINs[0] = "04000003000019"; return s.dossier },
		"dossier: a code twice":       func(s *tale) pedigree.Content { s.dossier.GTINs = []gs1.GTIN{product, product}; return s.dossier },
		"dossier: codes fall":         func(s *tale) pedigree.Content { s.dossier.GTINs = []gs1.GTIN{product2, product}; return s.dossier },
		"dossier: no material":        func(s *tale) pedigree.Content { s.dossier.Materials = nil; return s.dossier },
		"dossier: 65 materials":       func(s *tale) pedigree.Content { s.dossier.Materials = make([]gs1.LGTIN, 65); return s.dossier },
		"dossier: wrong material":     func(s *tale) pedigree.Content { s.dossier.Materials[0].Lot = "ä"; return s.dossier },
		"dossier: no product":         func(s *tale) pedigree.Content { s.dossier.Product = ""; return s.dossier },
		"decision: none":              func(s *tale) pedigree.Content { s.decision.Decision = ""; return s.decision },
		"decision: perhaps":           func(s *tale) pedigree.Content { s.decision.Decision = "perhaps"; return s.decision },
		"decision: approved with no":  func(s *tale) pedigree.Content { s.decision.Certificate = ""; return s.decision },
		"decision: refused with one":  func(*tale) pedigree.Content { return &pedigree.Decision{Certificate: "c", Decision: pedigree.Refused} },
		"decision: question with one": func(*tale) pedigree.Content { return &pedigree.Decision{Certificate: "c", Decision: pedigree.Question} },
		"distribution: certificate":   func(s *tale) pedigree.Content { s.distribution.Certificate = ""; return s.distribution },
		"distribution: sales method":  func(s *tale) pedigree.Content { s.distribution.SalesMethod = ""; return s.distribution },
		"distribution: no parcels":    func(s *tale) pedigree.Content { s.distribution.Parcels = nil; return s.distribution },
		"dispatch: no parcels":        func(s *tale) pedigree.Content { s.dispatch.Parcels = nil; return s.dispatch },
		"dispatch: 65 parcels":        func(s *tale) pedigree.Content { s.dispatch.Parcels = make([]pedigree.Parcel, 65); return s.dispatch },
		"dispatch: wrong code":        func(s *tale) pedigree.Content { s.dispatch.Parcels[0].GTIN = "1"; return s.dispatch },
		"dispatch: date":              func(s *tale) pedigree.Content { s.dispatch.Parcels[0].Expiry = "31.3.2029"; return s.dispatch },
		"dispatch: no ranges":         func(s *tale) pedigree.Content { s.dispatch.Parcels[0].Ranges = nil; return s.dispatch },
		"dispatch: a batch twice": func(s *tale) pedigree.Content {
			s.dispatch.Parcels = append(s.dispatch.Parcels, s.dispatch.Parcels[0])
			return s.dispatch
		},
		"status: no batches":  func(s *tale) pedigree.Content { s.status.Expiries = nil; return s.status },
		"status: 65 batches":  func(s *tale) pedigree.Content { s.status.Expiries = make([]pedigree.BatchExpiry, 65); return s.status },
		"status: date":        func(s *tale) pedigree.Content { s.status.Expiries[0].Expiry = "2029-02-29"; return s.status },
		"status: no date yet": func(s *tale) pedigree.Content { s.status.Expiries[0].Expiry = ""; return s.status },
	} {
		s := newTale(t)
		s.decision.Certificate = "certificate"
		for _, c := range s.contents() {
			if err := c.Check(); err != nil {
				t.Fatalf("%s before: %v", c.Type(), err)
			}
		}
		if err := twist(s).Check(); !errors.Is(err, envelope.ErrField) {
			t.Errorf("%s: Check = %v, want %v", name, err, envelope.ErrField)
		}
	}
}

// A set of packs has one spelling.
func TestCheckRanges(t *testing.T) {
	many := make([]chain.Range, 1025)
	for i := range many {
		many[i] = chain.Range{From: 2 * uint64(i), To: 2*uint64(i) + 1}
	}
	for _, tt := range []struct {
		name   string
		ranges []chain.Range
		good   bool
	}{
		{"one", []chain.Range{{From: 0, To: 10}}, true},
		{"two", []chain.Range{{From: 0, To: 4}, {From: 5, To: 10}}, true},
		{"1,024", many[:1024], true},
		{"1,025", many, false},
		{"none", nil, false},
		{"empty", []chain.Range{{From: 3, To: 3}}, false},
		{"backwards", []chain.Range{{From: 4, To: 3}}, false},
		{"touching", []chain.Range{{From: 0, To: 4}, {From: 4, To: 10}}, false},
		{"overlapping", []chain.Range{{From: 0, To: 4}, {From: 3, To: 10}}, false},
		{"falling", []chain.Range{{From: 5, To: 10}, {From: 0, To: 4}}, false},
		{"past the end", []chain.Range{{From: 0, To: 2050}}, false},
	} {
		err := pedigree.CheckRanges(tt.ranges, 2049)
		if (err == nil) != tt.good || err != nil && !errors.Is(err, envelope.ErrField) {
			t.Errorf("%s: CheckRanges = %v, good %t", tt.name, err, tt.good)
		}
	}
}

// What a body's decoder accepts it writes again, in the same bytes.
func FuzzRead(f *testing.F) {
	types := []string{
		pedigree.TypeMaterialRequest, pedigree.TypeMaterialSupply, pedigree.TypeDossier, pedigree.TypeDecision,
		pedigree.TypeDistribution, pedigree.TypeSalesStatus, pedigree.TypeDispatch, pedigree.TypeReceipt, pedigree.TypeReport,
	}
	s := newTale(&testing.T{})
	s.decision.Certificate = "certificate"
	for i, c := range s.contents() {
		raw, err := canon.JSON(c)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), raw)
	}
	f.Fuzz(func(t *testing.T, which uint8, raw []byte) {
		var members canon.RawJSON = raw
		if canon.CheckJSON(raw) != nil || members.Kind() != '{' {
			return
		}
		body, err := envelope.BodyOf(members, noSalt)
		if err != nil {
			return
		}
		c, err := pedigree.Read(types[int(which)%len(types)], body)
		if err != nil {
			return
		}
		again, err := canon.JSON(c)
		if err != nil || string(again) != string(raw) {
			t.Errorf("Read(%s) writes %s (%v)", raw, again, err)
		}
	})
}
