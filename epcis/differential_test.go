package epcis

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dlclark/regexp2"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// ecmaScript is a regular expression as JSON Schema means it: GS1's look ahead.
type ecmaScript regexp2.Regexp

func (re *ecmaScript) MatchString(s string) bool {
	ok, err := (*regexp2.Regexp)(re).MatchString(s)
	return err == nil && ok
}

func (re *ecmaScript) String() string { return (*regexp2.Regexp)(re).String() }

// officialSchema returns GS1's JSON schema of EPCIS 2.0.0.
func officialSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.UseRegexpEngine(func(s string) (jsonschema.Regexp, error) {
		re, err := regexp2.Compile(s, regexp2.ECMAScript)
		return (*ecmaScript)(re), err
	})
	s, err := c.Compile(corpus(t, "schemas", "epcis-2.0-json-schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t testing.TB, s *jsonschema.Schema, raw []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

// What the official schema refuses we refuse, but for a sensor type that GS1 defined
// later; what it takes we take, but for query documents.
func TestSchemaAgreesOnDocuments(t *testing.T) {
	schema := officialSchema(t)
	laterSensorType := []string{json20 + "Capture/Documents/TransactionEvent_with_userExtensions.json"}
	both := 0
	for name, raw := range documents(t, json20, "fastnt", "eventhash") {
		if strings.HasSuffix(name, ".xml") || strings.Contains(name, "Query/Queries/") {
			continue
		}
		theirs := validate(t, schema, bytes.TrimPrefix(raw, bom))
		_, ours := Parse(raw)
		if slices.Contains(laterSensorType, name) {
			if theirs == nil || ours != nil {
				t.Errorf("%s: schema says %v, Parse says %v: no longer an exception", name, theirs, ours)
			}
			continue
		}
		if (theirs == nil) != (ours == nil) && !errors.Is(ours, ErrUnsupported) {
			t.Errorf("%s: schema says %v, Parse says %v", name, theirs, ours)
		}
		both++
	}
	if both < 55 {
		t.Errorf("compared %d documents, want at least 55", both)
	}
}

// A decision is a disagreement with the official schema that is meant: what it takes is
// refused here, at a path of this form with this text.
type decision struct{ path, text, why string }

var decided = []decision{
	{`^\.@context`, `the EPCIS context is not named`, "without it no word of the document means anything"},
	{`@context(\[\])?\.\w+$`, `no URI|defines it otherwise`, "JSON-LD refuses it; the schema does not look inside contexts"},
	{`\.parentID$`, `missing, though`, "EPCIS 2.0, section 7.4.3: required unless the action is OBSERVE; the schema cannot say it"},
	{`\.persistentDisposition`, ``, "the schema describes it for two types of event and only names it for the others"},
	{`\.type$`, `event of another standard`, "nobody here could say what such an event is about"},
	{`[tT]ime$|\.creationDate$`, `not a time with its zone`, "leap seconds, lower case, zones beyond 14 hours: not in the XML schema's DateTimeStamp"},
	{``, `character that no URI has|percent sign|neither a CBV word nor a URI`, "RFC 3986; the schema's validator splits a URI and does not look at its characters"},
	{``, `gs1: `, "an EPC URN or Digital Link that is none: the schema sees a URI"},
	{`\.schemaVersion$`, `no version`, "JSON came with version 2"},
}

// A comparison counts where Parse and the schema agree on changed documents.
type comparison struct {
	schema *jsonschema.Schema
	seen   map[string]int // by path and change
	tried  int
	meant  map[string]int // by the reason
	slips  map[string]int
}

func (c *comparison) try(t *testing.T, path, change string, doc any) {
	t.Helper()
	// Twice is as good as seventy times, but where the rest of the event decides.
	if c.seen[path+change]++; c.seen[path+change] > 2 && change != dropped {
		return
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	theirs := validate(t, c.schema, raw)
	_, ours := Parse(raw)
	c.tried++
	switch {
	case (theirs == nil) == (ours == nil):
	case ours == nil && strings.HasSuffix(path, "sensorReport[].type"):
		c.meant["GS1 adds to the sensor types: any bare word is one"]++
	case ours == nil:
		c.slips[fmt.Sprintf("%s %s: the schema refuses: %v", path, change, theirs)]++
	default:
		i := slices.IndexFunc(decided, func(d decision) bool {
			return regexp.MustCompile(d.path).MatchString(path) && regexp.MustCompile(d.text).MatchString(ours.Error())
		})
		if i < 0 {
			c.slips[fmt.Sprintf("%s %s: Parse refuses: %v", path, change, ours)]++
		} else {
			c.meant[decided[i].why]++
		}
	}
}

// A mutation of a valid document is one change: a member dropped, a value of another
// type, a text that is damaged. Agreement with the schema is the rule; where there is
// none, the case is in the list above.
func TestSchemaAgreesOnMutations(t *testing.T) {
	c := &comparison{schema: officialSchema(t), seen: map[string]int{}, meant: map[string]int{}, slips: map[string]int{}}
	all := documents(t, json20+"Capture", "fastnt", "eventhash")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		raw := bytes.TrimPrefix(all[name], bom)
		// The large documents repeat what the small ones have.
		if strings.HasSuffix(name, ".xml") || len(raw) > 8000 {
			continue
		}
		if _, err := Parse(raw); err != nil || validate(t, c.schema, raw) != nil {
			continue
		}
		var doc any
		if err := json.Unmarshal(raw, &doc); err != nil {
			t.Fatal(err)
		}
		mutate(doc, doc, "", func(path, change string, doc any) { c.try(t, path, change, doc) })
	}
	for _, s := range slices.Sorted(maps.Keys(c.slips)) {
		t.Errorf("%d × %s", c.slips[s], s)
	}
	differ := 0
	for _, why := range slices.Sorted(maps.Keys(c.meant)) {
		differ += c.meant[why]
		t.Logf("%5d differ as meant: %s", c.meant[why], why)
	}
	t.Logf("%d mutations, %d differ", c.tried, differ)
	if c.tried < 10_000 || differ*5 > c.tried || len(c.meant) != len(decided)+1 {
		t.Errorf("%d mutations, %d differ for %d reasons, want some for each of %d", c.tried, differ, len(c.meant), len(decided)+1)
	}
}

const dropped = "dropped"

// mutate calls try with root after each change to v, which is part of it, and takes the
// change back.
func mutate(root, v any, path string, try func(path, change string, doc any)) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			old, at := v[name], path+"."+name
			delete(v, name)
			try(at, dropped, root)
			for _, other := range others(old) {
				v[name] = other
				try(at, fmt.Sprintf("%T %v", other, other), root)
			}
			v[name] = old
			mutate(root, old, at, try)
		}
	case []any:
		for i, old := range v {
			for _, other := range others(old) {
				v[i] = other
				try(path+"[]", fmt.Sprintf("%T %v", other, other), root)
			}
			v[i] = old
			mutate(root, old, path+"[]", try)
		}
	}
}

// others returns values to stand in the place of v.
func others(v any) []any {
	all := []any{nil, 7, "x", "urn:x:y", true, []any{}, []any{"x"}, map[string]any{}}
	if s, ok := v.(string); ok {
		all = append(all, "", s+" ", s+"%zz", s+"0", s[:len(s)/2], strings.ToUpper(s), strings.ToLower(s))
		if strings.Contains(s, ":") {
			all = append(all, "2020-02-30T00:00:00Z", "2020-02-28T24:00:00Z", "2020-02-28T23:59:50+15:00", "2020-02-28T3:59:50Z",
				"2020-02-28T23:59:50,5Z", "2020-02-28", "+15:00", "+14:30", "+00:60", "Z")
		}
	}
	return all
}
