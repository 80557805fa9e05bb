package gs1

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// today is the day of every test: dates in the vectors are of its century.
var today = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

// corpus returns the path below the folder of third-party files, or skips the test
// if that folder is not on this machine.
func corpus(t testing.TB, elem ...string) string {
	t.Helper()
	root := os.Getenv("THERIAC_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "shared", "data")
	}
	if _, err := os.Stat(root); err != nil {
		t.Skipf("SKIPPED, no third-party data: %v; set THERIAC_DATA. Not tested: %s", err, filepath.Join(elem...))
	}
	return filepath.Join(append([]string{root, "epcis"}, elem...)...)
}

// A vector is the union of the fields of the vector files.
type vector struct {
	OK        bool
	In        string
	Out       *string
	Flags     map[string]string
	Linter    string
	Error     string
	Symbology string
	Op        string
}

func vectors(t *testing.T, name string) []vector {
	t.Helper()
	raw, err := os.ReadFile(corpus(t, "vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	return file.Vectors
}

// A tally keeps a test of vectors from passing because it ran none.
type tally struct{ ran, leftOut int }

func (c tally) check(t *testing.T, atLeast int) {
	t.Helper()
	t.Logf("ran %d vectors, left out %d", c.ran, c.leftOut)
	if c.ran < atLeast {
		t.Errorf("ran %d vectors, want at least %d", c.ran, atLeast)
	}
}

// caret replaces the FNC1 of our strings by that of the vectors, and in front too.
func caret(s string) string { return "^" + strings.ReplaceAll(s, fnc1, "^") }

func uncaret(s string) string { return strings.ReplaceAll(s, "^", fnc1) }

// GS1 Barcode Syntax Tests: the linters that the supported AIs name.
func TestLinterVectors(t *testing.T) {
	linters := map[string]func(string) error{
		"csum":        verifyCheckDigit,
		"cset82":      func(s string) error { return checkSet(s, isSet82) },
		"csetnumeric": func(s string) error { return checkSet(s, isDigit) },
		"yymmd0":      checkYYMMDD,
	}
	want := map[string]error{
		"":                          nil,
		"INCORRECT_CHECK_DIGIT":     ErrCheckDigit,
		"TOO_SHORT_FOR_CHECK_DIGIT": ErrLength,
		"NON_DIGIT_CHARACTER":       ErrCharacter,
		"INVALID_CSET82_CHARACTER":  ErrCharacter,
		"DATE_TOO_SHORT":            ErrLength,
		"DATE_TOO_LONG":             ErrLength,
		"ILLEGAL_MONTH":             ErrDate,
		"ILLEGAL_DAY":               ErrDate,
	}
	var c tally
	for _, v := range vectors(t, "gs1-linters.json") {
		lint, ok := linters[v.Linter]
		if !ok {
			c.leftOut++
			continue
		}
		c.ran++
		if err := lint(v.In); !errors.Is(err, want[v.Error]) || (err == nil) != v.OK {
			t.Errorf("%s(%q) = %v, want %v", v.Linter, v.In, err, want[v.Error])
		}
	}
	c.check(t, 206)
}

// leaveOut reports whether a vector is about an AI that the table does not have
// yet. Such a vector must still be refused, which the caller has seen.
func (c *tally) leaveOut(err error) bool {
	if errors.Is(err, ErrUnknownAI) {
		c.leftOut++
		return true
	}
	c.ran++
	return false
}

// GS1 Syntax Engine: brackets to element string.
func TestBracketedVectors(t *testing.T) {
	var c tally
	for _, v := range vectors(t, "gs1-bracketed-ai-parse.json") {
		elems, err := parseBracketed(v.In)
		if c.leaveOut(err) {
			continue
		}
		if (err == nil) != v.OK {
			t.Errorf("parseBracketed(%q) = %v, want ok %v", v.In, err, v.OK)
		} else if got := caret(formatElements(elems)); err == nil && got != *v.Out {
			t.Errorf("parseBracketed(%q) = %q, want %q", v.In, got, *v.Out)
		}
	}
	c.check(t, 8)
}

// GS1 Syntax Engine: element strings, good and bad.
func TestElementStringVectors(t *testing.T) {
	var c tally
	for _, v := range vectors(t, "gs1-unbracketed-ai-process.json") {
		_, err := parseElements(uncaret(v.In))
		if c.leaveOut(err) {
			continue
		}
		if (err == nil) != v.OK {
			t.Errorf("parseElements(%q) = %v, want ok %v", v.In, err, v.OK)
		}
	}
	c.check(t, 7)
}

// GS1 Syntax Engine: what a scanner sends. The engine also passes on what is no GS1
// data ("]d1TESTING"), which is none of ours.
func TestScanVectors(t *testing.T) {
	var c tally
	for _, v := range vectors(t, "gs1-scandata-process.json") {
		id, err := ParseIdentifier(v.In, today)
		if v.OK && !strings.HasPrefix(*v.Out, "^") && !strings.Contains(*v.Out, "://") || strings.Contains(v.In, "|") {
			c.leftOut++
			if err == nil {
				t.Errorf("ParseIdentifier(%q) = %v, want a refusal", v.In, id)
			}
			continue
		}
		if c.leaveOut(err) {
			continue
		}
		if (err == nil) != v.OK {
			t.Errorf("ParseIdentifier(%q) = %v, want ok %v", v.In, err, v.OK)
		}
	}
	for _, v := range vectors(t, "gs1-scandata-generate.json") {
		if v.Out == nil || v.Symbology != "EAN13" && v.Symbology != "EAN8" || strings.Contains(*v.Out, "|") {
			c.leftOut++
			continue
		}
		c.ran++
		check, err := CheckDigit(v.In)
		if err != nil {
			t.Fatal(err)
		}
		want, err := ParseGTIN(v.In + string(check))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseIdentifier(*v.Out, today); err != nil || got.GTIN != want {
			t.Errorf("ParseIdentifier(%q) = %v, %v, want %v", *v.Out, got, err, want)
		}
	}
	c.check(t, 11)
}

// GS1 Syntax Engine: Digital Links. We read GTINs without leading zeros, so what
// the engine's strict setting refuses is not for us.
func TestDigitalLinkVectors(t *testing.T) {
	var c tally
	for _, v := range vectors(t, "gs1-digitallink-parse.json") {
		elems, err := parseLink(v.In)
		if !v.OK && v.In == "https://a/01/416000336108" {
			c.leftOut++
			continue
		}
		if c.leaveOut(err) {
			continue
		}
		if (err == nil) != v.OK {
			t.Errorf("parseLink(%q) = %v, want ok %v", v.In, err, v.OK)
		} else if got := caret(formatElements(elems)); err == nil && got != *v.Out {
			t.Errorf("parseLink(%q) = %q, want %q", v.In, got, *v.Out)
		}
	}
	c.check(t, 33)
}
