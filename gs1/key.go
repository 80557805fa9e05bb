package gs1

import "strings"

// A GTIN is a Global Trade Item Number in its 14-digit form. Only ParseGTIN and
// UnmarshalText make one that is sure to be valid; Check tells of any other.
type GTIN string

// A GLN is a Global Location Number, 13 digits: a place or a party.
type GLN string

// An SSCC is a Serial Shipping Container Code, 18 digits: a logistic unit.
type SSCC string

// ParseGTIN returns the GTIN written with 8, 12, 13 or 14 digits.
func ParseGTIN(s string) (GTIN, error) {
	return checked(GTIN(padGTIN(s)))
}

// padGTIN returns a GTIN-8, -12 or -13 with the zeros that make it 14 digits, and
// anything else as it is.
func padGTIN(s string) string {
	switch len(s) {
	case 8, 12, 13:
		return strings.Repeat("0", 14-len(s)) + s
	}
	return s
}

// ParseGLN returns the GLN written with 13 digits.
func ParseGLN(s string) (GLN, error) { return checked(GLN(s)) }

// ParseSSCC returns the SSCC written with 18 digits.
func ParseSSCC(s string) (SSCC, error) { return checked(SSCC(s)) }

// Check returns nil for 14 digits of which the last checks the others.
func (g GTIN) Check() error { return checkAI("01", string(g)) }

// Check returns nil for 13 digits of which the last checks the others.
func (g GLN) Check() error { return checkAI("414", string(g)) }

// Check returns nil for 18 digits of which the last checks the others.
func (s SSCC) Check() error { return checkAI("00", string(s)) }

// HasPrefix reports whether the GTIN was made under the GS1 company prefix, which
// stands after the indicator digit. A GTIN-8 carries none: its five leading zeros
// are no member's (General Specifications, section 1.4).
func (g GTIN) HasPrefix(companyPrefix string) bool {
	return g.Check() == nil && g[1:6] != "00000" && hasPrefix(string(g[1:13]), companyPrefix)
}

// HasPrefix reports whether the GLN was made under the GS1 company prefix.
func (g GLN) HasPrefix(companyPrefix string) bool {
	return g.Check() == nil && hasPrefix(string(g[:12]), companyPrefix)
}

// hasPrefix holds prefixes to the lengths that GS1 licenses, 4 to 12 digits: an
// empty prefix would own every key.
func hasPrefix(digits, prefix string) bool {
	return len(prefix) >= 4 && allDigits(prefix) && strings.HasPrefix(digits, prefix)
}

// String returns the 14 digits.
func (g GTIN) String() string { return string(g) }

// String returns the 13 digits.
func (g GLN) String() string { return string(g) }

// String returns the 18 digits.
func (s SSCC) String() string { return string(s) }

// MarshalText returns the 14 digits, or the error of Check.
func (g GTIN) MarshalText() ([]byte, error) { return marshal(g) }

// MarshalText returns the 13 digits, or the error of Check.
func (g GLN) MarshalText() ([]byte, error) { return marshal(g) }

// MarshalText returns the 18 digits, or the error of Check.
func (s SSCC) MarshalText() ([]byte, error) { return marshal(s) }

// UnmarshalText reads the 14-digit form only, so that a GTIN has one encoding.
func (g *GTIN) UnmarshalText(text []byte) error { return unmarshal(g, text) }

// UnmarshalText reads the 13 digits.
func (g *GLN) UnmarshalText(text []byte) error { return unmarshal(g, text) }

// UnmarshalText reads the 18 digits.
func (s *SSCC) UnmarshalText(text []byte) error { return unmarshal(s, text) }

// checkable is a type whose text is its value.
type checkable interface {
	~string
	Check() error
}

func checked[T checkable](v T) (T, error) {
	if err := v.Check(); err != nil {
		return "", err
	}
	return v, nil
}

func marshal[T checkable](v T) ([]byte, error) {
	v, err := checked(v)
	return []byte(v), err
}

func unmarshal[T checkable](to *T, text []byte) error {
	v, err := checked(T(text))
	if err != nil {
		return err
	}
	*to = v
	return nil
}
