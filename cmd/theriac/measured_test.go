package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// theriac verify says where a pack was measured and what became of its code.
func TestVerifySaysWhatWasMeasured(t *testing.T) {
	const maker, pharmacy = "Drug manufacturer (4000000000037)", "Pharmacy (4000000000051)"
	for bundle, want := range map[string][]string{
		"genuine": nil,
		"genuine-measured": {
			"the pack, from " + maker + " for " + pharmacy + ": measured genuine at hand-over on 2026-11-21T09:00:19Z, once",
		},
		"genuine-measured-case": {"the case with the pack, from " + maker},
		"genuine-registered":    {": not measured yet"},
		"genuine-registered-anew": {
			": not measured, and registered anew since", ": measured genuine at hand-over",
		},
		"genuine-measured-material": {"(01)04000002000011(10)ASA-7, from Material supplier", ": not measured yet", "the pack, from "},
		"genuine-redeemed":          {"redeemed on 2026-11-21T09:00:21Z through " + pharmacy},
		"genuine-code":              {"concealed, not redeemed yet"},
	} {
		var out, errs bytes.Buffer
		dir := filepath.Join("..", "..", "testdata", "bundles")
		args := []string{"verify", "--trust", filepath.Join(dir, "trust.json"), filepath.Join(dir, bundle+".json"), "--at", "2026-11-21T09:01:00Z"}
		if status := run(t.Context(), args, &out, &errs); status != 0 {
			t.Fatalf("%s: exit %d: %s%s", bundle, status, &out, &errs)
		}
		var said []string
		for line := range strings.Lines(out.String()) {
			if strings.HasPrefix(line, "  measured ") || strings.HasPrefix(line, "  code ") {
				said = append(said, line)
			}
		}
		if len(said) != len(want) {
			t.Errorf("%s says %q, want %d lines", bundle, said, len(want))
			continue
		}
		for i, w := range want {
			if !strings.Contains(said[i], w) {
				t.Errorf("%s says %q, want %q", bundle, said[i], w)
			}
		}
	}
}
