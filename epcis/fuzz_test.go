package epcis

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"theriac/refusal"
)

// checkParse holds for every input: a refusal by name, or events whose identifiers are
// in the one form, and in which nothing depends on when or how often they were read.
func checkParse(t *testing.T, raw []byte) {
	t.Helper()
	kept := bytes.Clone(raw)
	doc, err := Parse(raw)
	if !bytes.Equal(raw, kept) {
		t.Fatal("Parse changed its input")
	}
	if err != nil {
		if refusal.Code(err) == "" {
			t.Fatalf("an error without code: %v", err)
		}
		return
	}
	for i := range doc.Events {
		e := &doc.Events[i]
		for id := range e.Identifiers() {
			if again, err := identity(id.ID); err != nil || again != id.ID {
				t.Errorf("identifier of role %s becomes another: %v", id.Role, err)
			}
		}
		if e.Number != i+1 || e.Time.IsZero() && e.Time.Year() > 1 || e.Offset == "" {
			t.Errorf("event %d: %+v", i+1, e)
		}
		Trace(doc.Events[:i+1], e.Parent)
	}
	if lots, err := Commissioned(doc); err != nil && refusal.Code(err) == "" {
		t.Errorf("Commissioned() = %v, %v", lots, err)
	}
	if diff := cmp.Diff(parsed(t, raw), doc); diff != "" {
		t.Errorf("read twice:\n%s", diff)
	}
}

// seeds adds the third-party documents of a syntax where they are on this machine.
func seeds(f *testing.F, start byte) {
	f.Helper()
	for _, raw := range documents(f, "openepcis", "fastnt", "eventhash") {
		if text := bytes.TrimPrefix(raw, bom); len(text) > 0 && text[0] == start {
			f.Add(raw)
		}
	}
}

func FuzzParseJSON(f *testing.F) {
	f.Add(jsonEvent(goodJSON))
	f.Add([]byte(someTransformationJSON))
	f.Add(withContext(`{"ex":{"@id":"urn:x:"}}`))
	seeds(f, '{')
	f.Fuzz(checkParse)
}

func FuzzParseXML(f *testing.F) {
	f.Add(xmlObjectEvent(goodXML))
	f.Add(xmlEvents(commissioningEvent("A", "2027-03-31", "1", "2")))
	f.Add([]byte(`<extension><extension><AssociationEvent/></extension></extension>`))
	seeds(f, '<')
	f.Fuzz(checkParse)
}

// What is read is written again as the same bytes.
func FuzzReadTransformation(f *testing.F) {
	f.Add([]byte(someTransformationJSON))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := ReadTransformation(raw)
		if err != nil {
			if refusal.Code(err) == "" {
				t.Fatalf("an error without code: %v", err)
			}
			return
		}
		again, err := NewTransformation(got)
		if err != nil || !bytes.Equal(again, raw) {
			t.Errorf("NewTransformation(ReadTransformation(%q)) = %q, %v", raw, again, err)
		}
	})
}
