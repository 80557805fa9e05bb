package gs1

import (
	"fmt"
	"slices"
	"strings"
)

// A format is one row of the AI table. Its columns are those of GS1's Barcode
// Syntax Dictionary, so that a test can compare them and new AIs are new rows.
type format struct {
	ai         string
	alias      string // short name in Digital Links before 1.2; read, never written
	parts      []part
	predefined bool     // length follows from the AI, so no FNC1 after it ("*")
	attribute  bool     // may stand in the query of a Digital Link ("?")
	key        bool     // primary key of a Digital Link ("dlpkey")
	qualifiers []string // of this key, in the order of the path
	excludes   []string // AIs that cannot describe the same thing ("ex")
	field      func(*Identifier) *string
}

// A part is a component of a value. Only the last of a row may vary in length.
type part struct {
	set      byte // 'N' digits, 'X' set 82
	min, max int
	lint     linter
}

// A linter is a check of the Syntax Dictionary, by its name there.
type linter string

const (
	lintNothing    linter = ""
	lintCheckDigit linter = "csum"
	lintDate       linter = "yymmd0"
)

// table is sorted by AI. A value of AI 11 and 17 is held as a Date.
var table = []format{
	{
		ai: "00", alias: "sscc", parts: []part{{'N', 18, 18, lintCheckDigit}}, predefined: true, attribute: true, key: true,
		field: func(id *Identifier) *string { return (*string)(&id.SSCC) },
	},
	{
		ai: "01", alias: "gtin", parts: []part{{'N', 14, 14, lintCheckDigit}}, predefined: true, attribute: true, key: true,
		qualifiers: []string{"10", "21"},
		field:      func(id *Identifier) *string { return (*string)(&id.GTIN) },
	},
	{
		ai: "02", parts: []part{{'N', 14, 14, lintCheckDigit}}, predefined: true, attribute: true, excludes: []string{"01"},
		field: func(id *Identifier) *string { return (*string)(&id.Content) },
	},
	{
		ai: "10", alias: "lot", parts: []part{{'X', 1, 20, lintNothing}}, attribute: true,
		field: func(id *Identifier) *string { return (*string)(&id.Lot) },
	},
	{
		ai: "11", parts: []part{{'N', 6, 6, lintDate}}, predefined: true, attribute: true,
		field: func(id *Identifier) *string { return (*string)(&id.Production) },
	},
	{
		ai: "17", parts: []part{{'N', 6, 6, lintDate}}, predefined: true, attribute: true,
		field: func(id *Identifier) *string { return (*string)(&id.Expiry) },
	},
	{
		ai: "21", alias: "ser", parts: []part{{'X', 1, 20, lintNothing}},
		field: func(id *Identifier) *string { return (*string)(&id.Serial) },
	},
	{
		ai: "254", alias: "glnx", parts: []part{{'X', 1, 20, lintNothing}},
		field: func(id *Identifier) *string { return &id.Extension },
	},
	{
		ai: "414", alias: "gln", parts: []part{{'N', 13, 13, lintCheckDigit}}, predefined: true, attribute: true, key: true,
		qualifiers: []string{"254"},
		field:      func(id *Identifier) *string { return (*string)(&id.GLN) },
	},
	{
		ai: "417", alias: "party", parts: []part{{'N', 13, 13, lintCheckDigit}}, predefined: true, attribute: true, key: true,
		field: func(id *Identifier) *string { return (*string)(&id.Party) },
	},
}

// formatOf returns the row of an AI.
func formatOf(ai string) (*format, error) {
	i, ok := slices.BinarySearchFunc(table, ai, func(f format, ai string) int { return strings.Compare(f.ai, ai) })
	if ok {
		return &table[i], nil
	}
	if len(ai) < 2 || len(ai) > 4 || !allDigits(ai) {
		return nil, fmt.Errorf("no application identifier where one must be: %w", ErrSyntax)
	}
	return nil, fmt.Errorf("AI %s: %w", ai, ErrUnknownAI)
}

// leadingFormat returns the row of the AI that s begins with. No AI is the
// beginning of another, so the first that fits is the one.
func leadingFormat(s string) (*format, error) {
	for n := 2; n <= min(4, len(s)); n++ {
		if f, err := formatOf(s[:n]); err == nil {
			return f, nil
		}
	}
	return formatOf(s[:min(2, len(s))])
}

// isDate reports whether the value is held as a Date.
func (f *format) isDate() bool { return f.parts[0].lint == lintDate }

// maxLength is the most characters a value may have.
func (f *format) maxLength() int {
	n := 0
	for _, p := range f.parts {
		n += p.max
	}
	return n
}

// checkAI returns nil if the value has the format of the AI, which is in the table.
func checkAI(ai, value string) error {
	f, err := formatOf(ai)
	if err != nil {
		return err
	}
	return f.check(value)
}

// check returns nil if the value has the format of the AI.
func (f *format) check(value string) error {
	if len(value) > f.maxLength() {
		return fmt.Errorf("AI %s: %d characters: %w", f.ai, len(value), ErrLength)
	}
	for _, p := range f.parts {
		v := value[:min(p.max, len(value))]
		value = value[len(v):]
		if err := p.check(v); err != nil {
			return fmt.Errorf("AI %s: %w", f.ai, err)
		}
	}
	return nil
}

func (p part) check(v string) error {
	set := isSet82
	if p.set == 'N' {
		set = isDigit
	}
	if err := checkSet(v, set); err != nil {
		return err
	}
	if len(v) < p.min {
		return fmt.Errorf("%d characters: %w", len(v), ErrLength)
	}
	switch p.lint {
	case lintCheckDigit:
		return verifyCheckDigit(v)
	case lintDate:
		return checkYYMMDD(v)
	}
	return nil
}
