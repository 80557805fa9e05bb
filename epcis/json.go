package epcis

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A value is a JSON value. A text is held decoded and a number as it is written.
type value struct {
	kind jsontext.Kind
	text string
	kids []member // of an object; of a list, without names
}

// A member is a member of an object.
type member struct {
	name string
	value
}

// The kinds of value. A boolean is either of two.
const (
	text   = jsontext.KindString
	number = jsontext.KindNumber
	truth  = jsontext.KindTrue
	untrue = jsontext.KindFalse
	list   = jsontext.KindBeginArray
	object = jsontext.KindBeginObject
)

// get returns the member of an object.
func (v value) get(name string) (value, bool) {
	for i := range v.kids {
		if v.kids[i].name == name {
			return v.kids[i].value, true
		}
	}
	return value{}, false
}

// str returns the member that is a text, or "".
func (v value) str(name string) string {
	m, _ := v.get(name)
	return m.text
}

// items returns the items of the member that is a list; a bare value is a list of one.
func (v value) items(name string) []value {
	m, ok := v.get(name)
	switch {
	case !ok:
		return nil
	case m.kind != list:
		return []value{m}
	}
	items := make([]value, len(m.kids))
	for i := range m.kids {
		items[i] = m.kids[i].value
	}
	return items
}

// A jsonReader reads one document. The decoder underneath refuses a member that is
// named twice, and text that is not Unicode.
type jsonReader struct {
	dec  *jsontext.Decoder
	left int // values that may still come
}

func readJSON(raw []byte) (value, error) {
	r := jsonReader{dec: jsontext.NewDecoder(bytes.NewReader(raw)), left: maxValues}
	v, err := r.value()
	if err != nil {
		return value{}, err
	}
	if _, err := r.dec.ReadToken(); err != io.EOF {
		return value{}, invalid("JSON: more than one value")
	}
	return v, nil
}

func (r *jsonReader) value() (value, error) {
	if r.left--; r.left < 0 {
		return value{}, fmt.Errorf("more than %d values: %w", maxValues, ErrTooLarge)
	}
	token, err := r.dec.ReadToken()
	if err != nil {
		return value{}, jsonError(err)
	}
	v := value{kind: token.Kind()}
	switch v.kind {
	case text:
		v.text = token.String()
		// It would end the text in a C library, and PostgreSQL does not store it.
		if strings.IndexByte(v.text, 0) >= 0 {
			return value{}, invalid("JSON: NUL in a text")
		}
	case number:
		v.text = token.String()
		if _, err := strconv.ParseFloat(v.text, 64); err != nil {
			return value{}, invalid("JSON: number out of range")
		}
	case list, object:
		if r.dec.StackDepth() > maxDepth {
			return value{}, fmt.Errorf("more than %d levels: %w", maxDepth, ErrTooLarge)
		}
		v.kids, err = r.kids(v.kind)
	}
	return v, err
}

// kids reads up to the end of the list or object.
func (r *jsonReader) kids(kind jsontext.Kind) ([]member, error) {
	var kids []member
	for {
		if k := r.dec.PeekKind(); k == jsontext.KindEndArray || k == jsontext.KindEndObject {
			_, err := r.dec.ReadToken()
			return kids, jsonError(err)
		}
		var m member
		if kind == object {
			name, err := r.dec.ReadToken()
			if err != nil {
				return nil, jsonError(err)
			}
			m.name = name.String()
		}
		var err error
		if m.value, err = r.value(); err != nil {
			return nil, err
		}
		kids = append(kids, m)
	}
}

// jsonError says what the decoder found, without the text that it found.
func jsonError(err error) error {
	var syntax *jsontext.SyntacticError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jsontext.ErrDuplicateName):
		return invalid("JSON: a member is named twice")
	case errors.As(err, &syntax):
		return invalid("JSON: byte %d", syntax.ByteOffset)
	}
	return invalid("JSON: it ends too early")
}

// parseJSON reads a document or a bare event.
func (d *Document) parseJSON(raw []byte) error {
	v, err := readJSON(raw)
	if err != nil {
		return err
	}
	d.Media = mediaJSON
	context, ok := v.get("@context")
	if !ok {
		return at("@context", invalid("missing"))
	}
	names, err := readContext(context)
	if err != nil {
		return at("@context", err)
	}
	switch v.str("type") {
	case "EPCISDocument":
	case "EPCISQueryDocument":
		return fmt.Errorf("query document: %w", ErrUnsupported)
	default:
		return d.add([]value{v}, names, inJSON)
	}
	if err := documentShape.check(v, inJSON); err != nil {
		return err
	}
	if !strings.HasPrefix(v.str("schemaVersion"), "2.") {
		return at("schemaVersion", fmt.Errorf("no version in JSON but 2: %w", ErrUnsupported))
	}
	d.Version, d.Created = v.str("schemaVersion"), v.str("creationDate")
	d.Sender, d.Receiver = v.str("sender"), v.str("receiver")
	header, _ := v.get("epcisHeader")
	master, _ := header.get("epcisMasterData")
	d.MasterData = masterData(master)
	body, _ := v.get("epcisBody")
	return d.add(body.items("eventList"), names, inJSON)
}

// masterData reads the header's EPCISMasterData, which is in the JSON form.
func masterData(v value) []MasterData {
	var all []MasterData
	for _, vocabulary := range v.items("vocabularyList") {
		for _, e := range vocabulary.items("vocabularyElementList") {
			m := MasterData{Vocabulary: vocabulary.str("type"), ID: e.str("id"), Children: texts(e.items("children"))}
			for _, a := range e.items("attributes") {
				m.Attributes = append(m.Attributes, Attribute{a.str("id"), a.str("attribute")})
			}
			all = append(all, m)
		}
	}
	return all
}

func texts(items []value) []string {
	var all []string
	for _, v := range items {
		all = append(all, v.text)
	}
	return all
}
