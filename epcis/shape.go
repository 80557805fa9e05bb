package epcis

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"
)

// A syntax is how a document is written. It decides little: see shape.check.
type syntax int

const (
	inJSON syntax = iota
	inXML
)

// A shape says what a value must be, in the JSON form, and how XML writes it. The zero
// shape is anything.
type shape struct {
	kind jsontext.Kind

	leaf  func(string) error // of a text, may be nil
	words *vocabulary        // of a text, may be nil

	item   *shape // of a list
	tag    string // the XML name of an item; "" if the list's own element is repeated
	least  int    // items, or members
	unique bool   // no text twice in the list
	lone   bool   // JSON may leave out the list around a single text

	fields []field // of an object, in the order of the XML schema
	open   bool    // other members may follow if their names are URIs
	keep   bool    // XML: keep those other members
	attrs  bool    // XML: the members are attributes
	body   string  // XML: the member that is the element's text
	event  bool    // XML: members may stand in extension and baseExtension
	loose  bool    // XML: in any order
}

// A field is a member of an object. One without shape is an element that XML has and
// JSON does not.
type field struct {
	name  string
	need  bool
	shape *shape
}

// index returns the place of the member in the XML order, or -1.
func (s *shape) index(name string) int {
	return slices.IndexFunc(s.fields, func(f field) bool { return f.name == name })
}

// check returns a fault unless v has the shape. XML writes words of the CBV as URIs.
func (s *shape) check(v value, syntax syntax) error {
	switch {
	case s.kind == 0, s.kind == truth && v.kind == untrue:
		return nil
	case s.lone && v.kind == text:
		return s.item.check(v, syntax)
	case s.kind != v.kind:
		return invalid("%s, not %s", kindName(s.kind), kindName(v.kind))
	}
	switch {
	case s.kind == list:
		return s.checkList(v, syntax)
	case s.kind == object:
		return s.checkObject(v, syntax)
	case s.words != nil:
		return s.words.check(v.text, syntax)
	case s.leaf != nil:
		return s.leaf(v.text)
	}
	return nil
}

func (s *shape) checkList(v value, syntax syntax) error {
	if len(v.kids) < s.least {
		return invalid("empty")
	}
	seen := map[string]bool{}
	for i := range v.kids {
		if err := s.item.check(v.kids[i].value, syntax); err != nil {
			return atItem(i, err)
		}
		if s.unique && seen[v.kids[i].text] {
			return atItem(i, invalid("twice"))
		}
		if s.unique {
			seen[v.kids[i].text] = true
		}
	}
	return nil
}

func (s *shape) checkObject(v value, syntax syntax) error {
	for i := range v.kids {
		m := &v.kids[i]
		j := s.index(m.name)
		if j < 0 || s.fields[j].shape == nil {
			if !s.open || checkURI(m.name) != nil {
				return at(label(m.name), invalid("no such member, and no extension with a namespace"))
			}
			continue
		}
		if err := s.fields[j].shape.check(m.value, syntax); err != nil {
			return at(m.name, err)
		}
	}
	if len(v.kids) < s.least {
		return invalid("empty")
	}
	for _, f := range s.fields {
		if _, ok := v.get(f.name); f.need && !ok {
			return at(f.name, invalid("missing"))
		}
	}
	return nil
}

func kindName(k jsontext.Kind) string {
	switch k {
	case text:
		return "a text"
	case number:
		return "a number"
	case truth, untrue:
		return "a boolean"
	case list:
		return "a list"
	case object:
		return "an object"
	}
	return "null"
}

// checkURI returns nil for an absolute URI or IRI (RFC 3986, RFC 3987): a scheme and
// something after it, without characters that would have to be escaped.
func checkURI(s string) error {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || rest == "" || !isScheme(scheme) {
		return invalid("not a URI")
	}
	for i, c := range rest {
		switch {
		case c <= ' ' || strings.ContainsRune("\"<>\\^`{|}", c) || !unicode.IsPrint(c):
			return invalid("a character that no URI has")
		case c == '%' && (len(rest) < i+3 || !isHex(rest[i+1:i+3])):
			return invalid("a percent sign that escapes nothing")
		}
	}
	return nil
}

func isScheme(s string) bool {
	for i := range len(s) {
		letter := 'a' <= s[i]|0x20 && s[i]|0x20 <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(s[i]))) {
			return false
		}
	}
	return s != ""
}

func isHex(s string) bool {
	for i := range len(s) {
		if !strings.ContainsRune("0123456789abcdefABCDEF", rune(s[i])) {
			return false
		}
	}
	return s != ""
}

// dateTimeStamp is the form of times that EPCglobal-epcis-2_0.xsd names so. Package time
// takes more: one digit for the hour, a comma, zones of 24 hours.
var dateTimeStamp = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))$`)

// parseTime reads a time with its zone. A leap second is none that a clock of ours shows.
func parseTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || !dateTimeStamp.MatchString(s) {
		return t, invalid("not a time with its zone")
	}
	return t.UTC(), nil
}

func checkTime(s string) error {
	_, err := parseTime(s)
	return err
}

// checkOffset returns nil for a time zone offset as EPCIS writes it, +hh:mm.
func checkOffset(s string) error {
	if _, err := parseTime("2000-01-01T00:00:00" + s); err != nil || len(s) != len("+hh:mm") {
		return invalid("not an offset of the form +hh:mm")
	}
	return nil
}

func checkAction(s string) error {
	switch Action(s) {
	case Add, Observe, Delete:
		return nil
	}
	return invalid("none of ADD, OBSERVE, DELETE")
}

// checkUnit holds a unit of measure to the form of UN/ECE Recommendation 20.
func checkUnit(s string) error {
	for i := range len(s) {
		if (s[i] < 'A' || s[i] > 'Z') && (s[i] < '0' || s[i] > '9') {
			return invalid("no unit of measure")
		}
	}
	if len(s) < 2 || len(s) > 3 {
		return invalid("no unit of measure")
	}
	return nil
}

func checkHex(s string) error {
	if !isHex(s) {
		return invalid("not hexadecimal")
	}
	return nil
}

// checkVersion holds schemaVersion to digits and dots.
func checkVersion(s string) error {
	for part := range strings.SplitSeq(s, ".") {
		if _, err := strconv.ParseUint(part, 10, 16); err != nil {
			return invalid("no version")
		}
	}
	return nil
}
