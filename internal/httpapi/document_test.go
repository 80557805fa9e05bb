package httpapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// openAPI returns the document as JSON.
func openAPI(t testing.TB) map[string]any {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(ask(handlerOf(t), http.MethodGet, "/openapi.json", "").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func handlerOf(t testing.TB) http.Handler {
	t.Helper()
	_, h := pages(t)
	return h
}

func at[T any](t testing.TB, in any, keys ...string) T {
	t.Helper()
	for _, k := range keys {
		m, ok := in.(map[string]any)
		if !ok || m[k] == nil {
			t.Fatalf("no %s in %v", k, keys)
		}
		in = m[k]
	}
	v, ok := in.(T)
	if !ok {
		t.Fatalf("%v is a %T", keys, in)
	}
	return v
}

// visit calls f with everything in a document and the path to it.
func visit(in any, path string, f func(path string, v any)) {
	f(path, in)
	switch v := in.(type) {
	case map[string]any:
		for k, x := range v {
			visit(x, path+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(k), f)
		}
	case []any:
		for i, x := range v {
			visit(x, path+"/"+strconv.Itoa(i), f)
		}
	}
}

// OpenAPI 3.1.0: required fields (4.8), unique operationIds (4.8.10.1), parameters
// in the path's braces (4.8.9), responses with descriptions (4.8.17), references
// that lead somewhere (4.8.23).
func TestDocument(t *testing.T) {
	doc := openAPI(t)
	if v := at[string](t, doc, "openapi"); !strings.HasPrefix(v, "3.1.") {
		t.Errorf("version %s", v)
	}
	if at[string](t, doc, "info", "title") == "" {
		t.Error("no title")
	}
	for k := range doc {
		if !slices.Contains([]string{"openapi", "info", "jsonSchemaDialect", "servers", "paths", "webhooks", "components", "security", "tags", "externalDocs"}, k) && !strings.HasPrefix(k, "x-") {
			t.Errorf("member %q", k)
		}
	}
	seen := map[string]bool{}
	for path, item := range at[map[string]any](t, doc, "paths") {
		if !strings.HasPrefix(path, "/") {
			t.Errorf("path %q", path)
		}
		for method, op := range item.(map[string]any) {
			checkOperation(t, method+" "+path, path, op, seen)
		}
	}
	visit(doc, "", func(path string, v any) {
		m, ok := v.(map[string]any)
		if !ok {
			return
		}
		if ref, ok := m["$ref"].(string); ok {
			name, inside := strings.CutPrefix(ref, "#/components/schemas/")
			if !inside || at[map[string]any](t, doc, "components", "schemas")[name] == nil {
				t.Errorf("%s leads nowhere: %s", path, ref)
			}
		}
	})
	schemes := at[map[string]any](t, doc, "components", "securitySchemes")
	if at[string](t, schemes, operatorScheme, "scheme") != "bearer" || at[string](t, schemes, sessionScheme, "in") != "cookie" || len(schemes) != 2 {
		t.Errorf("security schemes %v", schemes)
	}
}

func checkOperation(t *testing.T, name, path string, op any, seen map[string]bool) {
	t.Helper()
	id := at[string](t, op, "operationId")
	if seen[id] {
		t.Errorf("%s: operationId %s twice", name, id)
	}
	seen[id] = true
	params, _ := op.(map[string]any)["parameters"].([]any)
	inPath := map[string]bool{}
	for _, p := range params {
		where, param := at[string](t, p, "in"), at[string](t, p, "name")
		if where == "path" {
			inPath[param] = true
			if !at[bool](t, p, "required") || !strings.Contains(path, "{"+param+"}") {
				t.Errorf("%s: parameter %s", name, param)
			}
		} else if where != "query" && where != "header" {
			t.Errorf("%s: %s is in %s", name, param, where)
		}
		at[map[string]any](t, p, "schema")
	}
	if want := len(inBraces.FindAllString(path, -1)); len(inPath) != want {
		t.Errorf("%s: path parameters %v", name, slices.Collect(maps.Keys(inPath)))
	}
	good := 0
	for status, r := range at[map[string]any](t, op, "responses") {
		if n, err := strconv.Atoi(status); status != "default" && (err != nil || n < 100 || n > 599) {
			t.Errorf("%s: status %s", name, status)
		}
		if strings.HasPrefix(status, "2") {
			good++
		}
		if at[string](t, r, "description") == "" {
			t.Errorf("%s: response %s has no description", name, status)
		}
	}
	if good == 0 {
		t.Errorf("%s never succeeds", name)
	}
}

// Every schema is one of JSON Schema 2020-12, which OpenAPI 3.1 says it is, and every
// example in it is of its own schema.
func TestSchemas(t *testing.T) {
	doc := openAPI(t)
	const url = "https://theriac.example/openapi.json"
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource(url, doc); err != nil {
		t.Fatal(err)
	}
	schemas, examples := 0, 0
	check := func(path string) {
		if _, err := c.Compile(url + "#" + path); err != nil {
			t.Errorf("%s: %v", path, err)
			return
		}
		schemas++
		visit(pointed(t, doc, path), path, func(path string, v any) {
			m, ok := v.(map[string]any)
			if !ok || m["type"] == nil {
				return
			}
			list, _ := m["examples"].([]any)
			if m["default"] != nil {
				list = append(list, m["default"])
			}
			for _, e := range list {
				examples++
				inner, err := c.Compile(url + "#" + path)
				if err == nil {
					err = inner.Validate(e)
				}
				if err != nil {
					t.Errorf("%s: example %v: %v", path, e, err)
				}
			}
		})
	}
	for name := range at[map[string]any](t, doc, "components", "schemas") {
		check("/components/schemas/" + name)
	}
	visit(at[any](t, doc, "paths"), "/paths", func(path string, v any) {
		if strings.HasSuffix(path, "/schema") {
			check(path)
		}
	})
	if schemas < 60 || examples < 5 {
		t.Errorf("%d schemas, %d examples", schemas, examples)
	}
}

// pointed follows a JSON pointer (RFC 6901).
func pointed(t testing.TB, in any, path string) any {
	t.Helper()
	for _, k := range strings.Split(path, "/")[1:] {
		k = strings.NewReplacer("~1", "/", "~0", "~").Replace(k)
		switch v := in.(type) {
		case map[string]any:
			in = v[k]
		case []any:
			i, err := strconv.Atoi(k)
			if err != nil || i >= len(v) {
				t.Fatal(path)
			}
			in = v[i]
		default:
			t.Fatal(fmt.Sprint(path, ": nothing"))
		}
	}
	return in
}
