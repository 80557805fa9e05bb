// Package gs1 reads and writes the identifiers of the pharmaceutical trade: GTIN,
// GLN and SSCC, a serial or lot of a GTIN, and the forms in which a scanner, a
// person or another system hands them over.
//
// One value, four spellings. ParseIdentifier takes any of them; an Identifier
// writes each of them in one canonical way:
//
//   - the element string of a symbol (GS1 General Specifications, section 7.8):
//     elements of predefined length first, then the others, each group by
//     application identifier (AI), one FNC1 (GS, 0x1D) between two of the others.
//     The FNC1 that opens the symbol is the symbol's, not the string's; read, it
//     may be there;
//   - the bracketed form (01)…(21)…, in the same order. A "(" inside a value is
//     written "\(", as GS1's own syntax engine does;
//   - the GS1 Digital Link URI (Digital Link: URI Syntax 1.4), under
//     https://id.gs1.org, everything percent-encoded but RFC 3986's unreserved
//     characters, attributes sorted by AI;
//   - the EPC URN (Tag Data Standard 1.13, section 6.3). It drops the check digit
//     and shows where the company prefix ends, which the key does not, so
//     Identifier.URN takes the length.
//
// What it refuses, it names: see the Err variables. In particular an AI that is
// not in the table, an element string whose FNC1 is lost, and a URI that two
// readers could read differently are errors and never guesses.
//
// Decisions where the standards leave room:
//
//   - Bare digits are a key, never an element string: 8, 12, 13, 14 digits are a
//     GTIN, 18 an SSCC. No element string that holds a key is so long. 13 digits
//     could also be a GLN; a person who holds a pack means the GTIN. Who expects
//     a GLN calls ParseGLN.
//   - A date's century is the sliding window of General Specifications 7.12, which
//     needs the present year: hence the argument now.
//   - AI 254 (GLN extension) is in the table because the SGLN has it.
//   - Rules on which AIs need each other (21 needs 01) are not applied; those on
//     which exclude each other are.
//
// Errors say where, not what: no error text holds a serial. The package does no I/O.
package gs1

import (
	"errors"
	"fmt"
	"strings"
)

// The refusals, for callers that branch or translate.
var (
	ErrLength     = errors.New("gs1: wrong length")
	ErrCharacter  = errors.New("gs1: character not allowed here")
	ErrCheckDigit = errors.New("gs1: wrong check digit")
	ErrDate       = errors.New("gs1: no such date")
	ErrUnknownAI  = errors.New("gs1: application identifier not supported")
	ErrConflict   = errors.New("gs1: elements contradict each other")
	ErrSeparator  = errors.New("gs1: FNC1 missing or misplaced")
	ErrSyntax     = errors.New("gs1: not a GS1 identifier in a form that is read")
	ErrNoKey      = errors.New("gs1: no identification key")
)

// Set82 is the GS1 AI encodable character set 82 (General Specifications, figure
// 7.11-1), in ASCII order: what a serial or lot may consist of.
const Set82 = `!"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz`

// maxInput bounds what a parser looks at. A DataMatrix holds 2,335 alphanumeric
// characters, but all supported elements together need fewer than 300.
const maxInput = 2000

// CheckDigit returns the check digit, as ASCII, that follows digits in a GTIN,
// GLN or SSCC (General Specifications, section 7.9).
func CheckDigit(digits string) (byte, error) {
	if digits == "" {
		return 0, fmt.Errorf("check digit of nothing: %w", ErrLength)
	}
	if err := checkSet(digits, isDigit); err != nil {
		return 0, err
	}
	sum, weight := 0, 3
	for i := len(digits) - 1; i >= 0; i-- {
		sum += weight * int(digits[i]-'0')
		weight = 4 - weight
	}
	return byte('0' + (10-sum%10)%10), nil
}

// verifyCheckDigit returns ErrCheckDigit unless the last digit checks the others.
func verifyCheckDigit(s string) error {
	if len(s) < 2 {
		return ErrLength
	}
	want, err := CheckDigit(s[:len(s)-1])
	if err != nil {
		return err
	}
	if !isDigit(s[len(s)-1]) {
		return fmt.Errorf("position %d: %w", len(s), ErrCharacter)
	}
	if s[len(s)-1] != want {
		return ErrCheckDigit
	}
	return nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isSet82(c byte) bool { return strings.IndexByte(Set82, c) >= 0 }

// checkSet returns ErrCharacter at the first byte of s that is not in the set.
func checkSet(s string, set func(byte) bool) error {
	for i := range len(s) {
		if !set(s[i]) {
			return fmt.Errorf("position %d: %w", i+1, ErrCharacter)
		}
	}
	return nil
}

func allDigits(s string) bool { return s != "" && checkSet(s, isDigit) == nil }
