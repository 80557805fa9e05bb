package pedigree_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/pedigree"
)

// table is protocols.md section 1: number, type, from, to, what it follows
// (an answer has =), and what the ledger may see.
const table = `
1 dmms/1     manufacturer                                  supplier                                      -                    material,product
2 msdm/1     supplier                                      manufacturer                                  =dmms/1              lots,material,registrations
3 dmda/1     manufacturer                                  administration                                msdm/1,dadm/1        documents,gtins,materials,product
4 dadm/1     administration                                manufacturer                                  =dmda/1              certificate,decision
5 dmdd/1     manufacturer                                  distributor                                   dadm/1               certificate,parcels,registrations,sales_method
6 dddm/1     distributor                                   manufacturer                                  =dmdd/1              expiries
7 dispatch/1 distributor,pharmacy,hospital                 distributor,pharmacy,hospital,manufacturer    dmdd/1,dispatch/1    parcels,registrations
8 receipt/1  distributor,pharmacy,hospital,manufacturer    distributor,pharmacy,hospital                 =dispatch/1          -
9 report/1   administration,courier,distributor,governor,hospital,manufacturer,pharmacy,supplier manufacturer,administration -  -
`

func list[T ~string](s []T) string {
	if len(s) == 0 {
		return "-"
	}
	words := make([]string, len(s))
	for i := range s {
		words[i] = string(s[i])
	}
	return strings.Join(words, ",")
}

func rows() []string { return strings.Split(strings.TrimSpace(table), "\n") }

// Paper 000, IV-E to IV-H: the exchanges are the protocol's, and no others.
func TestExchangesAreTheProtocols(t *testing.T) {
	for _, row := range rows() {
		f := strings.Fields(row)
		x, err := pedigree.Find(f[1])
		if err != nil {
			t.Fatal(err)
		}
		follows := list(x.Follows)
		if x.Answers {
			follows = "=" + follows
		}
		got := []string{fmt.Sprint(x.Number), x.Type, list(x.From), list(x.To), follows, list(x.Discloses)}
		if !slices.Equal(got, f) {
			t.Errorf("Find(%s) = %v, want %v", f[1], got, f)
		}
		// The contract's fields are what a reader of the ledger can read.
		if c, err := pedigree.ContentOf(f[1]); err != nil || c.Type() != f[1] {
			t.Errorf("ContentOf(%s) = %v, %v", f[1], c, err)
		}
	}
	for _, typ := range []string{"", "dmms", "dmms/2", "DMMS/1", "xins/1", "application/1"} {
		if _, err := pedigree.Find(typ); !errors.Is(err, envelope.ErrType) {
			t.Errorf("Find(%q) = %v, want %v", typ, err, envelope.ErrType)
		}
		if _, err := pedigree.ContentOf(typ); !errors.Is(err, envelope.ErrType) {
			t.Errorf("ContentOf(%q) = %v, want %v", typ, err, envelope.ErrType)
		}
	}
}

// Every exchange between every pair of roles.
func TestCheckParties(t *testing.T) {
	for _, row := range rows() {
		f := strings.Fields(row)
		x, _ := pedigree.Find(f[1])
		for _, from := range chain.Roles() {
			for _, to := range chain.Roles() {
				err := x.CheckParties(&chain.Member{Roles: []chain.Role{from}}, &chain.Member{Roles: []chain.Role{to}})
				may := slices.Contains(strings.Split(f[2], ","), string(from)) && slices.Contains(strings.Split(f[3], ","), string(to))
				if may != (err == nil) || err != nil && !errors.Is(err, pedigree.ErrRole) {
					t.Errorf("%s from %s to %s: %v, allowed %t", x.Type, from, to, err, may)
				}
			}
		}
	}
}

// Every exchange after every other.
func TestCheckPrev(t *testing.T) {
	for _, row := range rows() {
		f := strings.Fields(row)
		x, _ := pedigree.Find(f[1])
		answers := strings.HasPrefix(f[4], "=")
		follows := strings.Split(strings.TrimPrefix(f[4], "="), ",")
		c := &envelope.Claims{Issuer: "me", Audience: "you", Case: "case", Prev: []canon.Digest{{1}}}
		for _, other := range rows() {
			typ := strings.Fields(other)[1]
			err := x.CheckPrev(c, []chain.Anchor{{Type: typ, Audience: "me", Issuer: "you", Case: "case"}})
			if may := slices.Contains(follows, typ); may != (err == nil) {
				t.Errorf("%s after %s: %v, allowed %t", x.Type, typ, err, may)
			}
		}
		if f[4] == "-" {
			if err := x.CheckPrev(&envelope.Claims{}, nil); err != nil {
				t.Errorf("%s opens a case: %v", x.Type, err)
			}
			continue
		}
		good := chain.Anchor{Type: follows[0], Audience: "me", Issuer: "you", Case: "case"}
		for name, tt := range map[string]struct {
			prev []chain.Anchor
			n    int // that the claims name
			want error
		}{
			"nothing":             {nil, 0, envelope.ErrPrev},
			"not anchored":        {nil, 1, envelope.ErrPrev},
			"one of two anchored": {[]chain.Anchor{good}, 2, envelope.ErrPrev},
			"received by others":  {[]chain.Anchor{{Type: good.Type, Audience: "she", Issuer: "you", Case: "case"}}, 1, envelope.ErrPrev},
			"sent by others":      {[]chain.Anchor{{Type: good.Type, Audience: "me", Issuer: "she", Case: "case"}}, 1, ifAnswer(answers, envelope.ErrPrev)},
			"of another case":     {[]chain.Anchor{{Type: good.Type, Audience: "me", Issuer: "you", Case: "other"}}, 1, ifAnswer(answers, pedigree.ErrCase)},
			"two":                 {[]chain.Anchor{good, good}, 2, ifAnswer(answers, envelope.ErrPrev)},
		} {
			c := *c
			c.Prev = make([]canon.Digest, tt.n)
			if err := x.CheckPrev(&c, tt.prev); !errors.Is(err, tt.want) {
				t.Errorf("%s after %s: %v, want %v", x.Type, name, err, tt.want)
			}
		}
	}
}

func ifAnswer(answers bool, err error) error {
	if answers {
		return err
	}
	return nil
}

// The ledger sees what its contract needs and no price, quantity or partner.
func TestCheckDisclosed(t *testing.T) {
	s := newTale(t)
	contents := []pedigree.Content{s.request, s.supply, s.dossier, s.decision, s.distribution, s.status, s.dispatch, s.receipt}
	s.supply.Quantity, s.dossier.Sealed, s.decision.Reasons, s.dispatch.Note = "25 kg", canon.Bytes("sealed"), "none", "by night"
	s.decision.Certificate = s.certify()
	s.status.Counts = []pedigree.SalesCount{{Batch: s.batchID, Received: 1}}
	for _, c := range contents {
		x, _ := pedigree.Find(c.Type())
		body, err := envelope.BodyOf(c, func() canon.ID { return canon.ID{1} })
		if err != nil {
			t.Fatal(err)
		}
		if err := x.CheckDisclosed(body.Disclose(x.Discloses...)); err != nil {
			t.Errorf("%s: %v", x.Type, err)
		}
		if _, err := pedigree.Read(x.Type, body.Disclose(x.Discloses...)); err != nil {
			t.Errorf("%s as the ledger reads it: %v", x.Type, err)
		}
		if err := x.CheckDisclosed(body); !errors.Is(err, envelope.ErrField) {
			t.Errorf("all of %s: %v, want %v", x.Type, err, envelope.ErrField)
		}
	}
}

func TestIndex(t *testing.T) {
	c := &envelope.Claims{Prev: []canon.Digest{{1}, {2}}}
	for bc, want := range map[canon.Digest]int{{1}: 0, {2}: 1, {3}: -1, {}: -1} {
		if got := pedigree.Index(c, bc); got != want {
			t.Errorf("Index(%s) = %d, want %d", bc, got, want)
		}
	}
}
