package epcis

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// An xmlElement is an element of a document with its namespace resolved.
type xmlElement struct {
	space, local string
	attrs        []xml.Attr // without namespace declarations; Name.Space is a namespace
	kids         []xmlElement
	text         string // directly inside, without white space around it
	scope        *scope
}

// A scope is a namespace declaration in force and those around it.
type scope struct {
	prefix, space string
	outer         *scope
	n             int
}

func (s *scope) lookup(prefix string) (string, bool) {
	for ; s != nil; s = s.outer {
		if s.prefix == prefix {
			return s.space, true
		}
	}
	// Every document has the one; no prefix means no namespace if none is declared.
	if prefix == "xml" {
		return "http://www.w3.org/XML/1998/namespace", true
	}
	return "", prefix == ""
}

// An xmlReader reads one document by its raw tokens: encoding/xml resolves namespaces
// too, but takes undeclared prefixes, attributes that occur twice and a second root.
type xmlReader struct {
	dec  *xml.Decoder
	left int // elements and attributes that may still come
}

func readXML(raw []byte) (xmlElement, error) {
	r := &xmlReader{dec: xml.NewDecoder(bytes.NewReader(raw)), left: maxValues}
	r.dec.CharsetReader = func(label string, in io.Reader) (io.Reader, error) {
		ascii := strings.EqualFold(label, "US-ASCII") || strings.EqualFold(label, "ASCII")
		if !ascii || bytes.ContainsFunc(raw, func(c rune) bool { return c > 0x7f }) {
			return nil, ErrEncoding
		}
		return in, nil
	}
	var root *xmlElement
	for {
		start := r.dec.InputOffset()
		token, err := r.dec.RawToken()
		if err == io.EOF && root != nil {
			return *root, nil
		}
		if err != nil {
			return xmlElement{}, xmlError(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if root != nil {
				return xmlElement{}, invalid("XML: a second root element")
			}
			e, err := r.element(token, nil, 1)
			if err != nil {
				return xmlElement{}, err
			}
			root = &e
		case xml.ProcInst:
			if token.Target == "xml" && start != 0 {
				return xmlElement{}, invalid("XML: declaration not at the start")
			}
		default:
			if err := betweenElements(token); err != nil {
				return xmlElement{}, err
			}
		}
	}
}

// betweenElements refuses what may not stand outside the root element, and document
// type declarations: with them come entities, which grow without bound and read files.
func betweenElements(token xml.Token) error {
	switch token := token.(type) {
	case xml.Directive:
		return invalid("XML: document type declarations are not taken")
	case xml.EndElement:
		return invalid("XML: an end tag without start")
	case xml.CharData:
		if len(bytes.Trim(token, " \t\r\n")) > 0 {
			return invalid("XML: text outside the root element")
		}
	}
	return nil
}

// element reads up to the end tag.
func (r *xmlReader) element(start xml.StartElement, outer *scope, depth int) (xmlElement, error) {
	e, err := r.open(start, outer, depth)
	if err != nil {
		return xmlElement{}, err
	}
	var chars []byte
	for {
		token, err := r.dec.RawToken()
		if err != nil {
			return xmlElement{}, xmlError(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			kid, err := r.element(token, e.scope, depth+1)
			if err != nil {
				return xmlElement{}, err
			}
			e.kids = append(e.kids, kid)
		case xml.EndElement:
			if token.Name != start.Name {
				return xmlElement{}, invalid("XML: an end tag of another element")
			}
			e.text = strings.Trim(string(chars), " \t\r\n")
			return e, nil
		case xml.CharData:
			// A comment in the middle of a text does not end it.
			chars = append(chars, token...)
		case xml.Directive:
			return xmlElement{}, betweenElements(token)
		case xml.ProcInst:
			if token.Target == "xml" {
				return xmlElement{}, invalid("XML: declaration not at the start")
			}
		}
	}
}

// open resolves the names of a start tag.
func (r *xmlReader) open(start xml.StartElement, outer *scope, depth int) (xmlElement, error) {
	r.left -= 1 + len(start.Attr)
	switch {
	case r.left < 0:
		return xmlElement{}, fmt.Errorf("more than %d elements and attributes: %w", maxValues, ErrTooLarge)
	case depth > maxDepth:
		return xmlElement{}, fmt.Errorf("more than %d levels: %w", maxDepth, ErrTooLarge)
	case len(start.Attr) > maxNames:
		return xmlElement{}, fmt.Errorf("more than %d attributes: %w", maxNames, ErrTooLarge)
	}
	names, attrs, err := declare(outer, start.Attr)
	if err != nil {
		return xmlElement{}, err
	}
	e := xmlElement{scope: names}
	if e.space, e.local, err = names.resolve(start.Name); err != nil {
		return xmlElement{}, err
	}
	for _, a := range attrs {
		// No prefix means no namespace here, whatever the default is.
		if a.Name.Space != "" {
			if a.Name.Space, a.Name.Local, err = names.resolve(a.Name); err != nil {
				return xmlElement{}, err
			}
		}
		for _, other := range e.attrs {
			if other.Name == a.Name {
				return xmlElement{}, invalid("XML: an attribute twice")
			}
		}
		e.attrs = append(e.attrs, a)
	}
	return e, nil
}

// declare adds the namespace declarations among the attributes, and returns the others.
func declare(outer *scope, attrs []xml.Attr) (*scope, []xml.Attr, error) {
	names := outer
	var others []xml.Attr
	seen := map[string]bool{}
	for _, a := range attrs {
		prefix := ""
		switch {
		case a.Name.Space == "xmlns":
			prefix = a.Name.Local
			if a.Value == "" {
				return nil, nil, invalid("XML: a prefix without namespace")
			}
		case a.Name.Space != "" || a.Name.Local != "xmlns":
			others = append(others, a)
			continue
		}
		if seen[prefix] {
			return nil, nil, invalid("XML: an attribute twice")
		}
		seen[prefix] = true
		n := 1
		if names != nil {
			n = names.n + 1
		}
		// lookup walks them all.
		if n > maxNames {
			return nil, nil, fmt.Errorf("more than %d namespace declarations: %w", maxNames, ErrTooLarge)
		}
		names = &scope{prefix, a.Value, names, n}
	}
	return names, others, nil
}

// resolve returns namespace and local name.
func (s *scope) resolve(name xml.Name) (string, string, error) {
	space, ok := s.lookup(name.Space)
	if !ok || strings.Contains(name.Local, ":") {
		return "", "", invalid("XML: a prefix that is not declared")
	}
	return space, name.Local, nil
}

// xmlError says what the decoder found, without the text that it found.
func xmlError(err error) error {
	var syntax *xml.SyntaxError
	switch {
	case errors.Is(err, ErrEncoding):
		return ErrEncoding
	case errors.As(err, &syntax):
		return invalid("XML: line %d", syntax.Line)
	}
	return invalid("XML: it ends too early, or is not version 1.0")
}

// attr returns the value of an attribute without namespace, or "".
func (e *xmlElement) attr(name string) string {
	for _, a := range e.attrs {
		if a.Name.Space == "" && a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// xsi is the namespace of XML schema instances.
const xsi = "http://www.w3.org/2001/XMLSchema-instance"

// isNil reports whether the element says that it has no value.
func (e *xmlElement) isNil() bool {
	for _, a := range e.attrs {
		if a.Name.Space == xsi && a.Name.Local == "nil" {
			return a.Value == "true" || a.Value == "1"
		}
	}
	return false
}

// epcisNamespaces are those of EPCIS elements. The schema leaves elements below the
// root without a namespace; many writers give them the root's.
var epcisNamespaces = []string{"urn:epcglobal:epcis:xsd:1", "urn:epcglobal:epcis:xsd:2"}

// foreign reports whether the element is an extension by its namespace.
func (e *xmlElement) foreign() bool {
	return e.space != "" && e.space != epcisNamespaces[0] && e.space != epcisNamespaces[1]
}

// child returns the only kid of the name, or nil. Two would be read differently by two
// readers.
func (e *xmlElement) child(space, local string) (*xmlElement, error) {
	var found *xmlElement
	for i := range e.kids {
		k := &e.kids[i]
		if k.local != local || space != "" && k.space != space || space == "" && k.foreign() {
			continue
		}
		if found != nil {
			return nil, at(local, invalid("twice"))
		}
		found = k
	}
	return found, nil
}
