package epcis

import (
	"maps"
	"regexp"
	"strings"
)

// prefixes are what a document's compact names (CURIEs) stand for.
type prefixes map[string]string

// standard are the prefixes of the GS1 EPCIS context. JSON-LD protects them there, so
// a document can define them again only as the same.
var standard = prefixes{
	"cbv":     "https://ref.gs1.org/cbv/",
	"cbvmda":  "urn:epcglobal:cbv:mda:",
	"dcterms": "http://purl.org/dc/terms/",
	"epcis":   "https://ref.gs1.org/epcis/",
	"gs1":     "https://gs1.org/voc/",
	"owl":     "http://www.w3.org/2002/07/owl#",
	"rdfs":    "http://www.w3.org/2000/01/rdf-schema#",
	"xsd":     "http://www.w3.org/2001/XMLSchema#",
}

// epcisContext are the addresses of the context that gives EPCIS words their meaning:
// the one that follows the standard, one for each version, and the draft's.
var epcisContext = regexp.MustCompile(`^https://(ref\.gs1\.org/standards/epcis(/2\.\d+\.\d+)?|gs1\.github\.io/EPCIS)/epcis-context\.jsonld$`)

// readContext reads the @context of a document or of a bare event. Without the EPCIS
// context the document's words would have no meaning. What another address would
// define is unknown, since nothing is fetched.
func readContext(v value) (prefixes, error) {
	names := maps.Clone(standard)
	entries := []member{{value: v}}
	if v.kind == list {
		entries = v.kids
	}
	known := false
	for i := range entries {
		known = known || epcisContext.MatchString(entries[i].text)
	}
	if !known {
		return nil, invalid("the EPCIS context is not named")
	}
	return names, names.define(v)
}

// define adds what a context defines.
func (p prefixes) define(v value) error {
	switch v.kind {
	case text:
		return checkURI(v.text)
	case list:
		for i := range v.kids {
			if v.kids[i].kind == list {
				return atItem(i, invalid("a list in a list"))
			}
			if err := p.define(v.kids[i].value); err != nil {
				return atItem(i, err)
			}
		}
		return nil
	case object:
		for _, m := range v.kids {
			if strings.HasPrefix(m.name, "@") {
				continue
			}
			if err := p.defineTerm(m.name, m.value); err != nil {
				return at(label(m.name), err)
			}
		}
		return nil
	}
	return invalid("neither URI nor object nor list")
}

func (p prefixes) defineTerm(name string, v value) error {
	if v.kind == object {
		v, _ = v.get("@id")
	}
	if v.kind != text {
		return invalid("no URI")
	}
	if known, ok := standard[name]; ok {
		if strings.TrimRight(v.text, ":/#") != strings.TrimRight(known, ":/#") {
			return invalid("the GS1 context defines it otherwise")
		}
		return nil
	}
	// A reader who expands urn:epc:… or eventTime would read another document.
	switch name {
	case "urn", "http", "https":
		return invalid("a scheme of URIs cannot be a prefix")
	}
	if epcisWords[name] {
		return invalid("the GS1 context defines it")
	}
	p[name] = v.text
	return nil
}

// expand returns what a compact name stands for, or s if its prefix is not defined: then
// it is a URI as it stands.
func (p prefixes) expand(s string) string {
	prefix, rest, ok := strings.Cut(s, ":")
	if namespace := p[prefix]; ok && namespace != "" && !strings.HasPrefix(rest, "//") {
		return namespace + rest
	}
	return s
}

// checkExtensions refuses an extension of an event that JSON-LD takes for a member of it:
// epcis:action beside action would be a second one, which only some readers see.
func (p prefixes) checkExtensions(event value) error {
	for i := range event.kids {
		if name := event.kids[i].name; strings.HasPrefix(p.expand(name), standard["epcis"]) {
			return at(label(name), invalid("a word of EPCIS is written without namespace"))
		}
	}
	return nil
}

// mdaNamespace is the namespace of CBV master data attributes in its spellings without
// the last character, which is ":" or "#" or missing.
const mdaNamespace = "urn:epcglobal:cbv:mda"

// qualify joins an XML namespace and a local name to the name that JSON would have.
func qualify(namespace, local string) string {
	if namespace == mdaNamespace {
		namespace += ":"
	}
	return namespace + local
}

// mdaAttribute returns the local name of a CBV master data attribute, or "".
func mdaAttribute(name string) string {
	rest, ok := strings.CutPrefix(name, mdaNamespace)
	if !ok || len(rest) < 2 || rest[0] != ':' && rest[0] != '#' {
		return ""
	}
	return rest[1:]
}

// within returns the prefixes in force in an event.
func (p prefixes) within(event value) (prefixes, error) {
	context, ok := event.get("@context")
	if !ok {
		return p, nil
	}
	inner := maps.Clone(p)
	return inner, inner.define(context)
}
