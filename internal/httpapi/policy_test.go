package httpapi

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var actionName = regexp.MustCompile(`Action::"([^"]+)"`)

// Every operation that needs more than a request is in a policy, and the policies
// name no other: an operation of none is closed to all people, and nobody notices.
func TestEveryOperationIsInAPolicy(t *testing.T) {
	files, err := filepath.Glob("../access/policies/*.cedar")
	if err != nil || len(files) == 0 {
		t.Fatalf("policies: %v", err)
	}
	var named []string
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range actionName.FindAllStringSubmatch(string(raw), -1) {
			named = append(named, m[1])
		}
	}
	var there []string
	for path, methods := range operations(t, handler(t)) {
		for method, op := range methods {
			if op.Security == nil {
				continue
			}
			there = append(there, op.ID)
			if !slices.Contains(named, op.ID) {
				t.Errorf("%s %s: no policy names %s", strings.ToUpper(method), path, op.ID)
			}
		}
	}
	for _, n := range named {
		if !slices.Contains(there, n) {
			t.Errorf("policies name %s, which is no operation that needs one", n)
		}
	}
}
