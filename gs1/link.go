package gs1

import (
	"fmt"
	"slices"
	"strings"
)

// stem is where canonical Digital Links live (URI Syntax 1.4).
const stem = "https://id.gs1.org"

// linkKeys are the primary keys in the order in which DigitalLink prefers them:
// only GTIN has a serial as qualifier.
var linkKeys = []string{"01", "00", "414", "417"}

// parseLink reads a Digital Link of any domain. It reads strictly, because a
// browser, a resolver and we must see the same identifier in the same text.
func parseLink(s string) ([]element, error) {
	scheme, rest, ok := strings.Cut(s, "://")
	scheme = strings.ToLower(scheme)
	if !ok || scheme != "https" && scheme != "http" {
		return nil, fmt.Errorf("scheme of digital link: %w", ErrSyntax)
	}
	rest, fragment, _ := strings.Cut(rest, "#")
	rest, query, _ := strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	if !isAuthority(authority) {
		return nil, fmt.Errorf("domain of digital link: %w", ErrSyntax)
	}
	// A fragment never reaches the resolver: a code in it would be seen by the
	// person and by nobody else.
	if checkSet(fragment, isFragmentByte) != nil {
		return nil, fmt.Errorf("fragment of digital link: %w", ErrSyntax)
	}
	elems, err := parsePath(path)
	if err != nil {
		return nil, err
	}
	attributes, err := parseQuery(query, elems[0].format)
	if err != nil {
		return nil, err
	}
	elems = append(elems, attributes...)
	for i, e := range elems {
		if find(elems[:i], e.ai) != nil {
			return nil, fmt.Errorf("AI %s twice in digital link: %w", e.ai, ErrConflict)
		}
	}
	return elems, nil
}

// isAuthority accepts a host name or IPv4 address with an optional port. User
// information in front of it would show a domain that is not the domain.
func isAuthority(s string) bool {
	host, port, colon := strings.Cut(s, ":")
	if colon && (!allDigits(port) || len(port) > 5) {
		return false
	}
	return host != "" && checkSet(host, isHostByte) == nil
}

func isHostByte(c byte) bool { return isLetter(c) || isDigit(c) || c == '-' || c == '.' }

// isFragmentByte leaves out what a code is made of: digits, and every delimiter.
func isFragmentByte(c byte) bool { return isLetter(c) || c == '-' || c == '.' || c == '_' }

// parsePath reads …/key/value[/qualifier/value]… from the right, since the domain's
// owner may put anything in front.
func parsePath(path string) ([]element, error) {
	segments := strings.Split(path, "/")
	start := len(segments)
	for {
		if start -= 2; start < 0 {
			return nil, fmt.Errorf("path of digital link: %w", ErrNoKey)
		}
		f, err := linkFormat(segments[start])
		if err != nil {
			return nil, err
		}
		if f.key {
			break
		}
	}
	if err := checkStem(segments[:start]); err != nil {
		return nil, err
	}
	var elems []element
	for i := start; i < len(segments); i += 2 {
		f, err := linkFormat(segments[i])
		if err != nil {
			return nil, err
		}
		e, err := linkElement(f, segments[i+1])
		if err != nil {
			return nil, err
		}
		if err := e.checkSegment(); err != nil {
			return nil, err
		}
		elems = append(elems, e)
	}
	return elems, checkQualifiers(elems)
}

// checkSegment refuses a value that a browser takes for a step in the path, however
// it is encoded (RFC 3986, section 5.2.4), so that it would ask for something else.
func (e element) checkSegment() error {
	if e.value == "." || e.value == ".." {
		return fmt.Errorf("AI %s is a dot segment: %w", e.ai, ErrSyntax)
	}
	return nil
}

// linkFormat returns the row of an AI or short name in a path. A segment that is
// neither ends the search for the key.
func linkFormat(segment string) (*format, error) {
	for i := range table {
		if table[i].alias != "" && table[i].alias == segment {
			return &table[i], nil
		}
	}
	if !allDigits(segment) || len(segment) > 4 {
		return nil, fmt.Errorf("path of digital link: %w", ErrNoKey)
	}
	return formatOf(segment)
}

// checkStem refuses a second key in front of the one that is read: a reader that
// starts at the left would take that.
func checkStem(segments []string) error {
	for i := range len(segments) - 1 {
		if f, err := linkFormat(segments[i]); err == nil && f.key {
			if _, err := linkElement(f, segments[i+1]); err == nil {
				return fmt.Errorf("two keys in path of digital link: %w", ErrConflict)
			}
		}
	}
	for _, s := range segments {
		if _, err := unescape(s, isSegmentByte); err != nil {
			return fmt.Errorf("path of digital link: %w", err)
		}
	}
	return nil
}

// checkQualifiers holds what follows the key to the key's qualifiers, in their order.
func checkQualifiers(elems []element) error {
	allowed := elems[0].qualifiers
	for _, e := range elems[1:] {
		i := slices.Index(allowed, e.ai)
		if i < 0 {
			return fmt.Errorf("AI %s as qualifier of AI %s: %w", e.ai, elems[0].ai, ErrSyntax)
		}
		allowed = allowed[i+1:]
	}
	return nil
}

// linkElement decodes and checks a value of path or query. AI 01 may leave leading
// zeros away, as Digital Links before 1.2 did.
func linkElement(f *format, raw string) (element, error) {
	value, err := unescape(raw, isSegmentByte)
	if err != nil {
		return element{}, fmt.Errorf("AI %s: %w", f.ai, err)
	}
	if f.ai == "01" {
		value = padGTIN(value)
	}
	return newElement(f, value)
}

// parseQuery reads the attributes. A name of digits alone is an AI by the standard,
// any other name is the domain owner's.
func parseQuery(query string, key *format) ([]element, error) {
	// Once a delimiter, today data: whoever means it writes %3B.
	if strings.Contains(query, ";") {
		return nil, fmt.Errorf("semicolon in query of digital link: %w", ErrSyntax)
	}
	var elems []element
	for param := range strings.SplitSeq(query, "&") {
		name, raw, _ := strings.Cut(param, "=")
		name, err := unescape(name, isQueryByte)
		if err != nil {
			return nil, fmt.Errorf("query of digital link: %w", err)
		}
		if !allDigits(name) {
			if _, err := unescape(raw, isQueryByte); err != nil {
				return nil, fmt.Errorf("query of digital link: %w", err)
			}
			continue
		}
		f, err := formatOf(name)
		if err != nil {
			return nil, err
		}
		if !f.attribute || slices.Contains(key.qualifiers, f.ai) {
			return nil, fmt.Errorf("AI %s in query of digital link: %w", f.ai, ErrSyntax)
		}
		// Form decoders read a plus as a space.
		if strings.Contains(raw, "+") {
			return nil, fmt.Errorf("plus in AI %s: %w", f.ai, ErrSyntax)
		}
		e, err := linkElement(f, raw)
		if err != nil {
			return nil, err
		}
		elems = append(elems, e)
	}
	return elems, nil
}

// DigitalLink returns the canonical Digital Link. The key is the GTIN, else SSCC,
// GLN, Party; the others become attributes if the standard lets them. ErrNoKey means
// that there is no such key, ErrConflict that no one link can say it all.
func (id Identifier) DigitalLink() (string, error) { return id.LinkUnder(stem) }

// LinkUnder returns the Digital Link under another stem than GS1's: the http or https
// address of a resolver, without a slash at its end.
func (id Identifier) LinkUnder(stem string) (string, error) {
	elems, err := id.elements()
	if err != nil {
		return "", err
	}
	err = fmt.Errorf("digital link: %w", ErrNoKey)
	for _, ai := range linkKeys {
		key := find(elems, ai)
		if key == nil {
			continue
		}
		var link string
		if link, err = formatLink(stem, *key, elems); err != nil {
			continue
		}
		// What would not be read as this is no stem.
		_, err = parseLink(link)
		return link, err
	}
	return "", err
}

// formatLink writes elems with the given key.
func formatLink(path string, key element, elems []element) (string, error) {
	for _, ai := range append([]string{key.ai}, key.qualifiers...) {
		e := find(elems, ai)
		if e == nil {
			continue
		}
		if err := e.checkSegment(); err != nil {
			return "", err
		}
		path += "/" + ai + "/" + escape(e.value, isUnreserved)
	}
	var query []string
	for _, e := range elems {
		if e.ai == key.ai || slices.Contains(key.qualifiers, e.ai) {
			continue
		}
		if !e.attribute {
			return "", fmt.Errorf("AI %s in a digital link of AI %s: %w", e.ai, key.ai, ErrConflict)
		}
		query = append(query, e.ai+"="+escape(e.value, isUnreserved))
	}
	if query == nil {
		return path, nil
	}
	slices.Sort(query)
	return path + "?" + strings.Join(query, "&"), nil
}
