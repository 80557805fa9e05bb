package gs1

import (
	"fmt"
	"strings"
)

// A scheme is a kind of EPC URN (Tag Data Standard 1.13, sections 6.3 and 8): the
// key's AI, and the AI of the part after the key, or anySerial, or none.
type scheme struct{ name, key, extension string }

// anySerial is the last part of the pattern that stands for all packs of a GTIN.
const anySerial = "*"

// noExtension is the last part of an SGLN without extension.
const noExtension = "0"

// schemes are in the order in which URN prefers them.
var schemes = []scheme{
	{"id:sgtin:", "01", "21"},
	{"class:lgtin:", "01", "10"},
	{"idpat:sgtin:", "01", anySerial},
	{"id:sscc:", "00", ""},
	{"id:sgln:", "414", "254"},
	{"id:pgln:", "417", ""},
}

// parseURN reads an EPC URN.
func parseURN(s string) ([]element, error) {
	for _, scheme := range schemes {
		if body, ok := strings.CutPrefix(s, "urn:epc:"+scheme.name); ok {
			elems, err := scheme.parse(body)
			if err != nil {
				return nil, fmt.Errorf("urn:epc:%s %w", scheme.name, err)
			}
			return elems, nil
		}
	}
	return nil, fmt.Errorf("urn: %w", ErrSyntax)
}

func (s scheme) parse(body string) ([]element, error) {
	prefix, rest, dotted := strings.Cut(body, ".")
	// A serial may contain dots; the digits before it do not.
	reference, extension, extended := strings.Cut(rest, ".")
	if !dotted || extended != (s.extension != "") {
		return nil, fmt.Errorf("number of parts: %w", ErrSyntax)
	}
	key, err := s.join(prefix, reference)
	if err != nil {
		return nil, err
	}
	switch {
	case s.extension == "", s.extension == anySerial && extension == anySerial:
		return []element{key}, nil
	case s.extension == anySerial:
		return nil, fmt.Errorf("pattern of some serials: %w", ErrSyntax)
	}
	value, err := unescape(extension, isURNByte)
	if err != nil {
		return nil, err
	}
	if s.extension == "254" && value == noExtension {
		return []element{key}, nil
	}
	f, err := formatOf(s.extension)
	if err != nil {
		return nil, err
	}
	e, err := newElement(f, value)
	return []element{key, e}, err
}

// isURNByte is the part of Set82 that a URN has as it is (Tag Data Standard, table
//
func isURNByte(c byte) bool { return isSet82(c) && strings.IndexByte(`"%&/<>?`, c) < 0 }

// leads reports whether the key has a digit before the company prefix, which the
// URN has at the start of the reference.
func (s scheme) leads() bool { return s.key == "00" || s.key == "01" }

// join makes the key of its two parts.
func (s scheme) join(prefix, reference string) (element, error) {
	f, err := formatOf(s.key)
	if err != nil {
		return element{}, err
	}
	if err := checkPrefixLength(len(prefix)); err != nil {
		return element{}, err
	}
	digits := prefix + reference
	if len(digits) != f.maxLength()-1 {
		return element{}, fmt.Errorf("prefix and reference of %d digits: %w", len(digits), ErrLength)
	}
	if s.leads() {
		digits = reference[:1] + prefix + reference[1:]
	}
	check, err := CheckDigit(digits)
	if err != nil {
		return element{}, err
	}
	return newElement(f, digits+string(check))
}

// split returns the two parts of the key.
func (s scheme) split(key string, prefixLength int) string {
	lead, digits := "", key[:len(key)-1]
	if s.leads() {
		lead, digits = digits[:1], digits[1:]
	}
	return digits[:prefixLength] + "." + lead + digits[prefixLength:]
}

// checkPrefixLength holds a company prefix to the Tag Data Standard's lengths; a
// shorter one counts there as a block of prefixes of six digits.
func checkPrefixLength(n int) error {
	if n < 6 || n > 12 {
		return fmt.Errorf("company prefix of %d digits: %w", n, ErrLength)
	}
	return nil
}

// URN returns the EPC URN of the key: of the pack if there is a serial, else of the
// lot, else of all packs of the GTIN. It says nothing else, so dates, and the lot of
// a pack, are left out. ErrConflict means more than one key.
func (id Identifier) URN(prefixLength int) (string, error) {
	elems, err := id.elements()
	if err != nil {
		return "", err
	}
	if err := checkPrefixLength(prefixLength); err != nil {
		return "", err
	}
	if id.Extension == noExtension {
		return "", fmt.Errorf("urn with AI 254 of value 0, which means none: %w", ErrConflict)
	}
	key := ""
	for _, ai := range linkKeys {
		if find(elems, ai) == nil {
			continue
		}
		if key != "" {
			return "", fmt.Errorf("urn of AI %s and AI %s: %w", key, ai, ErrConflict)
		}
		key = ai
	}
	for _, s := range schemes {
		if extension, ok := s.extend(elems); ok && s.key == key {
			urn := "urn:epc:" + s.name + s.split(find(elems, key).value, prefixLength)
			return urn + extension, nil
		}
	}
	return "", fmt.Errorf("urn: %w", ErrNoKey)
}

// extend returns what follows the key, or false if the scheme needs what is not there.
func (s scheme) extend(elems []element) (string, bool) {
	e := find(elems, s.extension)
	switch {
	case s.extension == "":
		return "", true
	case s.extension == anySerial:
		return "." + anySerial, true
	case e != nil:
		return "." + escape(e.value, isURNByte), true
	case s.extension == "254":
		return "." + noExtension, true
	}
	return "", false
}
