// Package epcis reads EPCIS documents, the messages in which the trade says what
// happened to which goods: GS1 EPCIS 2.0 in JSON-LD, EPCIS 1.2 and 2.0 in XML.
//
// One table, two syntaxes. The tables of this package say what an event is, in the
// terms of the EPCIS 2.0 JSON schema and in the order of the XML schema. XML is first
// brought to the JSON form by them; then both are checked by the same rules and become
// the same Event. Identifiers stand there in one spelling, see Canonical, and words of
// the Core Business Vocabulary (CBV) as bare words, so that a store can index them and
// answer whatever spelling was used.
//
// Bounded: MaxSize bytes, 64 levels, about a million values, 50,000 events. No entity or
// document type declaration is taken, no context or schema is ever fetched: the GS1
// context is known by its addresses. A name that occurs twice, a second body, a prefix
// that is redefined are refusals, because two readers could read them differently.
//
// Decisions where the standards leave room, or disagree with practice:
//
//   - A JSON document is as strict as the JSON schema asks, except for sensor types,
//     which GS1 adds to: any bare word may name one. It must name the EPCIS context.
//   - In XML the order of the XML schema is held, in each extension element by itself,
//     and what the JSON schema asks for and the XML schema cannot say (some object, a
//     zone in every time) is asked for too. EPCIS 2.0 members are taken in documents
//     that say 1.2, with or without the extension elements around them.
//   - Stricter than both: the EPCIS context is not redefined, nor its words written as
//     extensions of its namespace, which JSON-LD takes for the words; EPC URNs and Digital Links must be well-formed where package
//     gs1 knows the scheme; an AggregationEvent that adds or deletes has a parent
//     (EPCIS 2.0, section 7.4.3); times exist.
//   - Types of event beyond the five are refused, since nobody here could say what they
//     are about; so are query documents, which carry answers and nothing to capture.
//   - Sensor elements and extensions are checked for form and not kept: who needs
//     them has the bytes, and Document.Digest says which.
//
// Refusals say where, not what: no error text holds a serial. The package does no I/O.
package epcis

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"theriac/canon"
	"theriac/refusal"
)

// The reasons for which a document is refused.
var (
	ErrTooLarge    = refusal.New("epcis_too_large", "the document is larger, deeper or longer than is taken")
	ErrEncoding    = refusal.New("epcis_encoding", "the document is not in UTF-8")
	ErrInvalid     = refusal.New("bad_epcis", "the document is not valid EPCIS")
	ErrUnsupported = refusal.New("epcis_unsupported", "the document is EPCIS of a kind that is not taken")
	ErrConflict    = refusal.New("epcis_conflict", "the document contradicts itself")
	ErrIdentifier  = refusal.New("bad_identifier", "the text is no identifier that can be looked up")
)

// MaxSize is the number of bytes that a document may have.
const MaxSize = 16 << 20

// The other limits. With them no document costs much more memory or time than an honest
// one of MaxSize does.
const (
	maxDepth  = 64      // levels of values or elements
	maxValues = 1 << 20 // values, or elements and attributes
	maxNames  = 128     // attributes of one element; prefixes in force at one place
	maxEvents = 50_000
)

// The media types of documents.
const (
	mediaJSON = "application/ld+json"
	mediaXML  = "application/xml"
)

// A Document is what was read from one EPCIS document, or from a bare event.
type Document struct {
	Digest     canon.Digest // of the exact bytes
	Media      string       // "application/ld+json" or "application/xml"
	Version    string       // as the document says; none for a bare event
	Created    string       // as the document says; none for a bare event
	Sender     string       // as the document says, if it does
	Receiver   string       // as the document says, if it does
	MasterData []MasterData
	Events     []Event
}

// MasterData are the attributes that a document's header gives to one thing.
type MasterData struct {
	Vocabulary string // what kind of thing: a URI
	ID         string // as the document spells it
	Attributes []Attribute
	Children   []string
}

// An Attribute is one attribute of master data. Its value is text, or empty where
// the document has a structure.
type Attribute struct{ Name, Value string }

var bom = []byte("\uFEFF")

// Parse reads a document, or refuses it whole. The format follows from the content. A
// byte order mark in front is allowed, as RFC 8259 lets a reader do.
func Parse(raw []byte) (*Document, error) {
	if len(raw) > MaxSize {
		return nil, fmt.Errorf("document of %d bytes: %w", len(raw), ErrTooLarge)
	}
	body := bytes.TrimPrefix(raw, bom)
	// NUL is allowed in neither format, and what UTF-16 and UTF-32 make of ASCII.
	if !utf8.Valid(body) || bytes.IndexByte(body, 0) >= 0 {
		return nil, ErrEncoding
	}
	doc := &Document{Digest: canon.Sum(raw)}
	var err error
	switch start := bytes.TrimLeft(body, " \t\r\n"); {
	case bytes.HasPrefix(start, []byte("{")):
		err = doc.parseJSON(body)
	case bytes.HasPrefix(start, []byte("<")):
		err = doc.parseXML(body)
	default:
		err = invalid("neither a JSON object nor XML")
	}
	if err != nil {
		return nil, err
	}
	return doc, nil
}

// add reads the events, which are in the JSON form.
func (d *Document) add(events []value, names prefixes, syntax syntax) error {
	if len(events) > maxEvents {
		return fmt.Errorf("%d events: %w", len(events), ErrTooLarge)
	}
	d.Events = make([]Event, 0, len(events))
	for i, v := range events {
		e, err := readEvent(v, names, syntax)
		if err != nil {
			return fmt.Errorf("event %d: %w", i+1, err)
		}
		e.Number = i + 1
		d.Events = append(d.Events, e)
	}
	return nil
}
