package gs1

import (
	"errors"
	"testing"
)

func TestURNRefuses(t *testing.T) {
	for _, tt := range []refusal{
		{"other namespace", "urn:isbn:9780345418913", ErrSyntax},
		{"no scheme", "urn:epc:", ErrSyntax},
		{"scheme alone", "urn:epc:id:sgtin:", ErrSyntax},
		{"other scheme", "urn:epc:id:grai:4012345.12345.1", ErrSyntax},
		{"tag", "urn:epc:tag:sgtin-96:1.9521234.054321.1", ErrSyntax},
		{"upper case", "URN:EPC:ID:SGTIN:9521234.054321.1", ErrSyntax},
		{"short prefix", "urn:epc:id:sgtin:95212.34054321.1", ErrLength},
		{"long prefix", "urn:epc:id:sgtin:9521234054321..1", ErrLength},
		{"short reference", "urn:epc:id:sgtin:9521234.05432.1", ErrLength},
		{"long reference", "urn:epc:id:sgtin:9521234.0543210.1", ErrLength},
		{"letters", "urn:epc:id:sgtin:952123x.054321.1", ErrCharacter},
		{"no serial", "urn:epc:id:sgtin:9521234.054321", ErrSyntax},
		{"empty serial", "urn:epc:id:sgtin:9521234.054321.", ErrLength},
		{"long serial", "urn:epc:id:sgtin:9521234.054321.123456789012345678901", ErrLength},
		{"slash in serial", "urn:epc:id:sgtin:9521234.054321.1/2", ErrCharacter},
		{"space in serial", "urn:epc:id:sgtin:9521234.054321.1%202", ErrCharacter},
		{"percent cut", "urn:epc:id:sgtin:9521234.054321.1%2", ErrSyntax},
		{"pattern of one serial", "urn:epc:idpat:sgtin:9521234.054321.1", ErrSyntax},
		{"pattern of all items", "urn:epc:idpat:sgtin:9521234.*.*", ErrLength},
		{"unit with serial", "urn:epc:id:sscc:4012345.3111111111.1", ErrSyntax},
		{"place without extension", "urn:epc:id:sgln:4012345.00005", ErrSyntax},
		{"party of one part", "urn:epc:id:pgln:401234500005", ErrSyntax},
		{"party with extension", "urn:epc:id:pgln:4012345.00005.0", ErrSyntax},
	} {
		t.Run(tt.name, tt.test)
	}
}

func TestURN(t *testing.T) {
	const sscc, gtin, gln = "340123451111111111", "09521234543213", "4012345000009"
	for _, tt := range []struct {
		name   string
		id     Identifier
		prefix int
		urn    string
		want   error
	}{
		{"pack", Identifier{GTIN: gtin, Serial: "A/1%", Lot: "L", Expiry: "2027-03"}, 7, "urn:epc:id:sgtin:9521234.054321.A%2F1%25", nil},
		{"lot", Identifier{GTIN: gtin, Lot: "L"}, 12, "urn:epc:class:lgtin:952123454321.0.L", nil},
		{"product", Identifier{GTIN: gtin, Expiry: "2027-03"}, 6, "urn:epc:idpat:sgtin:952123.0454321.*", nil},
		{"unit", Identifier{SSCC: sscc, Content: gtin}, 7, "urn:epc:id:sscc:4012345.3111111111", nil},
		{"place", Identifier{GLN: gln}, 7, "urn:epc:id:sgln:4012345.00000.0", nil},
		{"place with extension", Identifier{GLN: gln, Extension: "00"}, 12, "urn:epc:id:sgln:401234500000..00", nil},
		{"place with extension 0", Identifier{GLN: gln, Extension: "0"}, 7, "", ErrConflict},
		{"party", Identifier{Party: gln}, 12, "urn:epc:id:pgln:401234500000.", nil},
		{"short prefix", Identifier{GTIN: gtin}, 5, "", ErrLength},
		{"long prefix", Identifier{GTIN: gtin}, 13, "", ErrLength},
		{"negative prefix", Identifier{GTIN: gtin}, -1, "", ErrLength},
		{"pack and unit", Identifier{GTIN: gtin, Serial: "1", SSCC: sscc}, 7, "", ErrConflict},
		{"no key", Identifier{Lot: "L"}, 7, "", ErrNoKey},
		{"content alone", Identifier{Content: gtin}, 7, "", ErrNoKey},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := tt.id.URN(tt.prefix); got != tt.urn || !errors.Is(err, tt.want) {
				t.Errorf("URN(%d) of %+v = %q, %v, want %q, %v", tt.prefix, tt.id, got, err, tt.urn, tt.want)
			}
		})
	}
}

// What parseURN accepts, URN writes so that a second reading writes the same, and
// byte for byte the same if nothing was escaped without need.
func FuzzURN(f *testing.F) {
	f.Add("id:sgtin:9521234.054321.A%2F1%25")
	f.Add("class:lgtin:952123454321.0.L")
	f.Add("idpat:sgtin:952123.0454321.*")
	f.Add("id:sscc:4012345.3111111111")
	f.Add("id:sgln:401234500000..00")
	f.Add("id:pgln:401234500000.")
	f.Fuzz(func(t *testing.T, s string) {
		s = "urn:epc:" + s
		elems, err := parseURN(s)
		if err != nil {
			return
		}
		id, err := collect(elems, today)
		if err != nil {
			t.Fatalf("collect of %q: %v", s, err)
		}
		n := prefixLength(s)
		urn, err := id.URN(n)
		if err != nil || len(urn) > len(s) {
			t.Fatalf("URN of %q = %q, %v", s, urn, err)
		}
		if len(urn) == len(s) && !equalButHex(urn, s) {
			t.Errorf("URN of %q = %q", s, urn)
		}
		elems, err = parseURN(urn)
		if err != nil {
			t.Fatalf("parseURN(%q) = %v", urn, err)
		}
		if again, err := collect(elems, today); err != nil || again != id {
			t.Errorf("parseURN(%q) = %+v, %v, want %+v", urn, again, err, id)
		}
	})
}

// equalButHex compares URNs whose escapes may differ in case.
func equalButHex(a, b string) bool {
	x, err1 := unescape(a, func(c byte) bool { return c != '%' })
	y, err2 := unescape(b, func(c byte) bool { return c != '%' })
	return err1 == nil && err2 == nil && x == y
}
