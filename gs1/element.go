package gs1

import (
	"fmt"
	"strings"
	"time"
)

// fnc1 is how FNC1 is transmitted between elements (General Specifications,
// section 7.8).
const fnc1 = "\x1d"

// An element is an AI with a value that has its format.
type element struct {
	*format
	value string
}

func newElement(f *format, value string) (element, error) {
	return element{f, value}, f.check(value)
}

// parseElements reads an element string without brackets, with or without the
// FNC1 that opens it.
func parseElements(s string) ([]element, error) {
	s = strings.TrimPrefix(s, fnc1)
	if s == "" {
		return nil, fmt.Errorf("no elements: %w", ErrSyntax)
	}
	var elems []element
	for s != "" {
		if strings.HasPrefix(s, fnc1) {
			return nil, fmt.Errorf("FNC1 without an element before it: %w", ErrSeparator)
		}
		f, err := leadingFormat(s)
		if err != nil {
			return nil, err
		}
		var value string
		if value, s, err = f.cut(s[len(f.ai):]); err != nil {
			return nil, err
		}
		e, err := newElement(f, value)
		if err != nil {
			return nil, err
		}
		elems = append(elems, e)
	}
	return elems, nil
}

// cut splits s after the value of the AI. One FNC1 after it is dropped, also where
// none is needed: readers must bear it.
func (f *format) cut(s string) (value, rest string, err error) {
	if f.predefined {
		n := min(f.maxLength(), len(s))
		return s[:n], strings.TrimPrefix(s[n:], fnc1), nil
	}
	value, rest, _ = strings.Cut(s, fnc1)
	if len(value) > f.maxLength() {
		return "", "", fmt.Errorf("AI %s: none within %d characters: %w", f.ai, f.maxLength(), ErrSeparator)
	}
	return value, rest, nil
}

// parseBracketed reads the form for people, which begins with "(". Spaces around a
// value are not part of it (Set82 has none): people's labels have them.
func parseBracketed(s string) ([]element, error) {
	var elems []element
	for s != "" {
		ai, rest, ok := strings.Cut(s[1:], ")")
		if !ok {
			return nil, fmt.Errorf("bracket not closed: %w", ErrSyntax)
		}
		f, err := formatOf(ai)
		if err != nil {
			return nil, err
		}
		end := nextBracket(rest)
		value := strings.ReplaceAll(strings.Trim(rest[:end], " "), `\(`, "(")
		e, err := newElement(f, value)
		if err != nil {
			return nil, err
		}
		elems, s = append(elems, e), rest[end:]
	}
	return elems, nil
}

// escapeBracket keeps a "(" in a value from opening an AI. The backslash is not in
// Set82, so it cannot be meant otherwise.
func escapeBracket(value string) string { return strings.ReplaceAll(value, "(", `\(`) }

// nextBracket returns the position of the first "(" without a backslash, or the
// length of s.
func nextBracket(s string) int {
	for i := range len(s) {
		if s[i] == '(' && (i == 0 || s[i-1] != '\\') {
			return i
		}
	}
	return len(s)
}

// formatElements writes an element string without brackets, in the order given.
func formatElements(elems []element) string {
	var b strings.Builder
	for i, e := range elems {
		if i > 0 && !elems[i-1].predefined {
			b.WriteString(fnc1)
		}
		b.WriteString(e.ai + e.value)
	}
	return b.String()
}

// formatBracketed writes the form for people, in the order given.
func formatBracketed(elems []element) string {
	var b strings.Builder
	for _, e := range elems {
		b.WriteString("(" + e.ai + ")" + escapeBracket(e.value))
	}
	return b.String()
}

// collect returns the identifier that the elements make up. An element that is
// there twice must say the same, as GS1's syntax engine demands.
func collect(elems []element, now time.Time) (Identifier, error) {
	var id Identifier
	for _, e := range elems {
		value := e.value
		if e.isDate() {
			d, err := ParseDate(value, now)
			if err != nil {
				return Identifier{}, fmt.Errorf("AI %s: %w", e.ai, err)
			}
			value = string(d)
		}
		at := e.field(&id)
		if *at != "" && *at != value {
			return Identifier{}, fmt.Errorf("AI %s twice: %w", e.ai, ErrConflict)
		}
		*at = value
	}
	if err := checkExclusions(elems); err != nil {
		return Identifier{}, err
	}
	return id, nil
}

// checkExclusions returns ErrConflict for two elements that cannot describe the
// same thing.
func checkExclusions(elems []element) error {
	for _, e := range elems {
		for _, ai := range e.excludes {
			if find(elems, ai) != nil {
				return fmt.Errorf("AI %s with AI %s: %w", ai, e.ai, ErrConflict)
			}
		}
	}
	return nil
}

// find returns the element of the AI, or nil.
func find(elems []element, ai string) *element {
	for i := range elems {
		if elems[i].ai == ai {
			return &elems[i]
		}
	}
	return nil
}
