package instrument

import (
	"bytes"
	"strings"
	"testing"

	"theriac/canon"
	"theriac/genuine"
)

// A line that is taken is the line that is written for what was read of it, and its
// weight is the number that stands in it.
func FuzzReply(f *testing.F) {
	for _, s := range []string{
		`I4 A "B021002593"`, "I4 I", "S S     100.00 g", "S D    -100.00 kg", "S S    100.0  g", "S S    1.2345 \xb5g", "S S  0.000001 ct",
		"S I", "S +", "S -", "S L", "ES", "ET", "EL", "S S  Error 10b", "S S   Error 1t", "S S 9999999999 lb", "S S      -0.00 g", "S S     00.00 g", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		r, err := parseReply(line)
		if err != nil {
			is(t, err, ErrGarbled)
			return
		}
		if got := r.String(); got != line {
			t.Fatalf("%q is read as %q", line, got)
		}
		if r.unit == "" {
			return
		}
		reading, err := r.reading("mass")
		if err != nil {
			return
		}
		if again, err := genuine.ParseQuantity(strings.TrimSpace(r.text)); err != nil || again != reading.Value {
			t.Fatalf("%q is read as %s, %v", r.text, reading.Value, err)
		}
	})
}

// An answer that is taken is the one encoding of what was read of it.
func FuzzAnswer(f *testing.F) {
	const id = `{"id":"00112233445566778899aabbccddeeff",`
	for _, s := range []string{
		id + `"readings":[{"feature":"mass","unit":"g","value":"0.5123"}],"stable":true}`, id + `"readings":[],"stable":false}`,
		id + `"readings":[{"feature":"a","unit":"1","value":"-7"},{"feature":"b","unit":"nm","value":"0"}],"stable":false}`, "{}", "",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := parseAnswer(raw)
		if err != nil {
			is(t, err, ErrGarbled)
			return
		}
		if again, err := canon.JSON(a); err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("%q is read as %q, %v", raw, again, err)
		}
	})
}

// Any text is a spec that is read, or is refused by name; and shows no user.
func FuzzSpec(f *testing.F) {
	for _, s := range []string{"serial:///dev/ttyUSB0?baud=9600", "tcp://host:4001", "mqtt://a:b@host:1883/x?feature=mass", "mqtts://a:b@host:1883/x?feature=mass&ca=y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(Spec(s).String(), "@") {
			t.Fatalf("%q shows as %s", s, Spec(s))
		}
		if _, err := Spec(s).parse(); err != nil {
			is(t, err, ErrSpec)
		}
	})
}
