package epcis

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"theriac/canon"
	"theriac/gs1"
)

// A Transformation says which lots of material became a lot of a medicine.
type Transformation struct {
	ID        string      // transformationID, a URI
	Time      time.Time   // when; the document has it in UTC
	Offset    string      // of the place from UTC at the time, +hh:mm
	ReadPoint gs1.GLN     // where
	Inputs    []gs1.LGTIN // a set; ReadTransformation returns it sorted
	Output    gs1.LGTIN
}

// contextAddress is the context of what is written here: its first version, since the
// documents use nothing later.
const contextAddress = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"

// The JSON form of the document that NewTransformation writes.
type (
	writtenDocument struct {
		Context       []string    `json:"@context"`
		CreationDate  string      `json:"creationDate"`
		Body          writtenBody `json:"epcisBody"`
		SchemaVersion string      `json:"schemaVersion"`
		Type          string      `json:"type"`
	}
	writtenBody struct {
		EventList []writtenEvent `json:"eventList"`
	}
	writtenEvent struct {
		BizStep             string         `json:"bizStep"`
		EventTime           string         `json:"eventTime"`
		EventTimeZoneOffset string         `json:"eventTimeZoneOffset"`
		InputQuantityList   []writtenClass `json:"inputQuantityList"`
		OutputQuantityList  []writtenClass `json:"outputQuantityList"`
		ReadPoint           writtenPlace   `json:"readPoint"`
		TransformationID    string         `json:"transformationID"`
		Type                Type           `json:"type"`
	}
	writtenClass struct {
		EPCClass string `json:"epcClass"`
	}
	writtenPlace struct {
		ID string `json:"id"`
	}
)

// NewTransformation returns the EPCIS 2.0 document with the one TransformationEvent that
// says t, in RFC 8785 JSON: one document for one t. Its quantities are unspecified; its
// bizStep is the CBV's for the making of a class, creating_class_instance; its
// creationDate is the time of the event, so that no clock is read.
func NewTransformation(t Transformation) ([]byte, error) {
	inputs := slices.SortedFunc(slices.Values(t.Inputs), func(a, b gs1.LGTIN) int {
		return cmp.Or(cmp.Compare(a.GTIN, b.GTIN), cmp.Compare(a.Lot, b.Lot))
	})
	if err := t.check(inputs); err != nil {
		return nil, fmt.Errorf("transformation: %w", err)
	}
	place, err := gs1.Identifier{GLN: t.ReadPoint}.DigitalLink()
	if err != nil {
		return nil, fmt.Errorf("transformation: %w: %w", at("readPoint", err), ErrInvalid)
	}
	when := t.Time.UTC().Format(time.RFC3339Nano)
	event := writtenEvent{
		BizStep: "creating_class_instance", EventTime: when, EventTimeZoneOffset: t.Offset,
		ReadPoint: writtenPlace{place}, TransformationID: t.ID, Type: TransformationEvent,
	}
	for _, lot := range inputs {
		c, err := classOf(lot)
		if err != nil {
			return nil, fmt.Errorf("transformation: %w", at("inputs", err))
		}
		event.InputQuantityList = append(event.InputQuantityList, c)
	}
	output, err := classOf(t.Output)
	if err != nil {
		return nil, fmt.Errorf("transformation: %w", at("output", err))
	}
	event.OutputQuantityList = []writtenClass{output}
	return canon.JSON(writtenDocument{
		Context: []string{contextAddress}, CreationDate: when, SchemaVersion: "2.0", Type: "EPCISDocument",
		Body: writtenBody{[]writtenEvent{event}},
	})
}

func (t *Transformation) check(inputs []gs1.LGTIN) error {
	switch year := t.Time.UTC().Year(); {
	case year < 1 || year > 9999 || t.Time.IsZero():
		return at("time", invalid("missing"))
	case len(inputs) == 0:
		return at("inputs", invalid("missing"))
	case len(slices.Compact(slices.Clone(inputs))) != len(inputs):
		return at("inputs", invalid("a lot twice"))
	case slices.Contains(inputs, t.Output):
		return at("output", invalid("the lot is among the inputs"))
	}
	if err := checkOffset(t.Offset); err != nil {
		return at("offset", err)
	}
	// A reader would write out gs1:x and have another id.
	if standard.expand(t.ID) != t.ID {
		return at("id", invalid("a compact name"))
	}
	return at("id", checkURI(t.ID))
}

func classOf(lot gs1.LGTIN) (writtenClass, error) {
	link, err := lot.Identifier().DigitalLink()
	if err == nil {
		err = lot.Check()
	}
	if err != nil {
		return writtenClass{}, fmt.Errorf("%w: %w", err, ErrInvalid)
	}
	return writtenClass{link}, nil
}

// ReadTransformation reads what NewTransformation writes, and refuses every other byte.
func ReadTransformation(raw []byte) (Transformation, error) {
	doc, err := Parse(raw)
	if err != nil {
		return Transformation{}, err
	}
	if len(doc.Events) != 1 || doc.Events[0].Type != TransformationEvent {
		return Transformation{}, invalid("not one TransformationEvent")
	}
	e := &doc.Events[0]
	t := Transformation{ID: e.TransformationID, Time: e.Time, Offset: e.Offset}
	if place, err := gs1.ParseIdentifier(e.ReadPoint, noDay); err == nil {
		t.ReadPoint = place.GLN
	}
	for _, q := range e.InputQuantities {
		t.Inputs = append(t.Inputs, lotOf(q))
	}
	if len(e.OutputQuantities) == 1 {
		t.Output = lotOf(e.OutputQuantities[0])
	}
	// What was not understood above is missing here, and all else too.
	again, err := NewTransformation(t)
	if err != nil {
		return Transformation{}, err
	}
	if !bytes.Equal(again, raw) {
		return Transformation{}, invalid("not in the one form of a transformation")
	}
	return t, nil
}

// lotOf returns the lot that a class is, or the zero value.
func lotOf(q Quantity) gs1.LGTIN {
	id, err := gs1.ParseIdentifier(q.Class, noDay)
	if err != nil {
		return gs1.LGTIN{}
	}
	lot, err := id.LGTIN()
	if err != nil {
		return gs1.LGTIN{}
	}
	return lot
}
