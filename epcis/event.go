package epcis

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"theriac/gs1"
)

// A Type is one of the five types of event.
type Type string

// The types of event (EPCIS 2.0, section 7.4).
const (
	ObjectEvent         Type = "ObjectEvent"
	AggregationEvent    Type = "AggregationEvent"
	TransactionEvent    Type = "TransactionEvent"
	TransformationEvent Type = "TransformationEvent"
	AssociationEvent    Type = "AssociationEvent"
)

// An Action says how the event relates to the life of its objects. A
// TransformationEvent has none.
type Action string

// The actions (EPCIS 2.0, section 7.3.2).
const (
	Add     Action = "ADD"
	Observe Action = "OBSERVE"
	Delete  Action = "DELETE"
)

// An Event is one event. Identifiers of goods and places are in the form of Canonical,
// words of the CBV are bare, other URIs are as the document has them with compact names
// written out. What the event does not say is empty.
type Event struct {
	Number int // from 1, in its document
	Type   Type
	ID     string
	Action Action
	Error  *Declaration // not nil: this event is declared to be wrong

	Time   time.Time // UTC
	Offset string    // of the place from UTC at the time, +hh:mm

	EPCs             []string   // objects, of an ObjectEvent or TransactionEvent
	Quantities       []Quantity // classes, of an ObjectEvent or TransactionEvent
	Parent           string
	Children         []string
	ChildQuantities  []Quantity
	Inputs           []string
	InputQuantities  []Quantity
	Outputs          []string
	OutputQuantities []Quantity
	TransformationID string

	BizStep        string
	Disposition    string
	ReadPoint      string
	BizLocation    string
	Transactions   []Link
	Sources        []Link
	Destinations   []Link
	Certifications []string

	Lot    gs1.Lot  // from the ilmd, of all its objects
	Expiry gs1.Date // from the ilmd, with its day
}

// A Quantity is an amount of objects of a class, such as a lot.
type Quantity struct {
	Class  string
	Amount string // a decimal number in its shortest form; "" if it is not known
	Unit   string // UN/ECE Recommendation 20; "" if pieces are counted
}

// A Link is a business transaction, or a party or place that goods come from or go to.
type Link struct {
	Type string // CBV word or URI, may be empty for a business transaction
	ID   string
}

// A Declaration says that an event should not have been captured as it was.
type Declaration struct {
	Time       time.Time
	Reason     string
	Corrective []string // eventIDs of the events that say it right
}

// A Role says how an identifier takes part in an event.
type Role string

// The roles of identifiers.
const (
	RoleObject Role = "epc"
	RoleParent Role = "parent"
	RoleChild  Role = "child"
	RoleInput  Role = "input"
	RoleOutput Role = "output"
)

// An Identifier is what an event is about, with its role there.
type Identifier struct {
	ID    string // in the form of Canonical
	Role  Role
	Class bool // a quantity of a class, not one object
}

// Identifiers yields everything that the event is about.
func (e *Event) Identifiers() iter.Seq[Identifier] {
	return func(yield func(Identifier) bool) {
		if e.Parent != "" && !yield(Identifier{e.Parent, RoleParent, false}) {
			return
		}
		for _, part := range []struct {
			role    Role
			objects []string
			classes []Quantity
		}{
			{RoleObject, e.EPCs, e.Quantities},
			{RoleChild, e.Children, e.ChildQuantities},
			{RoleInput, e.Inputs, e.InputQuantities},
			{RoleOutput, e.Outputs, e.OutputQuantities},
		} {
			for _, id := range part.objects {
				if !yield(Identifier{id, part.role, false}) {
					return
				}
			}
			for _, q := range part.classes {
				if !yield(Identifier{q.Class, part.role, true}) {
					return
				}
			}
		}
	}
}

// An eventReader makes an Event of a value that has the shape of one. After the first
// fault it reads nothing more.
type eventReader struct {
	v     value
	names prefixes
	err   error
}

func readEvent(v value, names prefixes, syntax syntax) (Event, error) {
	if v.kind != object {
		return Event{}, invalid("an event must be an object, not %s", kindName(v.kind))
	}
	if syntax == inJSON {
		var err error
		if names, err = names.within(v); err != nil {
			return Event{}, at("@context", err)
		}
	}
	kind := v.str("type")
	s := eventShapes[Type(kind)]
	switch {
	case s == nil && checkURI(kind) == nil:
		return Event{}, at("type", fmt.Errorf("an event of another standard: %w", ErrUnsupported))
	case s == nil:
		return Event{}, at("type", invalid("none of the five types of event"))
	}
	if err := s.check(v, syntax); err != nil {
		return Event{}, err
	}
	if err := names.checkExtensions(v); err != nil {
		return Event{}, err
	}
	if err := checkContent(Type(kind), v); err != nil {
		return Event{}, err
	}
	r := &eventReader{v: v, names: names}
	e := r.event()
	return e, r.err
}

func (r *eventReader) event() Event {
	e := Event{
		Type:   Type(r.v.str("type")),
		ID:     r.uri("eventID"),
		Action: Action(r.v.str("action")),
		Time:   r.time("eventTime"),
		Offset: r.v.str("eventTimeZoneOffset"),
		Error:  r.declaration(),

		EPCs:             r.objects("epcList"),
		Quantities:       r.quantities("quantityList"),
		Parent:           r.identifier("parentID"),
		Children:         r.objects("childEPCs"),
		ChildQuantities:  r.quantities("childQuantityList"),
		Inputs:           r.objects("inputEPCList"),
		InputQuantities:  r.quantities("inputQuantityList"),
		Outputs:          r.objects("outputEPCList"),
		OutputQuantities: r.quantities("outputQuantityList"),
		TransformationID: r.uri("transformationID"),

		BizStep:      r.word("bizStep", bizSteps),
		Disposition:  r.word("disposition", dispositions),
		ReadPoint:    r.place("readPoint"),
		BizLocation:  r.place("bizLocation"),
		Transactions: r.links("bizTransactionList", "bizTransaction", transactionTypes),
		Sources:      r.links("sourceList", "source", partyTypes),
		Destinations: r.links("destinationList", "destination", partyTypes),
	}
	for _, v := range r.v.items("certificationInfo") {
		e.Certifications = append(e.Certifications, r.names.expand(v.text))
	}
	e.Lot, e.Expiry = r.batch()
	return e
}

func (r *eventReader) fail(name string, err error) {
	if r.err == nil {
		r.err = at(name, err)
	}
}

func (r *eventReader) uri(name string) string { return r.names.expand(r.v.str(name)) }

func (r *eventReader) word(name string, words *vocabulary) string { return words.word(r.uri(name)) }

func (r *eventReader) time(name string) time.Time {
	t, err := parseTime(r.v.str(name))
	if err != nil {
		r.fail(name, err)
	}
	return t
}

func (r *eventReader) identity(uri string) (string, error) {
	id, err := identity(r.names.expand(uri))
	if err != nil {
		return "", fmt.Errorf("%w: %w", err, ErrInvalid)
	}
	return id, nil
}

func (r *eventReader) identifier(name string) string {
	uri := r.v.str(name)
	if uri == "" {
		return ""
	}
	id, err := r.identity(uri)
	if err != nil {
		r.fail(name, err)
	}
	return id
}

// objects reads a list of objects. It is a set: one that is there under two spellings
// is there once.
func (r *eventReader) objects(name string) []string {
	items := r.v.items(name)
	if len(items) == 0 {
		return nil
	}
	all := make([]string, 0, len(items))
	seen := make(map[string]bool, len(items))
	for i, v := range items {
		id, err := r.identity(v.text)
		if err != nil {
			r.fail(name, atItem(i, err))
			return nil
		}
		if !seen[id] {
			seen[id] = true
			all = append(all, id)
		}
	}
	return all
}

func (r *eventReader) quantities(name string) []Quantity {
	var all []Quantity
	for i, v := range r.v.items(name) {
		id, err := r.identity(v.str("epcClass"))
		if err != nil {
			r.fail(name, atItem(i, at("epcClass", err)))
			return nil
		}
		all = append(all, Quantity{id, decimal(v.str("quantity")), v.str("uom")})
	}
	return all
}

// decimal returns the shortest form of a number, so that 10 and 10.0 are the same. It
// keeps all digits but those of a number with exponent, which JSON readers round too.
func decimal(s string) string {
	if strings.ContainsAny(s, "eE") {
		f, _ := strconv.ParseFloat(s, 64)
		s = strconv.FormatFloat(f, 'f', -1, 64)
	}
	s = strings.TrimPrefix(s, "+")
	digits, negative := strings.CutPrefix(s, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	switch {
	case s == "":
		return ""
	case fraction != "":
		fraction = "." + fraction
	case whole == "":
		return "0"
	}
	if whole == "" {
		whole = "0"
	}
	if negative {
		whole = "-" + whole
	}
	return whole + fraction
}

func (r *eventReader) place(name string) string {
	v, ok := r.v.get(name)
	if !ok {
		return ""
	}
	id, err := r.identity(v.str("id"))
	if err != nil {
		r.fail(name, at("id", err))
	}
	return id
}

func (r *eventReader) links(name, member string, types *vocabulary) []Link {
	var all []Link
	for i, v := range r.v.items(name) {
		id, err := r.identity(v.str(member))
		if err != nil {
			r.fail(name, atItem(i, at(member, err)))
			return nil
		}
		all = append(all, Link{types.word(r.names.expand(v.str("type"))), id})
	}
	return all
}

func (r *eventReader) declaration() *Declaration {
	v, ok := r.v.get("errorDeclaration")
	if !ok {
		return nil
	}
	t, err := parseTime(v.str("declarationTime"))
	if err != nil {
		r.fail("errorDeclaration", at("declarationTime", err))
	}
	d := &Declaration{Time: t, Reason: errorReasons.word(r.names.expand(v.str("reason")))}
	for _, id := range v.items("correctiveEventIDs") {
		d.Corrective = append(d.Corrective, r.names.expand(id.text))
	}
	return d
}
