package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSeries(t *testing.T) {
	s := series{5, 1, 4, 2, 3}
	for _, tt := range []struct{ q, want float64 }{{0, 1}, {0.25, 2}, {0.5, 3}, {1, 5}, {0.625, 3.5}} {
		if got := s.quantile(tt.q); got != tt.want {
			t.Errorf("quantile(%v) = %v, want %v", tt.q, got, tt.want)
		}
	}
	if s[0] != 5 {
		t.Error("the series was sorted in place")
	}
}

func TestInterleave(t *testing.T) {
	var order []int
	at := func(n int) func() (float64, error) {
		return func() (float64, error) { order = append(order, n); return float64(n), nil }
	}
	got, err := interleave(t.Context(), 3, at(1), at(2), at(3))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(order, []int{1, 2, 3, 3, 2, 1, 1, 2, 3}); d != "" {
		t.Errorf("order (-got +want):\n%s", d)
	}
	if d := cmp.Diff(got, []series{{1, 1, 1}, {2, 2, 2}, {3, 3, 3}}); d != "" {
		t.Errorf("series (-got +want):\n%s", d)
	}
	stop, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := interleave(stop, 1, at(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

// The sites of operations, and how many comparisons each condition has.
func TestSites(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.go")
	source := `package x
func f(a, b int, err error) error {
	h := sha256.Sum256(nil)
	if err != nil { return err }
	if a != b || a > 1 { return ErrOther }
	if a == b { b++ }
	switch { case a < b: return fmt.Errorf("x"); case a == 2: b++ }
	if !ecdsa.VerifyASN1(k, h, s) { return ErrSignature }
	s.Sign(rand.Reader, h, crypto.SHA256)
	return nil
}`
	if err := os.WriteFile(name, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	sites, err := fileSites(name)
	if err != nil {
		t.Fatal(err)
	}
	got := map[int][2]int{} // by line: operation, times
	for _, s := range sites {
		if s.times > 0 {
			got[s.at.line] = [2]int{int(s.op), s.times}
		}
	}
	want := map[int][2]int{
		3: {int(hashing), 1}, 5: {int(comparing), 2}, 7: {int(comparing), 1}, 8: {int(verifying), 1}, 9: {int(signing), 1},
	}
	if d := cmp.Diff(got, want); d != "" {
		t.Errorf("sites (-got +want):\n%s", d)
	}
}

// The whole command, with one round: its JSON is an array of results.
func TestVerifyAsJSON(t *testing.T) {
	var out, progress strings.Builder
	if status := run(t.Context(), []string{"--json", "--rounds", "1", "--dir", t.TempDir(), "verify", "--validators", "1"}, &out, &progress); status != 0 {
		t.Fatalf("status %d: %s", status, progress.String())
	}
	var results []map[string]any
	if err := json.Unmarshal([]byte(out.String()), &results); err != nil {
		t.Fatal(err)
	}
	if len(results) != 2 {
		t.Fatalf("%d results, want 2", len(results))
	}
	for _, r := range results {
		if r["name"] == "" || r["unit"] != "µs" || r["anchor"] == "" || len(r) != 6 {
			t.Errorf("result %v", r)
		}
		if value, anchor := r["value"].(float64), r["anchor_value"].(float64); r["ratio"] != value/anchor || value <= 0 {
			t.Errorf("ratio of %v", r)
		}
	}
}

func TestHelp(t *testing.T) {
	for _, verb := range []string{"", "ledger", "verify", "batch", "units", "costs", "genuine", "all"} {
		var out, errs strings.Builder
		if status := run(t.Context(), append(strings.Fields(verb), "--help"), &out, &errs); status != 0 || !strings.Contains(out.String(), "theriac-bench "+verb) {
			t.Errorf("%q --help: status %d, %s", verb, status, out.String())
		}
	}
	var out, errs strings.Builder
	if status := run(t.Context(), []string{"nonsense"}, &out, &errs); status != 2 {
		t.Errorf("nonsense: status %d, want 2", status)
	}
}
