package epcis

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"theriac/gs1"
)

func someTransformation() Transformation {
	return Transformation{
		ID: "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", Time: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), Offset: "+01:00",
		ReadPoint: "0300011111116",
		Inputs:    []gs1.LGTIN{{GTIN: "09521141012345", Lot: "M/2"}, {GTIN: "09521141012345", Lot: "M1"}},
		Output:    gs1.LGTIN{GTIN: "00300010123455", Lot: "A123"},
	}
}

const someTransformationJSON = `{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],` +
	`"creationDate":"2026-03-04T05:06:07Z","epcisBody":{"eventList":[{"bizStep":"creating_class_instance",` +
	`"eventTime":"2026-03-04T05:06:07Z","eventTimeZoneOffset":"+01:00",` +
	`"inputQuantityList":[{"epcClass":"https://id.gs1.org/01/09521141012345/10/M%2F2"},{"epcClass":"https://id.gs1.org/01/09521141012345/10/M1"}],` +
	`"outputQuantityList":[{"epcClass":"https://id.gs1.org/01/00300010123455/10/A123"}],` +
	`"readPoint":{"id":"https://id.gs1.org/414/0300011111116"},` +
	`"transformationID":"urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6","type":"TransformationEvent"}]},` +
	`"schemaVersion":"2.0","type":"EPCISDocument"}`

func TestNewTransformation(t *testing.T) {
	want := someTransformation()
	reversed := someTransformation()
	slices.Reverse(reversed.Inputs)
	for _, in := range []Transformation{want, reversed} {
		raw, err := NewTransformation(in)
		if err != nil || string(raw) != someTransformationJSON {
			t.Fatalf("NewTransformation() = %s, %v, want %s", raw, err, someTransformationJSON)
		}
		if err := validate(t, officialSchema(t), raw); err != nil {
			t.Errorf("the official schema refuses it: %v", err)
		}
	}
	got, err := ReadTransformation([]byte(someTransformationJSON))
	if diff := cmp.Diff(got, want); err != nil || diff != "" {
		t.Errorf("ReadTransformation() = %v (-got +want):\n%s", err, diff)
	}
	events := parsed(t, []byte(someTransformationJSON)).Events
	if got := Trace(events, "https://id.gs1.org/01/00300010123455/10/A123"); !slices.Equal(got, []int{0}) {
		t.Errorf("Trace(output) = %v, want the event", got)
	}
}

func TestBadTransformations(t *testing.T) {
	for name, spoil := range map[string]func(*Transformation){
		"no id":              func(t *Transformation) { t.ID = "" },
		"id is no URI":       func(t *Transformation) { t.ID = "7" },
		"id is compact":      func(t *Transformation) { t.ID = "gs1:7" },
		"offset with more":   func(t *Transformation) { t.Offset = ".5+01:00" },
		"no time":            func(t *Transformation) { t.Time = time.Time{} },
		"year 10000":         func(t *Transformation) { t.Time = t.Time.AddDate(8000, 0, 0) },
		"no offset":          func(t *Transformation) { t.Offset = "" },
		"Z":                  func(t *Transformation) { t.Offset = "Z" },
		"wrong GLN":          func(t *Transformation) { t.ReadPoint = "0300011111117" },
		"no GLN":             func(t *Transformation) { t.ReadPoint = "" },
		"no inputs":          func(t *Transformation) { t.Inputs = nil },
		"input twice":        func(t *Transformation) { t.Inputs = append(t.Inputs, t.Inputs[0]) },
		"wrong input":        func(t *Transformation) { t.Inputs[0].GTIN = "09521141012346" },
		"input without lot":  func(t *Transformation) { t.Inputs[0].Lot = "" },
		"output without lot": func(t *Transformation) { t.Output.Lot = "" },
		"no output":          func(t *Transformation) { t.Output = gs1.LGTIN{} },
		"made of itself":     func(t *Transformation) { t.Output = t.Inputs[0] },
	} {
		t.Run(name, func(t *testing.T) {
			in := someTransformation()
			spoil(&in)
			if _, err := NewTransformation(in); !errors.Is(err, ErrInvalid) {
				t.Errorf("NewTransformation() = %v, want %v", err, ErrInvalid)
			}
		})
	}
}

// A document that says the same, or more, is another document.
func TestReadTransformationTakesOneForm(t *testing.T) {
	for _, tt := range []struct{ name, old, new string }{
		{"white space", `"type":"EPCISDocument"`, `"type": "EPCISDocument"`},
		{"order of members", `"schemaVersion":"2.0","type":"EPCISDocument"`, `"type":"EPCISDocument","schemaVersion":"2.0"`},
		{"order of inputs", `10/M%2F2"},{"epcClass":"https://id.gs1.org/01/09521141012345/10/M1"`, `10/M1"},{"epcClass":"https://id.gs1.org/01/09521141012345/10/M%2F2"`},
		{"another spelling", `https://id.gs1.org/01/00300010123455/10/A123`, `urn:epc:class:lgtin:030001.0012345.A123`},
		{"a quantity", `10/M1"}`, `10/M1","quantity":1}`},
		{"a zone", `"eventTime":"2026-03-04T05:06:07Z"`, `"eventTime":"2026-03-04T06:06:07+01:00"`},
		{"an extension", `"type":"EPCISDocument"`, `"type":"EPCISDocument","x:y":1`},
		{"another step", `creating_class_instance`, `commissioning`},
		{"another creation date", `"creationDate":"2026-03-04T05:06:07Z"`, `"creationDate":"2026-03-04T05:06:08Z"`},
		{"two outputs", `10/A123"}]`, `10/A123"},{"epcClass":"https://id.gs1.org/01/00300010123455/10/B"}]`},
		{"a pack as output", `/10/A123`, `/21/A123`},
		{"no events", someTransformationJSON[strings.Index(someTransformationJSON, `{"bizStep"`):strings.Index(someTransformationJSON, `]},"schema`)], ``},
	} {
		t.Run(tt.name, func(t *testing.T) {
			raw := strings.Replace(someTransformationJSON, tt.old, tt.new, 1)
			if raw == someTransformationJSON {
				t.Fatal("nothing changed")
			}
			if _, err := Parse([]byte(raw)); err != nil {
				t.Errorf("Parse() = %v", err)
			}
			if _, err := ReadTransformation([]byte(raw)); !errors.Is(err, ErrInvalid) {
				t.Errorf("ReadTransformation() = %v, want %v", err, ErrInvalid)
			}
		})
	}
}

// What can be written is valid EPCIS and reads back.
func TestTransformationRoundTrip(t *testing.T) {
	schema := officialSchema(t)
	lots := rapid.Custom(func(t *rapid.T) gs1.LGTIN {
		digits := rapid.StringOfN(rapid.RuneFrom([]rune("0123456789")), 13, 13, -1).Draw(t, "digits")
		check, err := gs1.CheckDigit(digits)
		if err != nil {
			t.Fatal(err)
		}
		lot := rapid.StringOfN(rapid.RuneFrom([]rune(gs1.Set82)), 1, 20, -1).Filter(func(s string) bool { return strings.Trim(s, ".") != "" }).Draw(t, "lot")
		return gs1.LGTIN{GTIN: gs1.GTIN(digits + string(check)), Lot: gs1.Lot(lot)}
	})
	rapid.Check(t, func(rt *rapid.T) {
		all := rapid.SliceOfNDistinct(lots, 2, 6, rapid.ID[gs1.LGTIN]).Draw(rt, "lots")
		in := someTransformation()
		in.Inputs, in.Output = all[1:], all[0]
		in.Time = time.Unix(rapid.Int64Range(0, 4e9).Draw(rt, "seconds"), rapid.Int64Range(0, 1e9-1).Draw(rt, "nanoseconds"))
		raw, err := NewTransformation(in)
		if err != nil {
			rt.Fatal(err)
		}
		if err := validate(t, schema, raw); err != nil {
			rt.Errorf("the official schema refuses %s: %v", raw, err)
		}
		got, err := ReadTransformation(raw)
		if err != nil {
			rt.Fatal(err)
		}
		again, err := NewTransformation(got)
		if err != nil || string(again) != string(raw) || !got.Time.Equal(in.Time) || len(got.Inputs) != len(in.Inputs) {
			rt.Errorf("got %s, %v, want %s", again, err, raw)
		}
	})
}
