package epcis

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// convert brings an element to the JSON form of the shape. It refuses what has no place
// there; whether the values are right is for shape.check.
func (s *shape) convert(e *xmlElement) (value, error) {
	switch s.kind {
	case object:
		o := objectConverter{shape: s}
		if err := o.attributes(e); err != nil {
			return value{}, err
		}
		if err := o.elements(e, 0); err != nil {
			return value{}, err
		}
		return value{kind: object, kids: o.kids}, nil
	case list:
		return s.convertList(e)
	}
	if len(e.kids) > 0 {
		return value{}, invalid("elements where a text must be")
	}
	return s.convertText(e.text, e.scope)
}

// convertText makes a leaf of an element's text or an attribute's value.
func (s *shape) convertText(chars string, names *scope) (value, error) {
	switch {
	case s.kind == truth:
		switch chars {
		case "true", "1":
			return value{kind: truth}, nil
		case "false", "0":
			return value{kind: untrue}, nil
		}
		return value{}, invalid("not a boolean")
	case s.kind == number:
		if strings.Trim(chars, "+-.0123456789eE") != "" {
			return value{}, invalid("not a number")
		}
		if _, err := strconv.ParseFloat(chars, 64); err != nil {
			return value{}, invalid("not a number")
		}
	case s.words != nil:
		chars = expandQName(chars, names)
	}
	return value{kind: s.kind, text: chars}, nil
}

// expandQName returns the URI that a vocabulary value in the compact form stands for.
func expandQName(chars string, names *scope) string {
	prefix, rest, ok := strings.Cut(chars, ":")
	if !ok || prefix == "" {
		return chars
	}
	if space, ok := names.lookup(prefix); ok {
		return space + rest
	}
	return standard.expand(chars)
}

func (s *shape) convertList(e *xmlElement) (value, error) {
	v := value{kind: list}
	if e.text != "" {
		return v, invalid("text where elements must be")
	}
	for i := range e.kids {
		k := &e.kids[i]
		if k.foreign() || k.local == "extension" {
			continue
		}
		if k.local != s.tag {
			return v, at(label(k.local), invalid("no such element"))
		}
		item, err := s.item.convert(k)
		if err != nil {
			return v, atItem(len(v.kids), err)
		}
		v.kids = append(v.kids, member{value: item})
	}
	return v, nil
}

// An objectConverter gathers the members of an object.
type objectConverter struct {
	shape *shape
	kids  []member
}

func (o *objectConverter) attributes(e *xmlElement) error {
	if !o.shape.attrs {
		return nil
	}
	for _, a := range e.attrs {
		if a.Name.Space != "" {
			continue
		}
		i := o.shape.index(a.Name.Local)
		if i < 0 || a.Name.Local == o.shape.body {
			return at(label(a.Name.Local), invalid("no such attribute"))
		}
		v, err := o.shape.fields[i].shape.convertText(a.Value, e.scope)
		if err != nil {
			return at(a.Name.Local, err)
		}
		o.kids = append(o.kids, member{a.Name.Local, v})
	}
	if body := o.shape.body; body != "" {
		v, err := aURI.convert(e)
		o.kids = append(o.kids, member{body, v})
		return at(body, err)
	}
	return nil
}

// elements reads the elements of e, in the order of the XML schema. An extension
// element has that order for itself; in the second of two there may be anything, as
// the schema of 1.2 has it.
func (o *objectConverter) elements(e *xmlElement, level int) error {
	if o.shape.body != "" {
		return nil
	}
	if e.text != "" {
		return invalid("text where elements must be")
	}
	last := -1
	for i := range e.kids {
		k := &e.kids[i]
		rank := o.rank(k)
		switch {
		case rank < 0 && (level > 1 || o.extends(k)):
			continue
		case rank < 0:
			return at(label(k.local), invalid("no such element"))
		case !o.inOrder(rank, last):
			return at(k.local, invalid("twice, or not in the order of the XML schema"))
		}
		last = rank
		if err := o.element(k, rank, level); err != nil {
			return err
		}
	}
	return nil
}

// rank returns the place of an element in the order, or -1 if it has none. Extensions
// come after everything. An object that is written as attributes has no elements of its
// own; the type of an event is the name of its element.
func (o *objectConverter) rank(k *xmlElement) int {
	switch {
	case k.foreign() && o.shape.open:
		return len(o.shape.fields)
	case k.foreign(), o.shape.attrs, o.shape.event && k.local == "type":
		return -1
	}
	return o.shape.index(k.local)
}

// inOrder reports whether an element of the rank may follow one of the rank last.
func (o *objectConverter) inOrder(rank, last int) bool {
	return o.shape.loose || rank > last || rank == last && (rank == len(o.shape.fields) || o.repeats(rank))
}

// repeats reports whether the field's element stands once for each item of its list.
func (o *objectConverter) repeats(rank int) bool {
	s := o.shape.fields[rank].shape
	return s != nil && s.kind == list && s.tag == ""
}

// extends reports whether the element is the place that the XML schema leaves for what
// later versions would add to something smaller than an event.
func (o *objectConverter) extends(k *xmlElement) bool {
	return o.shape.open && !o.shape.event && k.local == "extension"
}

// element adds the element of a known rank.
func (o *objectConverter) element(k *xmlElement, rank, level int) error {
	if rank == len(o.shape.fields) {
		if o.shape.keep {
			o.kids = append(o.kids, keep(k))
		}
		return nil
	}
	f := &o.shape.fields[rank]
	if f.shape == nil {
		return at(f.name, o.elements(k, level+1))
	}
	if k.isNil() {
		return nil
	}
	i := slices.IndexFunc(o.kids, func(m member) bool { return m.name == f.name })
	if o.repeats(rank) {
		return at(f.name, o.addItem(f, i, k))
	}
	if i >= 0 {
		return at(f.name, invalid("twice"))
	}
	v, err := f.shape.convert(k)
	o.kids = append(o.kids, member{f.name, v})
	return at(f.name, err)
}

// addItem adds an item to the list that is member i, or to a new one.
func (o *objectConverter) addItem(f *field, i int, k *xmlElement) error {
	if i < 0 {
		i = len(o.kids)
		o.kids = append(o.kids, member{f.name, value{kind: list}})
	}
	v, err := f.shape.item.convert(k)
	o.kids[i].kids = append(o.kids[i].kids, member{value: v})
	return err
}

// keep returns an extension element as a member. Of a structure only the name is kept.
func keep(k *xmlElement) member {
	m := member{qualify(k.space, k.local), value{kind: text, text: k.text}}
	if len(k.kids) > 0 {
		m.value = value{kind: object}
	}
	return m
}

// parseXML reads a document or a bare event.
func (d *Document) parseXML(raw []byte) error {
	root, err := readXML(raw)
	if err != nil {
		return err
	}
	d.Media = mediaXML
	events := &xmlElement{kids: []xmlElement{root}}
	switch {
	case root.local == "EPCISDocument":
		if events, err = d.readXMLDocument(&root); err != nil {
			return err
		}
	case root.local == "EPCISQueryDocument":
		return fmt.Errorf("query document: %w", ErrUnsupported)
	}
	all, err := convertEvents(nil, events, 0)
	if err != nil {
		return err
	}
	return d.add(all, nil, inXML)
}

// readXMLDocument reads what stands around the events and returns their list.
func (d *Document) readXMLDocument(root *xmlElement) (*xmlElement, error) {
	if root.space == "" || root.foreign() {
		return nil, fmt.Errorf("EPCISDocument of another namespace: %w", ErrUnsupported)
	}
	d.Version, d.Created = root.attr("schemaVersion"), root.attr("creationDate")
	if err := checkVersion(d.Version); err != nil {
		return nil, at("schemaVersion", err)
	}
	if !strings.HasPrefix(d.Version, "1.") && !strings.HasPrefix(d.Version, "2.") {
		return nil, at("schemaVersion", fmt.Errorf("none of 1 and 2: %w", ErrUnsupported))
	}
	// The schema of 1.2 lets the zone be missing, and nothing depends on it.
	if checkTime(d.Created) != nil && checkTime(d.Created+"Z") != nil {
		return nil, at("creationDate", invalid("not a time"))
	}
	for i := range root.kids {
		k := &root.kids[i]
		if !k.foreign() && !slices.Contains([]string{"EPCISHeader", "EPCISBody", "extension"}, k.local) {
			return nil, at(label(k.local), invalid("no such element"))
		}
	}
	header, err := root.child("", "EPCISHeader")
	if err != nil {
		return nil, err
	}
	if header != nil {
		if err := d.readXMLHeader(header); err != nil {
			return nil, at("EPCISHeader", err)
		}
	}
	body, err := root.child("", "EPCISBody")
	if err != nil {
		return nil, err
	}
	if body == nil {
		return nil, at("EPCISBody", invalid("missing"))
	}
	events, err := body.child("", "EventList")
	if events == nil {
		events = &xmlElement{}
	}
	return events, at("EPCISBody", err)
}

// convertEvents adds the events of a list. EPCIS 1.2 has the newer types in one or two
// extension elements.
func convertEvents(all []value, events *xmlElement, level int) ([]value, error) {
	for i := range events.kids {
		k := &events.kids[i]
		number := len(all) + 1
		if !k.foreign() && k.local == "extension" && level < 2 {
			var err error
			if all, err = convertEvents(all, k, level+1); err != nil {
				return nil, err
			}
			continue
		}
		s := eventShapes[Type(k.local)]
		switch {
		case k.foreign(), s == nil && strings.HasSuffix(k.local, "Event"):
			return nil, fmt.Errorf("event %d: type %s: %w", number, label(k.local), ErrUnsupported)
		case s == nil:
			return nil, at(label(k.local), invalid("no event"))
		}
		v, err := s.convert(k)
		if err != nil {
			return nil, fmt.Errorf("event %d: %w", number, err)
		}
		v.kids = append(v.kids, member{"type", value{kind: text, text: k.local}})
		all = append(all, v)
	}
	return all, nil
}
