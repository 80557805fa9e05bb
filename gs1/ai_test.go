package gs1

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A row is a row of the GS1 Barcode Syntax Dictionary, or of our table, in the terms
// of the dictionary.
type row struct {
	Flags      string
	Components []string // N14,csum
	DLPKey     bool
	Qualifiers []string
	Excludes   []string
}

var dictionaryLine = regexp.MustCompile(`^(\d{2,4})(?:-(\d{2,4}))?\s+([*?]*)\s+((?:\[?[NXYZ]\S+\s*)+)([^#]*)`)

// dictionary returns the rows of the syntax dictionary by AI.
func dictionary(t *testing.T) map[string]row {
	t.Helper()
	raw, err := os.ReadFile(corpus(t, "gs1-syntax", "gs1-syntax-dictionary.txt"))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]row{}
	for line := range strings.Lines(string(raw)) {
		m := dictionaryLine.FindStringSubmatch(line)
		if m == nil {
			if line[0] >= '0' && line[0] <= '9' {
				t.Fatalf("dictionary line not read: %s", line)
			}
			continue
		}
		r := row{Flags: m[3], Components: strings.Fields(m[4])}
		for _, a := range strings.Fields(m[5]) {
			name, value, _ := strings.Cut(a, "=")
			switch name {
			case "dlpkey":
				r.DLPKey = true
				r.Qualifiers = strings.FieldsFunc(value, func(c rune) bool { return c == ',' || c == '|' })
			case "ex":
				r.Excludes = strings.Split(value, ",")
			}
		}
		for _, ai := range expand(t, m[1], m[2]) {
			rows[ai] = r
		}
	}
	return rows
}

// expand returns the AIs of a range.
func expand(t *testing.T, first, last string) []string {
	t.Helper()
	if last == "" {
		return []string{first}
	}
	from, err1 := strconv.Atoi(first)
	to, err2 := strconv.Atoi(last)
	if err1 != nil || err2 != nil {
		t.Fatalf("range %s-%s", first, last)
	}
	var ais []string
	for n := from; n <= to; n++ {
		ais = append(ais, strconv.Itoa(n))
	}
	return ais
}

// row returns the row of our table in the terms of the dictionary.
func (f *format) row() row {
	r := row{DLPKey: f.key, Qualifiers: f.qualifiers, Excludes: f.excludes}
	if f.predefined {
		r.Flags += "*"
	}
	if f.attribute {
		r.Flags += "?"
	}
	for _, p := range f.parts {
		c := string(p.set) + ".." + strconv.Itoa(p.max)
		if p.min == p.max {
			c = string(p.set) + strconv.Itoa(p.max)
		}
		if p.lint != lintNothing {
			c += "," + string(p.lint)
		}
		r.Components = append(r.Components, c)
	}
	return r
}

// supported drops what names AIs that the table does not have, and the linters of
// the company prefix, which need a list of all members.
func (r row) supported() row {
	unsupported := func(ai string) bool { _, err := formatOf(ai); return err != nil }
	r.Qualifiers = slices.DeleteFunc(slices.Clone(r.Qualifiers), unsupported)
	r.Excludes = slices.DeleteFunc(slices.Clone(r.Excludes), unsupported)
	r.Components = slices.Clone(r.Components)
	for i, c := range r.Components {
		c = strings.ReplaceAll(c, ",gcppos1", "")
		r.Components[i] = strings.ReplaceAll(c, ",gcppos2", "")
	}
	return r
}

func TestTableAgreesWithSyntaxDictionary(t *testing.T) {
	rows := dictionary(t)
	for i := range table {
		f := &table[i]
		want, ok := rows[f.ai]
		if !ok {
			t.Errorf("AI %s is not in the dictionary", f.ai)
			continue
		}
		empty := cmp.Transformer("empty", func(s []string) []string { return append([]string{}, s...) })
		if diff := cmp.Diff(want.supported(), f.row(), empty); diff != "" {
			t.Errorf("AI %s (-dictionary +table):\n%s", f.ai, diff)
		}
	}
	t.Logf("compared %d AIs, left out %d of the dictionary", len(table), len(rows)-len(table))
	if len(table) < 10 || len(rows) < 400 {
		t.Errorf("table of %d AIs, dictionary of %d: want at least 10 and 400", len(table), len(rows))
	}
}

// formatOf searches by halves.
func TestTableIsSorted(t *testing.T) {
	if !slices.IsSortedFunc(table, func(a, b format) int { return strings.Compare(a.ai, b.ai) }) {
		t.Error("table is not sorted by AI")
	}
}

// leadingFormat takes the first AI that fits.
func TestNoAIBeginsAnother(t *testing.T) {
	rows := dictionary(t)
	for ai := range rows {
		for other := range rows {
			if ai != other && strings.HasPrefix(other, ai) {
				t.Errorf("AI %s begins with AI %s", other, ai)
			}
		}
	}
}
