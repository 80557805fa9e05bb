package epcis

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"theriac/refusal"
)

const (
	goodJSON = `"action":"OBSERVE","epcList":["urn:x:1"]`
	goodXML  = `<epcList><epc>urn:x:1</epc></epcList><action>OBSERVE</action>`
)

// extended puts a value into an extension of an event.
func extended(value string) []byte { return jsonEvent(goodJSON + `,"x:y":` + value) }

// withRoot returns a document whose EPCISDocument has more attributes.
func withRoot(attributes string) []byte {
	return bytes.Replace(xmlObjectEvent(goodXML), []byte("<e:EPCISDocument"), []byte("<e:EPCISDocument "+attributes), 1)
}

// Attack: whatever comes, it is refused by name or read, in bounded time and memory.
func TestHostileDocuments(t *testing.T) {
	laughs := `<!DOCTYPE l [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>`
	many := func(s string, n int) string { return strings.Repeat(s, n) }
	for _, tt := range []struct {
		name string
		raw  []byte
		want error
	}{
		{"good JSON", jsonEvent(goodJSON), nil},
		{"good XML", xmlObjectEvent(goodXML), nil},

		{"nothing", nil, ErrInvalid},
		{"a list", []byte(`[]`), ErrInvalid},
		{"an empty object", []byte(`{}`), ErrInvalid},
		{"a lone BOM", bom, ErrInvalid},
		{"two BOMs", append(bytes.Clone(bom), append(bom, jsonEvent(goodJSON)...)...), ErrInvalid},
		{"JSON cut off", jsonEvent(goodJSON)[:100], ErrInvalid},
		{"XML cut off", xmlObjectEvent(goodXML)[:200], ErrInvalid},
		{"JSON and more", append(jsonEvent(goodJSON), "{}"...), ErrInvalid},
		{"a root and more", append(xmlObjectEvent(goodXML), "<a/>"...), ErrInvalid},
		{"a root and text", append(xmlObjectEvent(goodXML), "x"...), ErrInvalid},
		{"another root", []byte(`<html/>`), ErrInvalid},
		{"a SOAP envelope", []byte(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"/>`), ErrUnsupported},
		{"another namespace", bytes.Replace(xmlObjectEvent(goodXML), []byte("urn:epcglobal:epcis:xsd:2"), []byte("urn:epcglobal:epcis:xsd:3"), 1), ErrUnsupported},
		{"version 3", bytes.Replace(xmlObjectEvent(goodXML), []byte(`schemaVersion="2.0"`), []byte(`schemaVersion="3.0"`), 1), ErrUnsupported},
		{"QuantityEvent", xmlEvents(`<QuantityEvent/>`), ErrUnsupported},

		{"entities", append([]byte(laughs), xmlObjectEvent(goodXML)[len(`<?xml version="1.0"?>`):]...), ErrInvalid},
		{"an undefined entity", xmlObjectEvent(goodXML + "&lol;"), ErrInvalid},
		{"a DTD inside", xmlObjectEvent(laughs + goodXML), ErrInvalid},
		{"an external DTD", []byte(`<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>`), ErrInvalid},

		{"JSON depth", extended(many("[", maxDepth) + many("]", maxDepth)), ErrTooLarge},
		{"JSON depth that is fine", extended(many("[", maxDepth-1) + many("]", maxDepth-1)), nil},
		{"JSON depth without end", extended(many("[", 1<<20)), ErrTooLarge},
		{"JSON depth of objects", extended(many(`{"a":`, 1<<20)), ErrTooLarge},
		{"XML depth", xmlObjectEvent(goodXML + many(`<x:y xmlns:x="urn:x">`, 1<<16)), ErrTooLarge},
		{"values", extended("[" + many("0,", maxValues) + "0]"), ErrTooLarge},
		{"elements", xmlObjectEvent(goodXML + `<x:y xmlns:x="urn:x">` + many(`<x:y/>`, maxValues) + `</x:y>`), ErrTooLarge},
		{"attributes", xmlObjectEvent(goodXML + `<x:y xmlns:x="urn:x" ` + many(`a="" `, 1<<20) + `/>`), ErrTooLarge},
		{"namespaces", withRoot(manyPrefixes(maxNames)), ErrTooLarge},
		{"events", xmlEvents(many(`<ObjectEvent/>`, maxEvents+1)), ErrTooLarge},
		{"comments in a text", xmlObjectEvent(goodXML + `<bizStep>urn:x:` + many("a<!---->", 1<<20) + `</bizStep>`), nil},

		{"JSON member twice", jsonEvent(goodJSON + `,"action":"ADD"`), ErrInvalid},
		{"JSON member twice by escape", jsonEvent(goodJSON + `,"\u0061ction":"ADD"`), ErrInvalid},
		{"JSON member twice in an extension", extended(`{"a":1,"a":1}`), ErrInvalid},
		{"JSON number", extended(`1e400`), ErrInvalid},
		{"JSON NUL", extended(`"\u0000"`), ErrInvalid},
		{"half a surrogate", extended(`"\ud800"`), ErrInvalid},
		{"XML element twice", xmlObjectEvent(goodXML + `<action>ADD</action>`), ErrInvalid},
		{"XML element twice in an extension", xmlObjectEvent(goodXML + `<bizStep>urn:x:1</bizStep><extension><bizStep>urn:x:2</bizStep></extension>`), ErrInvalid},
		{"XML attribute twice", withRoot(`schemaVersion="2.0"`), ErrInvalid},
		{"XML attribute twice by namespace", withRoot(`xmlns:a="urn:x" xmlns:b="urn:x" a:c="" b:c=""`), ErrInvalid},
		{"XML namespace twice", withRoot(`xmlns:a="urn:x" xmlns:a="urn:y"`), ErrInvalid},
		{"two bodies", bytes.Replace(xmlObjectEvent(goodXML), []byte("<EPCISBody>"), []byte("<EPCISBody/><EPCISBody>"), 1), ErrInvalid},
		{"no body", []byte(`<e:EPCISDocument xmlns:e="urn:epcglobal:epcis:xsd:2" schemaVersion="2.0" creationDate="2026-01-02T03:04:05Z"/>`), ErrInvalid},
		{"XML prefix not declared", xmlObjectEvent(goodXML + `<x:y/>`), ErrInvalid},
		{"XML prefix without namespace", withRoot(`xmlns:a=""`), ErrInvalid},
		{"XML tags crossed", xmlObjectEvent(goodXML + `<bizStep></disposition>`), ErrInvalid},
		{"XML tag by another prefix", []byte(`<e:a xmlns:e="urn:x" xmlns:f="urn:x"></f:a>`), ErrInvalid},
		{"XML declaration inside", xmlObjectEvent(`<?xml version="1.0"?>` + goodXML), ErrInvalid},
		{"XML declaration late", append([]byte("\n"), xmlObjectEvent(goodXML)...), ErrInvalid},
		{"XML 1.1", bytes.Replace(xmlObjectEvent(goodXML), []byte(`"1.0"`), []byte(`"1.1"`), 1), ErrInvalid},
		{"text in a list", xmlObjectEvent(`<epcList>x<epc>urn:x:1</epc></epcList><action>OBSERVE</action>`), ErrInvalid},
		{"text in an event", xmlObjectEvent(goodXML + "x"), ErrInvalid},
		{"element in a text", xmlObjectEvent(`<epcList><epc>urn:x:<b/>1</epc></epcList><action>OBSERVE</action>`), ErrInvalid},

		{"an unknown element first", xmlObjectEvent(`<epcList><epc>urn:x:1</epc></epcList><action>OBSERVE</action><readPoint><x/><id>urn:x:1</id></readPoint>`), ErrInvalid},
		{"an extension in a quantity", xmlObjectEvent(`<action>OBSERVE</action><quantityList><quantityElement><epcClass>urn:x:1</epcClass><mda:x/></quantityElement></quantityList>`), ErrInvalid},
		{"an unknown attribute", xmlObjectEvent(goodXML + `<bizTransactionList><bizTransaction kind="urn:x:1">urn:x:2</bizTransaction></bizTransactionList>`), ErrInvalid},

		{"a measurement", xmlObjectEvent(`<action>OBSERVE</action><readPoint><id>urn:x:1</id></readPoint><sensorElementList><sensorElement><sensorReport type="gs1:Temperature" value="-1.5e1" booleanValue="1"/></sensorElement></sensorElementList>`), nil},
		{"a number that is none", xmlObjectEvent(`<action>OBSERVE</action><readPoint><id>urn:x:1</id></readPoint><sensorElementList><sensorElement><sensorReport type="gs1:Temperature" value="0x1p-2"/></sensorElement></sensorElementList>`), ErrInvalid},
		{"an infinite number", xmlObjectEvent(`<action>OBSERVE</action><readPoint><id>urn:x:1</id></readPoint><sensorElementList><sensorElement><sensorReport type="gs1:Temperature" value="1e999"/></sensorElement></sensorElementList>`), ErrInvalid},
		{"a boolean that is none", xmlObjectEvent(`<action>OBSERVE</action><readPoint><id>urn:x:1</id></readPoint><sensorElementList><sensorElement><sensorReport type="gs1:Temperature" booleanValue="yes"/></sensorElement></sensorElementList>`), ErrInvalid},
		{"a null action", jsonEvent(`"action":null,"epcList":[]`), ErrInvalid},
		{"an EPCIS word as extension", jsonEvent(goodJSON + `,"epcis:action":"DELETE"`), ErrInvalid},
		{"an EPCIS word as extension in full", jsonEvent(goodJSON + `,"https://ref.gs1.org/epcis/action":"DELETE"`), ErrInvalid},

		{"scheme as prefix", withContext(`{"urn":"https://evil.example/"}`), ErrInvalid},
		{"EPCIS word redefined", withContext(`{"eventTime":"https://evil.example/"}`), ErrInvalid},
		{"GS1 prefix redefined", withContext(`{"cbvmda":"https://evil.example/"}`), ErrInvalid},
		{"null in the context", withContext(`null`), ErrInvalid},
		{"a list in the context", withContext(`[]`), ErrInvalid},
		{"another context too", withContext(`"https://example.com/context.jsonld"`), nil},
		{"a context like GS1's", bytes.Replace(jsonEvent(goodJSON), []byte("ref.gs1.org"), []byte("ref.gs1.org.evil.example"), 1), ErrInvalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(tt.raw)
			if !errors.Is(err, tt.want) || err != nil && refusal.Code(err) == "" {
				t.Errorf("Parse() = %v, want %v", err, tt.want)
			}
			if err != nil && len(err.Error()) > 500 {
				t.Errorf("an error text of %d bytes", len(err.Error()))
			}
		})
	}
}

func manyPrefixes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ` xmlns:p%d="urn:x"`, i)
	}
	return b.String()
}

func withContext(more string) []byte {
	const context = `"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"`
	return bytes.Replace(jsonEvent(goodJSON), []byte(context), []byte("["+context+","+more+"]"), 1)
}

// UTF-8 with or without mark is read, and ASCII, which is the same. Nothing else is.
func TestEncodings(t *testing.T) {
	declared := func(label string) []byte {
		return bytes.Replace(xmlObjectEvent(goodXML), []byte(`"1.0"`), []byte(`"1.0" encoding="`+label+`"`), 1)
	}
	umlaut := []byte(`<x:y xmlns:x="urn:x">` + "\u00e4" + `</x:y></ObjectEvent>`)
	for _, tt := range []struct {
		name string
		raw  []byte
		want error
	}{
		{"BOM and JSON", append(bytes.Clone(bom), jsonEvent(goodJSON)...), nil},
		{"BOM and XML", append(bytes.Clone(bom), xmlObjectEvent(goodXML)...), nil},
		{"declared", declared("utf-8"), nil},
		{"ASCII", declared("us-ascii"), nil},
		{"ASCII that is none", bytes.Replace(declared("US-ASCII"), []byte(`</ObjectEvent>`), umlaut, 1), ErrEncoding},
		{"Latin 1 declared", declared("ISO-8859-1"), ErrEncoding},
		{"UTF-16 declared", declared("UTF-16"), ErrEncoding},
		{"Latin 1", bytes.ReplaceAll(declared("ISO-8859-1"), []byte("urn:x:1"), []byte("urn:x:\xe4")), ErrEncoding},
		{"Latin 1 in JSON", extended("\"\xe4\""), ErrEncoding},
		{"UTF-16", wide(jsonEvent(goodJSON), true), ErrEncoding},
		{"UTF-16 without mark", wide(xmlObjectEvent(goodXML), false), ErrEncoding},
		{"overlong", extended("\"\xc0\xaf\""), ErrEncoding},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Parse(tt.raw); !errors.Is(err, tt.want) {
				t.Errorf("Parse() = %v, want %v", err, tt.want)
			}
		})
	}
}

// wide returns UTF-16, little endian.
func wide(raw []byte, mark bool) []byte {
	var out []byte
	if mark {
		out = append(out, 0xff, 0xfe)
	}
	for _, u := range utf16.Encode([]rune(string(raw))) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

// The mark is part of the bytes: two documents that differ by it have two digests.
func TestDigestIsOfTheExactBytes(t *testing.T) {
	plain := parsed(t, jsonEvent(goodJSON))
	marked := parsed(t, append(bytes.Clone(bom), jsonEvent(goodJSON)...))
	if plain.Digest == marked.Digest {
		t.Error("one digest for two documents")
	}
}

// A hundred megabytes are refused before anything is made of them.
func TestOversizedDocumentCostsNothing(t *testing.T) {
	raw := bytes.Repeat([]byte("{"), 100<<20)
	if _, err := Parse(raw); refusal.Code(err) != "epcis_too_large" {
		t.Errorf("Parse() = %v, want %v", err, ErrTooLarge)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _ = Parse(raw)
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 64<<10 {
		t.Errorf("allocated %d bytes to refuse %d", got, len(raw))
	}
	if _, err := Parse(raw[:MaxSize]); !errors.Is(err, ErrInvalid) {
		t.Errorf("Parse(%d bytes) = %v, want %v", MaxSize, err, ErrInvalid)
	}
}

// No error text holds a serial.
func TestErrorsHideSerials(t *testing.T) {
	const secret = "SECRET1234"
	for _, raw := range [][]byte{
		jsonEvent(`"action":"OBSERVE","epcList":["urn:epc:id:sgtin:030001.0012345.` + secret + `%"]`),
		jsonEvent(`"action":"OBSERVE","epcList":["https://id.gs1.org/01/00300010123456/21/` + secret + `"]`),
		jsonEvent(`"action":"OBSERVE","epcList":["` + secret + `"]`),
		jsonEvent(`"action":"` + secret + `","epcList":[]`),
		jsonEvent(`"action":"OBSERVE","epcList":["` + secret),
		xmlObjectEvent(`<epcList><epc>` + secret + `</epc></epcList><action>OBSERVE</action>`),
		xmlObjectEvent(`<epcList><epc>` + secret + `&x;</epc></epcList><action>OBSERVE</action>`),
	} {
		_, err := Parse(raw)
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("Parse() = %v", err)
		}
	}
}
