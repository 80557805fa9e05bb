package epcis

import (
	"fmt"

	"theriac/gs1"
)

// A Lot is a batch that a document brings into being.
type Lot struct {
	GTIN   gs1.GTIN
	Lot    gs1.Lot
	Expiry gs1.Date // with its day
	Packs  []Pack   // in the order of the document
}

// A Pack is one serial of a lot, and the event that commissioned it.
type Pack struct {
	Serial gs1.Serial
	Event  int // Event.Number
}

// Commissioned returns the lots that the document's commissioning events declare, in the
// order of the document: ObjectEvents with action ADD, bizStep commissioning, lot number
// and expiry date, for the SGTINs among their objects. An event that is declared wrong
// declares nothing. A lot with two expiry dates and a pack that is commissioned twice are
// ErrConflict: whichever were taken, it could be the wrong one.
func Commissioned(doc *Document) ([]Lot, error) {
	c := commissioning{lots: map[gs1.LGTIN]int{}, packs: map[gs1.SGTIN]bool{}}
	wrong := withdrawn(doc.Events)
	for i := range doc.Events {
		e := &doc.Events[i]
		if !e.commissions() || wrong(e) {
			continue
		}
		for j, id := range e.EPCs {
			if err := c.add(e, id); err != nil {
				return nil, fmt.Errorf("event %d: %w", e.Number, at("epcList", atItem(j, err)))
			}
		}
	}
	return c.all, nil
}

// commissions reports whether the event declares a lot.
func (e *Event) commissions() bool {
	return e.Type == ObjectEvent && e.Action == Add && e.BizStep == "commissioning" && e.Lot != "" && e.Expiry != ""
}

// A commissioning gathers packs by lot.
type commissioning struct {
	all   []Lot
	lots  map[gs1.LGTIN]int // index in all
	packs map[gs1.SGTIN]bool
}

// add adds the pack that id names, if it names one.
func (c *commissioning) add(e *Event, id string) error {
	parsed, err := gs1.ParseIdentifier(id, noDay)
	if err != nil {
		return nil
	}
	pack, err := parsed.SGTIN()
	if err != nil {
		return nil
	}
	if c.packs[pack] {
		return fmt.Errorf("commissioned twice: %w", ErrConflict)
	}
	c.packs[pack] = true
	lot := gs1.LGTIN{GTIN: pack.GTIN, Lot: e.Lot}
	i, ok := c.lots[lot]
	if !ok {
		i = len(c.all)
		c.lots[lot] = i
		c.all = append(c.all, Lot{GTIN: lot.GTIN, Lot: lot.Lot, Expiry: e.Expiry})
	}
	if c.all[i].Expiry != e.Expiry {
		return fmt.Errorf("two expiry dates for one lot: %w", ErrConflict)
	}
	c.all[i].Packs = append(c.all[i].Packs, Pack{pack.Serial, e.Number})
	return nil
}

// withdrawn returns a predicate of the events that are declared to be wrong, and of
// those that such a declaration means by its eventID: an event is never edited, but
// captured again with an error declaration.
func withdrawn(events []Event) func(*Event) bool {
	ids := map[string]bool{}
	for i := range events {
		if e := &events[i]; e.Error != nil && e.ID != "" {
			ids[e.ID] = true
		}
	}
	return func(e *Event) bool { return e.Error != nil || ids[e.ID] }
}
