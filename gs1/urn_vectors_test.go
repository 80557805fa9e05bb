package gs1

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// isOurs reports whether an EPC, as URN or Digital Link, is of a supported kind.
func isOurs(epc string) bool {
	for _, name := range []string{"/cpv/", "/itip/", "urn:epc:"} {
		if !strings.Contains(epc, name) {
			continue
		}
		for _, s := range schemes {
			if strings.HasPrefix(epc, "urn:epc:"+s.name) {
				return true
			}
		}
		return false
	}
	return true
}

// identity leaves of an identifier what names a thing, as the CBV's canonical
// Digital Link does.
func identity(id Identifier) Identifier {
	id.Production, id.Expiry, id.Content = "", "", ""
	if id.Serial != "" {
		id.Lot = ""
	}
	return id
}

// EPCIS event hash generator (R. Tröger): any EPC to its canonical Digital Link.
func TestCanonicalLinkVectors(t *testing.T) {
	// Its GTIN-8 does not check, which the generator does not look at.
	unchecked := "http://example.de/gtin-8/01/97803111"
	var c tally
	for _, v := range vectors(t, "epc-to-canonical-digitallink.ralphtro.json") {
		// Two entries are several lines of Python that were cut wrongly.
		if strings.Contains(v.In, "\n") || !isOurs(v.In) {
			c.leftOut++
			continue
		}
		id, err := ParseIdentifier(v.In, today)
		if c.leaveOut(err) {
			continue
		}
		switch {
		case v.In == unchecked:
			if !errors.Is(err, ErrCheckDigit) {
				t.Errorf("ParseIdentifier(%q) = %v, want %v", v.In, err, ErrCheckDigit)
			}
		case v.Out == nil:
			if err == nil {
				t.Errorf("ParseIdentifier(%q) = %v, want a refusal", v.In, id)
			}
		case err != nil:
			t.Errorf("ParseIdentifier(%q) = %v", v.In, err)
		default:
			if got, err := identity(id).DigitalLink(); err != nil || got != *v.Out {
				t.Errorf("DigitalLink(%q) = %s, %v, want %s", v.In, got, err, *v.Out)
			}
		}
	}
	c.check(t, 16)
}

// prefixLength returns the length of the company prefix in a URN.
func prefixLength(urn string) int {
	before, _, _ := strings.Cut(urn, ".")
	return len(before) - strings.LastIndexByte(before, ':') - 1
}

// OpenEPCIS EPC translator, both directions. Where it takes the prefix length from
// GS1's table, the test takes it from the URN. It neither verifies check digits nor
// escapes reserved characters: such vectors must be refused.
func TestURNVectors(t *testing.T) {
	unchecked := map[string]bool{
		"urn:epc:class:lgtin:9850359038.559.2z32746": true,
		"urn:epc:class:lgtin:9046537.500345.998877":  true,
		"urn:epc:class:lgtin:234567.1890123.9999":    true,
		"urn:epc:class:lgtin:2475775757.157.488484":  true,
	}
	var c tally
	for _, v := range vectors(t, "epc-urn-digitallink.openepcis.json") {
		urn, link := v.In, *v.Out
		if strings.HasPrefix(v.Op, "toURN") {
			urn, link = link, urn
		}
		if !isOurs(urn) {
			c.leftOut++
			continue
		}
		c.ran++
		want, err := ParseIdentifier(urn, today)
		got, linkErr := ParseIdentifier(link, today)
		switch {
		case strings.ContainsAny(urn, `"/`):
			if !errors.Is(err, ErrCharacter) || linkErr == nil {
				t.Errorf("unescaped: ParseIdentifier(%q) = %v, (%q) = %v, want refusals", urn, err, link, linkErr)
			}
		case unchecked[urn]:
			if err != nil || !errors.Is(linkErr, ErrCheckDigit) {
				t.Errorf("ParseIdentifier(%q) = %v, (%q) = %v, want %v of the second", urn, err, link, linkErr, ErrCheckDigit)
			}
		case err != nil || linkErr != nil || got != want:
			t.Errorf("ParseIdentifier(%q) = %v, %v, (%q) = %v, %v", urn, want, err, link, got, linkErr)
		default:
			if got, err := got.URN(prefixLength(urn)); err != nil || got != urn {
				t.Errorf("URN of %q = %s, %v, want %s", link, got, err, urn)
			}
		}
	}
	c.check(t, 37)
}

// epcsOfDocuments returns every EPC URN and Digital Link of a supported kind that is
// a whole value in an EPCIS document of the corpus.
func epcsOfDocuments(t *testing.T) map[string]bool {
	t.Helper()
	value := regexp.MustCompile(`[">]((?:urn:epc:|https?://)[^"<>\s&]+)["<]`)
	link := regexp.MustCompile(`^http.*/(?:00|01|414|417)/\d+`)
	seen := map[string]bool{}
	for _, dir := range []string{"openepcis", "eventhash", "fastnt"} {
		err := filepath.WalkDir(corpus(t, dir), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			raw, err := os.ReadFile(name)
			for _, m := range value.FindAllStringSubmatch(string(raw), -1) {
				if strings.HasPrefix(m[1], "urn:") && isOurs(m[1]) || link.MatchString(m[1]) {
					seen[m[1]] = true
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return seen
}

// Every EPC in the EPCIS documents of the corpus comes back as it was.
func TestEPCsOfDocuments(t *testing.T) {
	refused := map[string]error{
		// The Tag Data Standard knows no SGLN of two parts.
		"urn:epc:id:sgln:0054321.00729": ErrSyntax,
		"urn:epc:id:sgln:0054321.00730": ErrSyntax,
		"urn:epc:id:sgln:0054321.00731": ErrSyntax,
		// The check digit would be 4.
		"https://id.gs1.org/414/9521141123452": ErrCheckDigit,
	}
	var c tally
	for epc := range epcsOfDocuments(t) {
		c.ran++
		id, err := ParseIdentifier(epc, today)
		if want := refused[epc]; want != nil {
			if !errors.Is(err, want) {
				t.Errorf("ParseIdentifier(%q) = %v, want %v", epc, err, want)
			}
			continue
		}
		if err != nil {
			t.Errorf("ParseIdentifier(%q) = %v", epc, err)
			continue
		}
		link, err := id.DigitalLink()
		if err != nil || strings.HasPrefix(epc, stem) && link != epc {
			t.Errorf("DigitalLink of %q = %s, %v", epc, link, err)
		}
		if !strings.HasPrefix(epc, "urn:") {
			continue
		}
		if got, err := id.URN(prefixLength(epc)); err != nil || got != epc {
			t.Errorf("URN of %q = %s, %v", epc, got, err)
		}
		if got, err := ParseIdentifier(link, today); err != nil || got != id {
			t.Errorf("ParseIdentifier(%s) = %v, %v, want %v", link, got, err, id)
		}
	}
	c.check(t, 153)
}
