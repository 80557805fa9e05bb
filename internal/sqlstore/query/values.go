// Package query is what sqlc makes of queries.sql for the schema in
// ../migrations/postgres, and the values that its columns hold. It runs on
// PostgreSQL and SQLite alike.
package query

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// ErrValue is returned for what a column holds and this package did not write.
var ErrValue = errors.New("query: no such value was ever written")

// A Text is any string. What PostgreSQL does not take, NUL and bytes that are not
// UTF-8, is kept as characters of a private use area, one for each byte; those
// characters themselves are kept so too, so that every string has one form. The
// words of a stranger can be booked whatever they are.
type Text string

// private is the character that stands for byte 0; that for b stands b further.
const private = 0x10FF00

// Value implements driver.Valuer.
func (t Text) Value() (driver.Value, error) { return escape(string(t)), nil }

// Scan implements sql.Scanner.
func (t *Text) Scan(src any) error {
	var stored string
	switch src := src.(type) {
	case string:
		stored = src
	case []byte:
		stored = string(src)
	default:
		return fmt.Errorf("text from %T: %w", src, ErrValue)
	}
	s, err := unescape(stored)
	*t = Text(s)
	return err
}

func escape(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, foreign) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if foreign(r) || r == utf8.RuneError && n == 1 {
			for i := range n {
				b.WriteRune(private + rune(s[i]))
			}
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// foreign reports whether a character is never stored as itself.
func foreign(r rune) bool { return r == 0 || r >= private }

func unescape(stored string) (string, error) {
	if utf8.ValidString(stored) && !strings.ContainsFunc(stored, foreign) {
		return stored, nil
	}
	var b strings.Builder
	for _, r := range stored {
		if r >= private {
			b.WriteByte(byte(r - private))
		} else {
			b.WriteRune(r)
		}
	}
	if s := b.String(); escape(s) == stored {
		return s, nil
	}
	return "", fmt.Errorf("text %.70q: %w", stored, ErrValue)
}

// Bytes are any bytes; nil is NULL and not the empty slice.
type Bytes []byte

// Value implements driver.Valuer.
func (b Bytes) Value() (driver.Value, error) {
	if b == nil {
		return nil, nil
	}
	return []byte(b), nil
}

// Scan implements sql.Scanner. For an empty blob SQLite's driver gives a nil
// slice, for NULL no slice.
func (b *Bytes) Scan(src any) error {
	switch src := src.(type) {
	case nil:
		*b = nil
	case []byte:
		// The driver keeps src.
		*b = append(Bytes{}, src...)
	default:
		return fmt.Errorf("bytes from %T: %w", src, ErrValue)
	}
	return nil
}
