package gs1

import (
	"fmt"
	"strings"
	"time"
)

// An Identifier is what a symbol, a link or a URN says; what it does not say is
// empty. It is comparable. One that is put together by hand is checked when it is
// written.
type Identifier struct {
	SSCC       SSCC   `json:"sscc,omitempty"`       // AI 00
	GTIN       GTIN   `json:"gtin,omitempty"`       // AI 01
	Content    GTIN   `json:"content,omitempty"`    // AI 02: of the items in the logistic unit
	Lot        Lot    `json:"lot,omitempty"`        // AI 10
	Production Date   `json:"production,omitempty"` // AI 11
	Expiry     Date   `json:"expiry,omitempty"`     // AI 17
	Serial     Serial `json:"serial,omitempty"`     // AI 21
	Extension  string `json:"extension,omitempty"`  // AI 254: of GLN
	GLN        GLN    `json:"gln,omitempty"`        // AI 414: a place
	Party      GLN    `json:"party,omitempty"`      // AI 417
}

// ParseIdentifier reads whatever a person pastes or a scanner sends: an element
// string with or without brackets or AIM symbology identifier, a Digital Link, an
// EPC URN, or bare digits. White space around it is dropped. The century of a date
// follows from now.
func ParseIdentifier(s string, now time.Time) (Identifier, error) {
	if len(s) > maxInput {
		return Identifier{}, fmt.Errorf("identifier of %d characters: %w", len(s), ErrLength)
	}
	// GS is no white space here: it may be an FNC1.
	s = strings.Trim(s, " \t\r\n")
	var elems []element
	var err error
	switch {
	case strings.HasPrefix(s, "]"):
		elems, err = parseScan(s)
	case strings.HasPrefix(s, "("):
		elems, err = parseBracketed(s)
	case strings.HasPrefix(s, "urn:"):
		elems, err = parseURN(s)
	// An element string begins with a digit or an FNC1.
	case s != "" && isLetter(s[0]):
		elems, err = parseLink(s)
	case isBare(s):
		elems, err = parseBare(s)
	default:
		elems, err = parseElements(s)
	}
	if err != nil {
		return Identifier{}, err
	}
	return collect(elems, now)
}

// parseScan reads what a scanner sends that names the symbology (ISO/IEC 15424;
// General Specifications, section 5.1). A symbol that is not a GS1 symbol can
// still hold a Digital Link, and nothing else that is ours.
func parseScan(s string) ([]element, error) {
	symbology, data := s[:min(3, len(s))], s[min(3, len(s)):]
	switch symbology {
	case "]d2", "]C1", "]Q3", "]e0", "]J1":
		return parseElements(data)
	case "]d1", "]Q1":
		return parseLink(data)
	case "]E0":
		return parseEAN(data, 13)
	case "]E4":
		return parseEAN(data, 8)
	}
	return nil, fmt.Errorf("symbology identifier: %w", ErrSyntax)
}

func parseEAN(digits string, length int) ([]element, error) {
	if len(digits) != length {
		return nil, fmt.Errorf("EAN-%d with %d digits: %w", length, len(digits), ErrLength)
	}
	return parseBare(digits)
}

// isBare reports whether s is read as a key without an AI.
func isBare(s string) bool { return allDigits(s) && (len(s) == 18 || len(padGTIN(s)) == 14) }

// parseBare reads digits without an AI. A wrong check digit is an error and no
// reason to try another reading: a slip in a GTIN must not turn it into a lot.
func parseBare(digits string) ([]element, error) {
	ai := "01"
	if len(digits) == 18 {
		ai = "00"
	}
	f, err := formatOf(ai)
	if err != nil {
		return nil, err
	}
	e, err := newElement(f, padGTIN(digits))
	return []element{e}, err
}

// elements returns the checked elements of id in canonical order: predefined
// lengths first, so that as few FNC1 as can be are needed.
func (id Identifier) elements() ([]element, error) {
	var fixed, variable []element
	for i := range table {
		f := &table[i]
		value := *f.field(&id)
		if value == "" {
			continue
		}
		if f.isDate() {
			if err := Date(value).Check(); err != nil {
				return nil, fmt.Errorf("AI %s: %w", f.ai, err)
			}
			value = Date(value).yymmdd()
		}
		e, err := newElement(f, value)
		if err != nil {
			return nil, err
		}
		if f.predefined {
			fixed = append(fixed, e)
		} else {
			variable = append(variable, e)
		}
	}
	elems := append(fixed, variable...)
	if len(elems) == 0 {
		return nil, ErrNoKey
	}
	return elems, checkExclusions(elems)
}

// ElementString returns the canonical element string, with GS for FNC1: what a
// scanner sends after the symbology identifier. It has two digits for a year, so a
// reader outside the window of ParseDate takes another century. It begins with FNC1
// only if it would else read as bare digits, as a lone expiry date can.
func (id Identifier) ElementString() (string, error) {
	elems, err := id.elements()
	if err != nil {
		return "", err
	}
	s := formatElements(elems)
	if isBare(s) {
		s = fnc1 + s
	}
	return s, nil
}

// Bracketed returns the canonical form for people, (01)…(17)…(10)…(21)….
func (id Identifier) Bracketed() (string, error) {
	elems, err := id.elements()
	if err != nil {
		return "", err
	}
	return formatBracketed(elems), nil
}

// SGTIN returns the pack that id names, or ErrNoKey if it names none.
func (id Identifier) SGTIN() (SGTIN, error) {
	if id.GTIN == "" || id.Serial == "" {
		return SGTIN{}, fmt.Errorf("GTIN and serial: %w", ErrNoKey)
	}
	s := SGTIN{id.GTIN, id.Serial}
	if err := s.Check(); err != nil {
		return SGTIN{}, err
	}
	return s, nil
}

// LGTIN returns the lot that id names, or ErrNoKey if it names none.
func (id Identifier) LGTIN() (LGTIN, error) {
	if id.GTIN == "" || id.Lot == "" {
		return LGTIN{}, fmt.Errorf("GTIN and lot: %w", ErrNoKey)
	}
	l := LGTIN{id.GTIN, id.Lot}
	if err := l.Check(); err != nil {
		return LGTIN{}, err
	}
	return l, nil
}
